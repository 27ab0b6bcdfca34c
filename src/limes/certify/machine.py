"""A machine of a fully connected net, and how a predictor is taken apart."""

import weakref
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from limes.certify.conv.machine import ConvMachine
from limes.certify.conv.stages import known
from limes.certify.form import NARROW, WIDE, Form
from limes.core.errors import InputError
from limes.core.types import KernelExpansion
from limes.kernels.zonal import Zonal
from limes.machines.predictor import KernelPredictor
from limes.nets import Dense, Erf, Flatten, Net
from limes.nets.rectifiers import Rectifier

_KNOWN: weakref.WeakKeyDictionary[KernelPredictor, Form] = weakref.WeakKeyDictionary()
"""Of predictors that are still there: norms cost a kernel of all centres."""


@dataclass(frozen=True, eq=False)
class Machine(Form):
    """A machine of a fully connected net."""

    @cached_property
    def zonal(self) -> Zonal:
        """The kernel as a function of inner products and norms."""
        return Zonal(self.net, self.kind)

    @cached_property
    def squares(self) -> np.ndarray:
        """|z|^2/d of each centre: (m,)."""
        return np.mean(self.centres**2, axis=1)

    @cached_property
    def entries(self) -> sparse.csr_array:
        """The centres without their zeros: the background of images costs nothing."""
        return sparse.csr_array(self.centres)

    @cached_property
    def turned(self) -> np.ndarray:
        """The centres, or where they are fewer than their coordinates, (m, m) with the same inner products: turned.

        Quadratic forms sum_j w_j <z_j, y>^2 have the same eigenvalues but for zeros; `turning` is the error.
        """
        m, d = self.centres.shape
        return self.centres if m >= d else np.asarray(np.linalg.qr(self.centres.T, mode="r")).T

    @property
    def turning(self) -> float:
        """How far the `turned` centres may be from a rotation, as a share of each.

        Householder's QR factorisation is that of a matrix whose columns are so near (Higham, "Accuracy and stability
        of numerical algorithms", 2002, theorem 19.4).
        """
        m, d = self.centres.shape
        return 0.0 if m >= d else 2.0**-48 * m * d

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

    def scores(self, x: np.ndarray) -> np.ndarray:
        """Scores of one input, from inner products in float64."""
        z = self.flatten(x[None])
        s = z @ self.centres.T / z.shape[1]
        return (self.zonal.values(s, np.mean(z**2, axis=1), self.squares) @ self.coef)[0] + self.intercept


def supports(net: Net) -> bool:
    """Whether certificates are known for a net: nothing random, and fully connected or convolutional.

    Fully connected nets consist of layers with positive kernels; with biases or erf they also need to be a plain
    sequence of layers, see `limes.certify.radial`. Of convolutional ones `limes.certify.conv.stages.known` tells.
    """
    if net.layout != "vector":
        return known(net)
    plain = all(isinstance(layer, Dense | Flatten | Rectifier | Erf) for layer in net.layers)
    return net.positive and not net.random and (net.homogeneous or plain)


def machine_of(predictor: Any) -> Form:
    """Take a predictor apart.

    Raises:
        InputError: if it is no classifier of the form of a kernel expansion, or no certificate is known for its net.
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


def _take_apart(form: Any) -> Form:
    net: Net = form.net
    if not supports(net):
        raise InputError(
            "certificates know fully connected nets of dense layers, relu, leaky_relu, abs and erf (without biases "
            "residual blocks too), and convolutional ones of convolutions, dense layers, relu, leaky_relu, abs and "
            f"flatten, without pools; not {net}"
        )
    coef = np.asarray(form.coef, np.float64)
    if coef.shape[1] < 2:
        raise InputError("certificates are about labels: this machine has one output, so it is no classifier")
    centres = np.asarray(form.centres)
    intercept = getattr(form, "intercept", None)
    parts = (
        net,
        form.kind,
        centres.reshape(len(centres), -1).astype(np.float64),
        coef,
        np.zeros(coef.shape[1]) if intercept is None else np.asarray(intercept, np.float64),
        form.affine,
        getattr(form, "classes_", None),
        NARROW if centres.dtype == np.float32 else WIDE,
        centres.dtype == np.float32,
    )
    return Machine(*parts) if net.layout == "vector" else ConvMachine(*parts, shape=centres.shape[1:])
