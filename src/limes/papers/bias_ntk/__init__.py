"""Yang et al. 2024: two-layer networks with large bias, sparse activation, and the kernel that they train by."""

from limes.papers.bias_ntk.claims import claims
from limes.papers.bias_ntk.curves import curves
from limes.papers.bias_ntk.experiment import plan
from limes.papers.bias_ntk.figures import figures
from limes.papers.paper import Paper

PAPER = Paper(
    key="bias-ntk",
    title="Bias-generalised NTK: wide networks with large bias (Yang et al. 2024)",
    reference="Yang, Jiang, Zhang, Liang & Wang, JMLR 25(321), 2024, arXiv 2301.00327",
    about=(
        "Two-layer networks whose thresholds start at B have a share Phi(-B) of their units active; their kernel stays "
        "computable, and they train as fast as dense ones. Checked here: the kernel and its limit, how its spectrum "
        "depends on B, that activation stays sparse in training and when it does not, and what bounds on the smallest "
        "eigenvalue and on the test error are worth. The paper's theorems are stated from memory: its constants are "
        "not checked."
    ),
    plan=plan,
    claims=claims,
    curves=curves,
    figures=figures,
)
