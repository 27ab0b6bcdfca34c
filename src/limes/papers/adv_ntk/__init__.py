"""Fu & Wang 2024: adversarial training of infinitely wide networks, and Adv-NTK, a robust classifier made from it."""

from limes.papers.adv_ntk.claims import claims
from limes.papers.adv_ntk.curves import curves
from limes.papers.adv_ntk.experiment import plan
from limes.papers.adv_ntk.figures import figures
from limes.papers.paper import Paper

PAPER = Paper(
    key="adv-ntk",
    title="Adv-NTK: adversarial training dynamics of wide networks (Fu & Wang 2024)",
    reference="Fu & Wang, ICLR 2024, arXiv 2310.06112",
    about=(
        "A wide network trained on attacks that are gradient flows follows a kernel flow with a clock for each "
        "example, and ends where standard training ends. Adv-NTK keeps the form of that solution and tunes the clocks "
        "on attacked validation data. Checked here: the formulas, a stable and fast way to compute them, the attack, "
        "and whether Adv-NTK withstands more than the plain kernel flow that is stopped early, under the same attack, "
        "with both chosen on the same images."
    ),
    plan=plan,
    claims=claims,
    curves=curves,
    figures=figures,
)
