"""Cai, Yang, Lee & Wang 2019: neural temporal-difference learning and Q-learning."""

from limes.papers.neural_td.claims import claims
from limes.papers.neural_td.curves import curves
from limes.papers.neural_td.experiment import plan
from limes.papers.neural_td.figures import figures
from limes.papers.paper import Paper

PAPER = Paper(
    key="neural-td",
    title="Neural temporal-difference learning and Q-learning (Cai et al. 2019)",
    reference="Cai, Yang, Lee & Wang, NeurIPS 2019, arXiv 1905.10027",
    about=(
        "Temporal-difference learning with a network may diverge. Projected and averaged, with a wide two-layer "
        "network, it is proved to find the projected fixed point of the linearised network. Checked here on processes "
        "that can be solved: how the error falls with steps, how close wide networks stay to their linearisation, how "
        "far the bounds lie above the errors, what the projection and the average do, samples from one trajectory, "
        "Q-learning, and two environments of Gymnasium."
    ),
    plan=plan,
    claims=claims,
    curves=curves,
    figures=figures,
)
