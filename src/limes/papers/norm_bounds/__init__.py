"""Galanti et al. 2023: bounds from norms of filters, for networks whose neurons see few positions."""

from limes.papers.norm_bounds.claims import claims
from limes.papers.norm_bounds.curves import curves
from limes.papers.norm_bounds.experiment import plan
from limes.papers.norm_bounds.figures import figures
from limes.papers.paper import Paper

PAPER = Paper(
    key="norm-bounds",
    title="Norm-based bounds for networks with local connections (Galanti et al. 2023)",
    reference="Galanti, Xu, Galanti & Poggio, NeurIPS 2023, arXiv 2301.12033",
    about=(
        "A bound on the generalisation gap in which the norm of a layer is that of its filter, and locality enters "
        "through the number of positions that a position sees, is said to be far smaller than bounds from the matrices "
        "of convolutions, and almost non-vacuous. Checked here: the formula as released, that it holds in training, "
        "what weight decay does to it, its baselines, its conventions, locality without weight sharing, and whether "
        "what was released is the bound that the proof gives. Sparse means local connections here, not inactive "
        "neurons and not masked weights."
    ),
    plan=plan,
    claims=claims,
    curves=curves,
    figures=figures,
)
