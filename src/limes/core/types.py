"""The two protocols that attacks, measurements and certificates are written against, and common aliases."""

from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np

from limes.core.errors import InputError

Array = Any
"""A NumPy or JAX array."""
Kind = Literal["ntk", "nngp"]
Norm = Literal["linf", "l2"]
"""Norms that attacks, robust training and certificates know."""
AttackNorm = Literal["linf", "l2", "l1"]
"""Norms that attacks know."""


@runtime_checkable
class Predictor(Protocol):
    """What can be attacked and measured: machines, finite networks, torch modules.

    A predictor may also have ``classes_`` (the labels of its score columns). Arrays are NumPy, in the caller's units.
    """

    @property
    def n_outputs(self) -> int:
        """Number of score columns, at least two for a classifier."""
        ...

    def scores(self, x: Array) -> np.ndarray:
        """Scores of a batch: (n, ...) -> (n, n_outputs)."""
        ...

    def scores_vjp(self, x: Array, v: Array) -> np.ndarray:
        """Gradient in x of sum(v * scores(x)): the shape of x. `v` is (n, n_outputs)."""
        ...


def require_predictor(predictor: Any) -> None:
    """Refuse what is no `Predictor`.

    Names are looked for on the class first: a machine that is not fitted has them, but its `n_outputs` raises.

    Raises:
        InputError: naming what is missing, and how others become one.
    """
    if isinstance(predictor, type):
        raise InputError(f"{predictor.__name__} is a class: give a fitted {predictor.__name__}(...)")
    needed = ("n_outputs", "scores", "scores_vjp")
    if missing := [name for name in needed if not hasattr(type(predictor), name) and not hasattr(predictor, name)]:
        raise InputError(
            f"a predictor with n_outputs, scores and scores_vjp is needed, but {type(predictor).__name__} has no "
            f"{', '.join(missing)}: take a machine of limes, or wrap a torch module, lm.interop.torch.predictor(module)"
        )


@dataclass(frozen=True)
class Affine:
    """The fixed input map of a predictor, z = (x - shift) * scale, per feature.

    Attributes:
        shift: (features...) or scalar, in the caller's units.
        scale: (features...) or scalar, in 1 / the caller's units; never zero.
    """

    shift: np.ndarray
    scale: np.ndarray

    def __call__(self, x: Array) -> Array:
        """Map a batch (n, features...) into the units of the centres; keeps the dtype of `x`."""
        return ((x - self.shift.astype(x.dtype)) * self.scale.astype(x.dtype)).astype(x.dtype)

    def pull_back(self, gradient: Array) -> Array:
        """Gradient in the caller's units from the gradient in the units of the centres."""
        return gradient * self.scale.astype(gradient.dtype)


@runtime_checkable
class KernelExpansion(Predictor, Protocol):
    """A predictor of the form scores(x) = K(affine(x), centres) coef.

    Where it is linear in its training labels it also has ``label_operator(x) -> (n, m)``.
    """

    net: Any
    kind: Kind
    centres: np.ndarray
    coef: np.ndarray
    affine: Affine | None
