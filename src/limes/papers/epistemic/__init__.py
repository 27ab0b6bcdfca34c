"""Ruegamer 2026: what an overparametrised network does not know, of its weights and of its function."""

from limes.papers.epistemic.claims import claims
from limes.papers.epistemic.curves import curves
from limes.papers.epistemic.experiment import plan
from limes.papers.epistemic.figures import figures
from limes.papers.paper import Paper

PAPER = Paper(
    key="epistemic",
    title="Epistemic uncertainty of overparametrised networks (Ruegamer 2026)",
    reference="Ruegamer, ICML 2026, arXiv 2605.25234",
    about=(
        "With more neurons than the truth needs, the posterior of the function contracts with the data while that of "
        "the weights does not: neurons may change places, scales are fixed by the prior alone, and neurons may share "
        "their work in many ways. Checked here with the exact population likelihood: both variances, the law of the "
        "shares under stated conditions, whether chains change the order of the neurons, and ensembles beside samplers."
    ),
    plan=plan,
    claims=claims,
    curves=curves,
    figures=figures,
)
