"""Chen et al. 2021: wide networks as kernel machines, their certificates, and what has to be corrected in both."""

from limes.papers.nn_svm.claims import claims
from limes.papers.nn_svm.curves import curves
from limes.papers.nn_svm.experiment import plan
from limes.papers.nn_svm.figures import figures
from limes.papers.paper import Paper

PAPER = Paper(
    key="nn-svm",
    title="Networks as support vector machines: dynamics and certificates (Chen et al. 2021)",
    reference="Chen, Huang, Nguyen & Weng, NeurIPS 2021, arXiv 2111.06063",
    about=(
        "A wide network under a regularised margin loss follows a kernel machine, of which certificates of robustness "
        "can be computed. Checked here: which penalty on the weights makes it do so, and how fast it gets there; the "
        "paper's certificate beside those of limes and beside attacks; interval bounds of finite networks; the path "
        "kernel; its bound on the test error and one that is a bound; label flips; how far a finite network may be "
        "from its machine."
    ),
    plan=plan,
    claims=claims,
    curves=curves,
    figures=figures,
)
