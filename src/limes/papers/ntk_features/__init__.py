"""Tsilivis & Kempe 2022: adversarial examples and robust features from the neural tangent kernel."""

from limes.papers.ntk_features.claims import claims
from limes.papers.ntk_features.experiment import plan
from limes.papers.ntk_features.figures import curves, figures
from limes.papers.paper import Paper

PAPER = Paper(
    key="ntk-features",
    title="NTK features: which parts of a kernel are robust (Tsilivis & Kempe 2022)",
    reference="Tsilivis & Kempe, NeurIPS 2022, arXiv 2210.05577",
    about=(
        "The kernel of a wide network gives adversarial examples without training any network, and the eigenvectors of "
        "its matrix split the predictor into features. Checked here: the gradient in closed form, every time, ridge "
        "and set of features from one eigendecomposition, how far attacks of the kernel go, which features are useful "
        "and which robust, what stopping early does, and whether adversarial examples of the kernel are some for "
        "finite networks too. Then the kernels of finite networks in standard and adversarial training: when they come "
        "to rest, how concentrated they are, and how robust they are when frozen (Loo et al. 2022, arXiv 2210.12030)."
    ),
    plan=plan,
    claims=claims,
    curves=curves,
    figures=figures,
)
