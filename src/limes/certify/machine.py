"""A kernel machine in the form that certificates need: vectors, float64, and norms of its score differences."""

import weakref
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from limes.core.errors import InputError
from limes.core.types import Affine, KernelExpansion, Kind
from limes.kernels.zonal import Zonal
from limes.machines.predictor import KernelPredictor
from limes.nets import Dense, Erf, Flatten, Net
from limes.nets.rectifiers import Rectifier

_NARROW, _WIDE = 1e-5, 1e-9
"""Errors of a kernel entry as shares of sqrt(K(x, x) K(z, z)), sums over centres included: of a predictor in float32
(see docs/limits.md), and of one in float64 with a wide margin. At cosines within 1e-6 of 1 a root is all that is known
of the angle, and they are ten times and a hundred times as large."""


_KNOWN: weakref.WeakKeyDictionary[KernelPredictor, "Machine"] = weakref.WeakKeyDictionary()
"""Of predictors that are still there: norms cost a kernel of all centres."""


@dataclass(frozen=True, eq=False)
class Machine:
    """scores(x) = K(affine(x), centres) coef + intercept, for a fully connected net.

    Attributes:
        net: the architecture.
        kind: "ntk" or "nngp".
        centres: (m, d) float64, after the input map.
        coef: (m, c) float64.
        intercept: (c,) float64.
        affine: the input map, or None.
        classes: (c,) labels of the columns, or None.
        error: of a kernel entry of the predictor, see `slack`.
        narrow: whether it computes in float32.
    """

    net: Net
    kind: Kind
    centres: np.ndarray
    coef: np.ndarray
    intercept: np.ndarray
    affine: Affine | None
    classes: np.ndarray | None
    error: float
    narrow: bool

    @cached_property
    def zonal(self) -> Zonal:
        """The kernel as a function of inner products and norms."""
        return Zonal(self.net, self.kind)

    @cached_property
    def squares(self) -> np.ndarray:
        """|z|^2/d of each centre: (m,)."""
        return np.mean(self.centres**2, axis=1)

    @cached_property
    def own(self) -> np.ndarray:
        """K(z, z) of each centre: (m,)."""
        return self.zonal.own(self.squares)

    @cached_property
    def products(self) -> np.ndarray:
        """Inner products (c, c) of the scores' functions in the kernel's Hilbert space: coef^T K coef."""
        m = len(self.centres)
        found, rows = np.zeros(self.coef.shape), max(1, (1 << 23) // m)
        for start in range(0, m, rows):
            part = slice(start, min(start + rows, m))
            s = self.centres[part] @ self.centres.T / self.centres.shape[1]
            found[part] = self.zonal.values(s, self.squares[part], self.squares) @ self.coef
        return self.coef.T @ found

    def norm(self, weights: np.ndarray) -> float:
        """The norm of the function with coefficients coef @ weights, rounded up."""
        combined = self.coef @ weights
        size = np.abs(combined) @ np.sqrt(self.own)
        slack = _WIDE * size**2 + 100 * _WIDE * (combined**2 @ self.own)
        return float(np.sqrt(max(weights @ self.products @ weights, 0.0) + slack))

    def slack(self, weights: np.ndarray, own: np.ndarray | float) -> np.ndarray:
        """How far the predictor's own arithmetic may be from the exact difference of scores, at K(x, x) = own."""
        size = np.abs(self.coef @ weights) @ np.sqrt(self.own)
        return self.error * size * np.sqrt(own) + 1e-12 * np.abs(self.intercept).sum()

    def flatten(self, x: np.ndarray) -> np.ndarray:
        """Inputs (n, features...) in the units of the centres, as vectors in float64."""
        x = np.asarray(x, np.float64)
        return (x if self.affine is None else self.affine(x)).reshape(len(x), -1)


def supports(net: Net) -> bool:
    """Whether certificates are known for a net: fully connected, of layers with positive kernels, nothing random.

    Nets with biases or erf also need to be a plain sequence of layers, see `limes.certify.radial`.
    """
    plain = all(isinstance(layer, Dense | Flatten | Rectifier | Erf) for layer in net.layers)
    return net.layout == "vector" and net.positive and not net.random and (net.homogeneous or plain)


def machine_of(predictor: Any) -> Machine:
    """Take a predictor apart.

    Raises:
        InputError: if it is no classifier of the form of a kernel expansion, or its net is not fully connected, or of
            layers that no certificate is known for.
    """
    if not isinstance(predictor, KernelExpansion):
        raise InputError(
            f"certificates are for kernel machines (NTKClassifier, NTKSVC, AdvNTKClassifier, ...), fitted ones; "
            f"{type(predictor).__name__} has no centres and coefficients"
        )
    form: Any = getattr(predictor, "expansion", predictor)
    if not isinstance(form, KernelPredictor):  # one that may change
        return _take_apart(form)
    if form not in _KNOWN:
        _KNOWN[form] = _take_apart(form)
    return _KNOWN[form]


def _take_apart(form: Any) -> Machine:
    net: Net = form.net
    if net.layout != "vector":
        raise InputError("certificates are for fully connected nets: this one has convolutions or pools")
    if not supports(net):
        raise InputError(
            "certificates know dense layers, relu, leaky_relu, abs and erf, and without biases residual blocks, not "
            f"{net}"
        )
    coef = np.asarray(form.coef, np.float64)
    if coef.shape[1] < 2:
        raise InputError("certificates are about labels: this machine has one output, so it is no classifier")
    centres = np.asarray(form.centres)
    intercept = getattr(form, "intercept", None)
    return Machine(
        net,
        form.kind,
        centres.reshape(len(centres), -1).astype(np.float64),
        coef,
        np.zeros(coef.shape[1]) if intercept is None else np.asarray(intercept, np.float64),
        form.affine,
        getattr(form, "classes_", None),
        _NARROW if centres.dtype == np.float32 else _WIDE,
        centres.dtype == np.float32,
    )
