"""Fort et al. 2020: the geometry of deep learning's loss landscape, and the motion of its tangent kernel."""

from limes.papers.deep_vs_kernel.claims import claims
from limes.papers.deep_vs_kernel.curves import curves
from limes.papers.deep_vs_kernel.experiment import plan
from limes.papers.deep_vs_kernel.figures import figures
from limes.papers.paper import Paper

PAPER = Paper(
    key="deep-vs-kernel",
    title="Deep learning versus kernel learning: the motion of the tangent kernel (Fort et al. 2020)",
    reference="Fort, Dziugaite, Paul, Kharaghani, Roy & Ganguli, NeurIPS 2020, arXiv 2010.15110",
    about=(
        "A network's tangent kernel is said to turn fast at first and slowly for ever after; the basin in which "
        "training ends, to be decided within a few epochs; and the kernel of that moment, to learn nearly as well as "
        "the network. Checked here with the controls that decide how to read it: training of the network itself at the "
        "same small rate, a linear probe, stops chosen on validation rows, velocities over learning rates."
    ),
    plan=plan,
    claims=claims,
    curves=curves,
    figures=figures,
)
