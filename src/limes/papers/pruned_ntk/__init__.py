"""Yang & Wang 2023: the tangent kernel of randomly pruned networks is a multiple of that of the whole network."""

from limes.papers.paper import Paper
from limes.papers.pruned_ntk.claims import claims
from limes.papers.pruned_ntk.curves import curves
from limes.papers.pruned_ntk.experiment import plan
from limes.papers.pruned_ntk.figures import figures

PAPER = Paper(
    key="pruned-ntk",
    title="The tangent kernel of randomly pruned networks (Yang & Wang 2023)",
    reference="Yang & Wang, AISTATS 2023, arXiv 2203.14328",
    about=(
        "If each weight of a wide network is pruned at random before training, its tangent kernel is that of the whole "
        "network up to a factor, which rescaling the weights that stay takes away; the width that this needs grows as "
        "the weights get fewer. Checked here: the factor and its removal, what pruning the inputs does, the gap at "
        "finite width, and pruned, rescaled and whole networks in training beside kernel regression. Sparse means "
        "masked weights here, not inactive neurons and not local connections."
    ),
    plan=plan,
    claims=claims,
    curves=curves,
    figures=figures,
)
