"""Symmetric tensors of low rank, found by descent on more components than the rank: lazily, and beyond that.

The model of Wang, Wu, Lee, Ma & Ge 2020 (arXiv 2010.11356). A fixed tangent space, which is what lazy training has,
must have as many dimensions as there are tensors: some d^(order - 1) components. Components that move need few.
"""

from limes.beyond.tensor.als import Alternation, alternate
from limes.beyond.tensor.components import Components, relative_residual
from limes.beyond.tensor.descent import Decomposition, Descent, decompose, loss_and_gradient
from limes.beyond.tensor.lazy import lazy_residual, lazy_threshold, symmetric_dimension, tangent_rank
from limes.beyond.tensor.targets import orthonormal_target, random_target

__all__ = [
    "Alternation",
    "Components",
    "Decomposition",
    "Descent",
    "alternate",
    "decompose",
    "lazy_residual",
    "lazy_threshold",
    "loss_and_gradient",
    "orthonormal_target",
    "random_target",
    "relative_residual",
    "symmetric_dimension",
    "tangent_rank",
]
