"""Zhang, Wang & Arora 2024: stability of adversarial training, early stopping and Moreau smoothing."""

from limes.papers.paper import Paper
from limes.papers.stability_at.claims import claims
from limes.papers.stability_at.curves import curves
from limes.papers.stability_at.experiment import plan
from limes.papers.stability_at.figures import figures

PAPER = Paper(
    key="stability-at",
    title="Stability of adversarial training: early stopping and smoothing (Zhang, Wang & Arora 2024)",
    reference="Zhang, Wang & Arora, NeurIPS 2024 (37, pp. 16160-16193), OpenReview 9Nsa4lVZeD",
    about=(
        "How far adversarial training of a wide two-layer network moves when one training example is exchanged bounds "
        "how much worse it does on new data. Checked here with twin runs: that the robust loss is weakly convex, that "
        "twins stay within the bound where the network is wide enough for it, and how loose it is; that the robust gap "
        "grows with the length of training, which is the case for stopping early; whether training on the Moreau "
        "envelope brings twins closer, after as many steps and at the same training loss; and how the distance falls "
        "with the number of examples."
    ),
    plan=plan,
    claims=claims,
    curves=curves,
    figures=figures,
)
