"""Adversarial training of a linearised network by integration, where no closed form holds (`limes.robust.dynamics`).

    d alpha/dt = A(t) (Y - K alpha),    alpha_0 = 0,

from one jump of the rates to the next: by explicit Runge-Kutta steps, or implicitly where the flow is stiff.
"""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

from limes.core.errors import NumericalError
from limes.robust.schedule import Schedule

_STIFF = 1e4  # largest eigenvalue of K Xi above which an explicit integrator takes more steps than an implicit one


def integrate(
    gram: np.ndarray, y: np.ndarray, schedule: Schedule, times: np.ndarray, xi: float, rtol: float
) -> np.ndarray:
    """Coefficients at sorted finite times, (T, n, c).

    Args:
        gram: (n, n).
        y: (n, c).
        schedule: the exponents a_i eta_i(t) S of A(t).
        times: (T,), sorted and finite.
        xi: the largest entry of Xi at the last of them.
        rtol: relative tolerance.

    Raises:
        NumericalError: if the integrator stops before the end.
    """
    top = float(np.abs(gram).sum(axis=0).max())  # at least the largest eigenvalue
    stiff = top * xi > _STIFF
    leg = _implicit_leg if stiff else _explicit_leg
    columns = [y[:, [j]] for j in range(y.shape[1])] if stiff else [y]  # an implicit step solves for one column
    atol = 1e-3 * rtol * (float(np.abs(y).max(initial=0.0)) or 1.0) / ((top or 1.0) if stiff else 1.0)
    jumps = [] if schedule.starts is None else [start for start, _, _ in schedule.pieces(max(times, default=0.0))]
    coef, done = np.zeros((len(times), *y.shape)), 0
    for part in columns:
        alpha, start = np.zeros_like(part), 0.0
        into = slice(done, done + part.shape[1])
        for stop in np.unique([*jumps, *times]):
            if stop > start:
                alpha = leg(gram, part, alpha, schedule, (start, stop), {"rtol": rtol, "atol": atol})
                start = stop
            coef[times == stop, :, into] = alpha
        done = into.stop
    return coef


def _gain(schedule: Schedule, t: float, end: float) -> np.ndarray:
    """Diagonal of A (n, 1) within an interval that stops at `end`, where a table jumps."""
    return np.exp(schedule.exponents(min(t, np.nextafter(end, 0.0))))[:, None]


def _explicit_leg(gram, y, alpha, schedule: Schedule, span: tuple[float, float], tolerances: dict) -> np.ndarray:
    """Coefficients at the end of an interval on which the rates are smooth, all columns at once.

    The residual is carried beside them: Runge-Kutta steps keep K alpha + (-r) = Y exactly, so that what the integrator
    allows r is the error of f, also where alpha is large.
    """

    def slope(t: float, flat: np.ndarray) -> np.ndarray:
        moved = _gain(schedule, t, span[1]) * flat.reshape(2, *y.shape)[1]
        return np.concatenate([-moved.ravel(), -(gram @ moved).ravel()])

    start = np.concatenate([alpha.ravel(), (gram @ alpha - y).ravel()])
    return _solve(slope, span, start, method="DOP853", **tolerances).reshape(2, *y.shape)[0]


def _implicit_leg(gram, y, alpha, schedule: Schedule, span: tuple[float, float], tolerances: dict) -> np.ndarray:
    """The same for one column, with a method that turns implicit where the flow is stiff."""

    def slope(t: float, alpha: np.ndarray) -> np.ndarray:
        return _gain(schedule, t, span[1])[:, 0] * (y[:, 0] - gram @ alpha)

    def jacobian(t: float, alpha: np.ndarray) -> np.ndarray:
        return -_gain(schedule, t, span[1]) * gram

    return _solve(slope, span, alpha[:, 0], method="LSODA", jac=jacobian, **tolerances)[:, None]


def _solve(slope: Callable, span: tuple[float, float], start: np.ndarray, **options: Any) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the integrator's remarks come back as `success`
        done = solve_ivp(slope, span, start, t_eval=span[1:], **options)
    if not done.success:
        raise NumericalError(
            f"the integrator stopped between t={span[0]:.3g} and t={span[1]:.3g} ({done.message}): give the rates as a "
            "table (times, values), raise rtol, or stop earlier"
        )
    return done.y[:, -1]
