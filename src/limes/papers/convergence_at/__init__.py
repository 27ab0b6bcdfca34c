"""Gao et al. 2019: adversarial training of wide networks converges, and robustness needs width."""

from limes.papers.convergence_at.claims import claims
from limes.papers.convergence_at.curves import curves
from limes.papers.convergence_at.experiment import plan
from limes.papers.convergence_at.figures import figures
from limes.papers.paper import Paper

PAPER = Paper(
    key="convergence-at",
    title="Convergence of adversarial training in wide networks (Gao et al. 2019)",
    reference="Gao, Cai, Li, Wang, Hsieh & Lee, NeurIPS 2019, arXiv 1906.07916",
    about=(
        "Adversarial training of a wide network, its weights kept near their start, reaches a surrogate loss as small "
        "as the best robust loss there, whatever attack it uses; and robustness needs width. Checked here: the gap to "
        "the best robust network that can be found, the regret and the remainder of the proof, what weak attacks leave "
        "open, how far weights move, and which widths robustness needs. A comparison of our own asks whether finite "
        "networks under adversarial training approach adversarial training with the fixed kernel."
    ),
    plan=plan,
    claims=claims,
    curves=curves,
    figures=figures,
)
