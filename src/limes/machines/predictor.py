"""A kernel expansion as a predictor: what attacks, measurements and certificates take."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from limes.core import precision
from limes.core.errors import InputError
from limes.core.types import Affine, Array, Kind
from limes.kernels.expansion import Expansion, expand


@dataclass(frozen=True, eq=False)
class KernelPredictor:
    """scores(x) = K(affine(x), centres) coef + intercept.

    The precision is that of the centres, or float64 where `x` is float64.

    Attributes:
        net: the architecture.
        kind: "ntk" or "nngp".
        centres: (m, features...), after the input map.
        coef: (m, c).
        affine: the input map, or None.
        classes_: (c,) labels of the score columns, or None.
        targets: "centred" or "one_hot": what the scores of a classifier were fitted to.
        intercept: (c,), or None for zero.
        flat: whether inputs may also come as vectors, which are given the shape of the centres.
    """

    net: Any
    kind: Kind
    centres: np.ndarray
    coef: np.ndarray
    affine: Affine | None = None
    classes_: np.ndarray | None = None
    targets: str | None = None
    intercept: np.ndarray | None = None
    flat: bool = False
    _wide: dict[str, Expansion] = field(default_factory=dict, repr=False)

    @property
    def n_outputs(self) -> int:
        """Number of score columns."""
        return self.coef.shape[1]

    @cached_property
    def _expansion(self) -> Expansion:
        return expand(self.net, self.kind, self.centres, self.coef)

    def with_coef(self, coef: np.ndarray, **changes: Any) -> "KernelPredictor":
        """The same centres with other coefficients (m, c); what lies on the device is shared.

        Args:
            coef: in place of the own.
            changes: new values of `classes_`, `targets` and `intercept`, where the outputs mean something else now.
        """
        other = replace(self, coef=coef, _wide={k: v.with_coef(coef) for k, v in self._wide.items()}, **changes)
        other.__dict__["_expansion"] = self._expansion.with_coef(coef)
        return other

    def __getstate__(self) -> dict[str, Any]:
        """The state to pickle or copy: without what lies on the device."""
        return {k: v for k, v in self.__dict__.items() if k != "_expansion"} | {"_wide": {}}

    def _enter(self, x: Array) -> tuple[Expansion, np.ndarray]:
        """The expansion in the precision that serves `x`, and `x` in its units."""
        x = np.asarray(x)
        if self.flat and x.ndim == 2 and x.shape[1] == math.prod(self.centres.shape[1:]):
            x = x.reshape(len(x), *self.centres.shape[1:])
        if x.shape[1:] != self.centres.shape[1:]:
            raise InputError(f"inputs have shape {x.shape[1:]}, but the machine was fitted on {self.centres.shape[1:]}")
        dtype = precision.float_dtype(x, self.centres, name="x")
        expansion = self._expansion
        if dtype != expansion.dtype:
            if "wide" not in self._wide:
                self._wide["wide"] = expand(self.net, self.kind, self.centres.astype(dtype), self.coef)
            expansion = self._wide["wide"]
        x = x.astype(dtype, copy=False)
        return expansion, x if self.affine is None else self.affine(x)

    def scores(self, x: Array) -> np.ndarray:
        """Scores of a batch: (n, features...) -> (n, c).

        Raises:
            InputError: if the shape of an input differs from the centres'.
            DtypeError: for integer input.
        """
        expansion, z = self._enter(x)
        return self._shifted(expansion.scores(z))

    def scores_vjp(self, x: Array, v: Array) -> np.ndarray:
        """Gradient in x of sum(v * scores(x)), in the caller's units: the shape of x.

        Raises:
            InputError: if `v` is not (n, c), or the shape of an input differs from the centres'.
            DtypeError: for integer input.
        """
        expansion, z = self._enter(x)
        v = np.asarray(v)
        if v.shape != (len(z), self.n_outputs):
            raise InputError(f"v has shape {v.shape}, but the scores of x have shape {(len(z), self.n_outputs)}")
        return self._leave(expansion.vjp(z, v), x)

    def scores_and_vjp(self, x: Array, cotangent: Callable[[np.ndarray], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Scores, and the gradient of sum(v * scores(x)) for v = cotangent(scores), from one kernel evaluation."""
        expansion, z = self._enter(x)
        scores, gradient = expansion.scores_and_vjp(z, lambda scores: cotangent(self._shifted(scores)))
        return self._shifted(scores), self._leave(gradient, x)

    def jacobian(self, x: Array) -> np.ndarray:
        """Gradients in x of every score column, in the caller's units: (c, n, features...).

        Raises:
            InputError: if the shape of an input differs from the centres'.
            DtypeError: for integer input.

        Cost: for fully connected nets one kernel with its slopes, and 2 n m d multiplications a column.
        """
        expansion, z = self._enter(x)
        gradients = expansion.jacobian(z)
        gradients = gradients if self.affine is None else self.affine.pull_back(gradients)
        return gradients.astype(np.asarray(x).dtype, copy=False).reshape(self.n_outputs, *np.shape(x))

    def _shifted(self, scores: np.ndarray) -> np.ndarray:
        return scores if self.intercept is None else scores + self.intercept.astype(scores.dtype)

    def _leave(self, gradient: np.ndarray, x: Array) -> np.ndarray:
        gradient = gradient if self.affine is None else self.affine.pull_back(gradient)
        return gradient.astype(np.asarray(x).dtype, copy=False).reshape(np.shape(x))

    def predict(self, x: Array) -> np.ndarray:
        """Labels of the largest scores, or the scores themselves where there are no classes."""
        scores = self.scores(x)
        return scores if self.classes_ is None else self.classes_[np.argmax(scores, axis=1)]
