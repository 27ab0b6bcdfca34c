"""Feature learning of two-layer ReLU networks: do neurons find the directions of a teacher, or does the loss just fall?

The model of Zhou & Ge 2024 (arXiv 2406.01766): student and teacher on normal inputs, with the exact population loss and
weight decay that falls in stages; beside it learners whose neurons rest.
"""

from limes.beyond.features.alignment import Alignment, alignment, share_in_span
from limes.beyond.features.certificate import dual_certificate
from limes.beyond.features.descent import Descent, Learned, learn
from limes.beyond.features.fixed import fit_coefficients, tangent_gram, tangent_loss
from limes.beyond.features.network import TwoLayer, gram, orthonormal_teacher, random_start
from limes.beyond.features.stages import ThreeStages, first_step, three_stages

__all__ = [
    "Alignment",
    "Descent",
    "Learned",
    "ThreeStages",
    "TwoLayer",
    "alignment",
    "dual_certificate",
    "first_step",
    "fit_coefficients",
    "gram",
    "learn",
    "orthonormal_teacher",
    "random_start",
    "share_in_span",
    "tangent_gram",
    "tangent_loss",
    "three_stages",
]
