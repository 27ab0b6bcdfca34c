"""Barsbey, Sefidgaran, Erdogdu, Richard & Simsekli 2021: heavy tails of descent with large steps, and pruning."""

from limes.papers.heavy_tails.claims import claims
from limes.papers.heavy_tails.curves import curves
from limes.papers.heavy_tails.experiment import plan
from limes.papers.heavy_tails.figures import figures
from limes.papers.paper import Paper

PAPER = Paper(
    key="heavy-tails",
    title="Heavy tails of descent and compressibility (Barsbey et al. 2021)",
    reference="Barsbey, Sefidgaran, Erdogdu, Richard & Simsekli, NeurIPS 2021, arXiv 2106.03795",
    about=(
        "Large steps on small batches give the iterates of stochastic gradient descent heavy tails, and heavy-tailed "
        "weights lose little when most of them are pruned. Checked here: indices and prunable shares of stable arrays, "
        "descent on linear regression beside its index in theory, trained networks over rates and batch sizes with "
        "three kinds of pruning, and the stable noise that a follow-up (Wan et al. 2024) puts into training."
    ),
    plan=plan,
    claims=claims,
    curves=curves,
    figures=figures,
)
