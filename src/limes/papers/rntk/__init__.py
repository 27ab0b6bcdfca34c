"""Alemohammad et al. 2021: the recurrent neural tangent kernel, a kernel between series of any lengths."""

from limes.papers.paper import Paper
from limes.papers.rntk.claims import claims
from limes.papers.rntk.curves import curves
from limes.papers.rntk.experiment import plan
from limes.papers.rntk.figures import figures

PAPER = Paper(
    key="rntk",
    title="RNTK: the kernel of wide recurrent networks (Alemohammad et al. 2021)",
    reference="Alemohammad, Wang, Balestriero & Baraniuk, ICLR 2021, arXiv 2006.10246",
    about=(
        "Recurrent networks of infinite width are kernel machines; their kernel compares series of any lengths. "
        "Checked here: that finite networks approach the kernel, that its fast forms are exact, which steps of a "
        "series it listens to, when averaging over steps is needed, and how it does on the UCR archive beside other "
        "kernels and nearest neighbours, all under one protocol."
    ),
    plan=plan,
    claims=claims,
    curves=curves,
    figures=figures,
)
