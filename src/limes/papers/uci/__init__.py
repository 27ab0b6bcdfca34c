"""Arora et al. 2020: kernel machines of wide networks on small tables."""

from limes.papers.paper import Paper
from limes.papers.uci.claims import claims
from limes.papers.uci.curves import curves
from limes.papers.uci.experiment import plan
from limes.papers.uci.figures import figures

PAPER = Paper(
    key="uci",
    title="NTK on small tables: 90 UCI data sets (Arora et al. 2020)",
    reference="Arora, Du, Li, Salakhutdinov, Wang & Yu, ICLR 2020, arXiv 1910.01663",
    about=(
        "On small tables the kernels of wide networks are said to beat random forests and the networks themselves. "
        "Checked here on the 90 sets and splits of the paper: support vector machines and regression with the NTK, "
        "Gaussian-process regression with the NNGP, and as contenders RBF machines, random forests, gradient boosting "
        "and a finite network, all tuned on the same rows."
    ),
    plan=plan,
    claims=claims,
    curves=curves,
    figures=figures,
)
