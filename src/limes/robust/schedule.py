"""Inner learning rates over time: numbers, functions, or tables of values that are held until the next."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from limes.core.errors import InputError
from limes.core.types import Array

Rates = float | Array | Callable[[float], Any] | tuple[Sequence[float], Array]
"""A number, one per example, a function of time giving either, or a table (times, values)."""

_LARGEST = 600.0  # of the exponents a_i eta_i S: beyond, A(t) and its integral overflow


@dataclass(frozen=True)
class Schedule:
    """The exponents a_i eta_i(t) S, the logarithms of A(t); made by `Schedule.make`.

    Attributes:
        scale: (n,), a_i S.
        starts: (k,), when the pieces of a piecewise constant schedule begin; None for a function.
        values: (k, n), the exponents on them; None for a function.
        rates: the function, for those.
    """

    scale: np.ndarray
    starts: np.ndarray | None = None
    values: np.ndarray | None = None
    rates: Callable[[float], Any] | None = None

    @classmethod
    def make(cls, ark: Any, eta: Any, horizon: float, n: int) -> "Schedule":
        """From the arguments of `adversarial_flow`, refusing what is not one."""
        try:
            a = np.broadcast_to(np.asarray(ark, np.float64), (n,))
        except (TypeError, ValueError):
            raise InputError(f"ark must be one number or {n} of them, one a training point, not {ark!r}") from None
        if not (np.isfinite(a).all() and (a >= 0).all() and np.isfinite(horizon) and horizon >= 0):
            raise InputError("ark and horizon must be finite and at least 0")
        scale = a * float(horizon)
        if callable(eta):
            return cls(scale, rates=eta)
        starts, values = (np.zeros(1), [eta]) if not isinstance(eta, tuple) else _check_table(eta)
        exponents = np.array([_exponents(scale, v) for v in values])
        return cls(scale, starts, exponents)

    def exponents(self, time: float) -> np.ndarray:
        """(n,) at a finite time."""
        if self.rates is not None:
            return _exponents(self.scale, self.rates(float(time)))
        assert self.starts is not None
        assert self.values is not None
        return self.values[np.searchsorted(self.starts, time, side="right") - 1]

    def pieces(self, until: float) -> Iterator[tuple[float, float, np.ndarray]]:
        """(start, stop, exponents) of each constant piece that begins before `until`, cut there."""
        assert self.starts is not None
        assert self.values is not None
        for start, stop, value in zip(self.starts, [*self.starts[1:], np.inf], self.values, strict=True):
            if start < until:
                yield float(start), float(min(stop, until)), value


def _exponents(scale: np.ndarray, rates: Any) -> np.ndarray:
    try:
        eta = np.broadcast_to(np.asarray(rates, np.float64), scale.shape)
    except (TypeError, ValueError):
        shape = np.shape(rates)
        raise InputError(f"eta must give one rate or {len(scale)}, one a training point, not shape {shape}") from None
    if not (np.isfinite(eta).all() and (eta >= 0).all()):
        raise InputError("eta must be finite and at least 0: an inner flow raises the loss")
    exponents = scale * eta
    if exponents.max(initial=0.0) > _LARGEST:
        raise InputError(
            f"ark * eta * horizon reaches {exponents.max():.3g}, so that an attack multiplies residuals by its "
            f"exponential: keep it below {_LARGEST:g} with a smaller eta or horizon"
        )
    return exponents


def _check_table(eta: tuple) -> tuple[np.ndarray, np.ndarray]:
    if len(eta) != 2:
        raise InputError("a table of rates is (times, values); write rates of one example each as an array")
    starts, values = (np.asarray(part, np.float64) for part in eta)
    if starts.ndim != 1 or not len(starts) or values.shape[:1] != starts.shape or values.ndim > 2:
        raise InputError(
            f"a table of rates is times (k,) and values (k,) or (k, n), not {starts.shape}, {values.shape}"
        )
    if starts[0] != 0 or not (np.diff(starts) > 0).all() or not np.isfinite(starts).all():
        raise InputError(f"the times of a table of rates must rise from 0, not {starts}")
    return starts, values
