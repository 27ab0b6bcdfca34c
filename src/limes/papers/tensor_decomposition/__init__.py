"""Wang, Wu, Lee, Ma & Ge 2020: tensors of low rank, found lazily and beyond that."""

from limes.papers.paper import Paper
from limes.papers.tensor_decomposition.claims import claims
from limes.papers.tensor_decomposition.curves import curves
from limes.papers.tensor_decomposition.experiment import plan
from limes.papers.tensor_decomposition.figures import figures

PAPER = Paper(
    key="tensor-decomposition",
    title="Tensor decomposition beyond lazy training (Wang et al. 2020)",
    reference="Wang, Wu, Lee, Ma & Ge, NeurIPS 2020, arXiv 2010.11356",
    about=(
        "A symmetric tensor of low rank is looked for with more components than its rank. Lazy training needs as many "
        "components as its tangent space needs to hold all tensors, some d^(l-1); descent from a small start, with "
        "components drawn again now and then, needs a number that hardly depends on d. Checked here: both thresholds, "
        "what drawing again saves, what goes wrong with exactly as many components as the rank, and alternating least "
        "squares beside it."
    ),
    plan=plan,
    claims=claims,
    curves=curves,
    figures=figures,
)
