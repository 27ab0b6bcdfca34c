"""Symmetric tensors as sums of powers of vectors, never written out: <u^l, v^l> = (u . v)^l is all that is needed."""

from dataclasses import dataclass
from functools import reduce
from typing import Self

import numpy as np

from limes.core.errors import InputError

_LARGEST = 10_000_000  # entries of a tensor that is written out


@dataclass(frozen=True, eq=False)
class Components:
    """The symmetric tensor sum_i coef_i u_i^(x) order, or several of them along leading axes.

    Attributes:
        coef: (..., m) coefficients.
        vectors: (..., m, d) vectors u_i.
        order: number of indices of the tensor, at least 2.

    Raises:
        InputError: for shapes that do not belong together, or an order below 2.

    Example:
        >>> t = Components(np.array([2.0]), np.array([[1.0, 0.0]]), order=3)
        >>> float(t.norm()), t.dense().shape
        (2.0, (2, 2, 2))
    """

    coef: np.ndarray
    vectors: np.ndarray
    order: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "coef", np.asarray(self.coef, float))
        object.__setattr__(self, "vectors", np.asarray(self.vectors, float))
        if not isinstance(self.order, int) or isinstance(self.order, bool) or self.order < 2:
            raise InputError(f"order is a whole number of at least 2, not {self.order!r}")
        if self.vectors.ndim < 2 or self.vectors.shape[:-1] != self.coef.shape:
            raise InputError(
                f"coefficients of shape {self.coef.shape} and vectors of shape {self.vectors.shape} do not belong "
                "together: (m,) and (m, d) do"
            )

    @property
    def dimension(self) -> int:
        """Length d of the vectors."""
        return self.vectors.shape[-1]

    def inner(self, other: "Components") -> np.ndarray:
        """<T, S> of two tensors; leading axes are broadcast.

        Cost: O(m m' d), for any order.

        Raises:
            InputError: for tensors of different order or dimension.
        """
        self._require_like(other)
        gram = self.vectors @ np.swapaxes(other.vectors, -1, -2)
        return np.einsum("...i,...ij,...j->...", self.coef, gram**self.order, other.coef)

    def norm(self) -> np.ndarray:
        """Frobenius norm. What cancels in the sum is lost: 1e-8 of the largest component, about."""
        return np.sqrt(np.maximum(self.inner(self), 0.0))

    def contract(self, x: np.ndarray) -> np.ndarray:
        """T(x, ..., x, .), all indices but one contracted with each x: (..., n, d) -> (..., n, d).

        Cost: O(n m d).
        """
        gram = x @ np.swapaxes(self.vectors, -1, -2)
        return (gram ** (self.order - 1) * self.coef[..., None, :]) @ self.vectors

    def __sub__(self, other: "Components") -> Self:
        """The difference, with the components of both."""
        self._require_like(other)
        lead = np.broadcast_shapes(self.coef.shape[:-1], other.coef.shape[:-1])
        parts = [(self.coef, self.vectors), (-other.coef, other.vectors)]
        coef = np.concatenate([np.broadcast_to(c, lead + c.shape[-1:]) for c, _ in parts], axis=-1)
        vectors = np.concatenate([np.broadcast_to(v, lead + v.shape[-2:]) for _, v in parts], axis=-2)
        return type(self)(coef, vectors, self.order)

    def dense(self) -> np.ndarray:
        """The tensor itself, (..., d, ..., d), for checks at small sizes.

        Raises:
            InputError: if it has more than ten million entries.
        """
        lead = self.coef.shape[:-1]
        entries = int(np.prod(lead, dtype=float)) * self.dimension**self.order
        if entries > _LARGEST:
            raise InputError(f"the tensor has {entries:,} entries: use inner and contract, which do not write it out")
        powers = reduce(
            lambda power, v: (
                power[..., None] * v.reshape(v.shape[:-1] + (1,) * (power.ndim - v.ndim + 1) + v.shape[-1:])
            ),
            [self.vectors] * self.order,
        )
        return (powers * self.coef.reshape(self.coef.shape + (1,) * self.order)).sum(axis=len(lead))

    def _require_like(self, other: "Components") -> None:
        if (self.order, self.dimension) != (other.order, other.dimension):
            raise InputError(
                f"tensors of order {self.order} in {self.dimension} dimensions and of order {other.order} in "
                f"{other.dimension} cannot be compared"
            )


def relative_residual(found: Components, target: Components) -> np.ndarray:
    """|T - T*| / |T*| in the Frobenius norm, to about 1e-8.

    Raises:
        InputError: for tensors of different order or dimension.
    """
    return (found - target).norm() / target.norm()
