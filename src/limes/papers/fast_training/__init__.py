"""Song, Yang & Zhang 2021: training that costs what is active."""

from limes.papers.fast_training.claims import claims
from limes.papers.fast_training.curves import curves
from limes.papers.fast_training.experiment import plan
from limes.papers.fast_training.figures import figures
from limes.papers.paper import Paper

PAPER = Paper(
    key="fast-training",
    title="Fast training with inactive neurons (Song, Yang & Zhang 2021)",
    reference="Song, Yang & Zhang, NeurIPS 2021, arXiv 2110.04622; the network of Yang et al. 2024, arXiv 2301.00327",
    about=(
        "With a large threshold few neurons of a wide network are active on an example, and a step of training need "
        "not cost more than these. In theory half-space reporting structures find them. Checked here: an exact engine "
        "that needs no search on a fixed training set, how much faster it is than the matrix products of a dense step, "
        "where that ends, what an index of neurons could save by dimension, and whether such networks learn more "
        "slowly, generalise worse or are less robust."
    ),
    plan=plan,
    claims=claims,
    curves=curves,
    figures=figures,
)
