"""Zhou & Ge 2024: gradient descent with weight decay learns the features of a teacher."""

from limes.papers.feature_learning.claims import claims
from limes.papers.feature_learning.curves import curves
from limes.papers.feature_learning.experiment import plan
from limes.papers.feature_learning.figures import figures
from limes.papers.paper import Paper

PAPER = Paper(
    key="feature-learning",
    title="How gradient descent learns features: annealed weight decay (Zhou & Ge 2024)",
    reference="Zhou & Ge, NeurIPS 2024, arXiv 2406.01766",
    about=(
        "A two-layer student learns a teacher of few neurons on normal inputs, by gradient descent on the exact "
        "population loss. Weight decay that falls in stages brings its mass to the teacher's directions; without it "
        "the loss falls as far and no features are learned. Checked here: both, small starts, the law of the loss in "
        "the penalty, learners whose neurons rest, a three-stage run, and on data the best kernel regression beside "
        "networks on a target of few directions hidden in noise."
    ),
    plan=plan,
    claims=claims,
    curves=curves,
    figures=figures,
)
