"""Adversarial training of a wide network, linearised in weights and inputs: a kernel flow with a moving matrix.

An inner gradient flow of learning rate eta_i(t) and length S attacks example i. Linearised in the input, it multiplies
the residual r = f - Y by exp(a_i eta_i(t) S), with a_i the adversarial regularisation kernel of that input
(`limes.robust.ark`). The outer flow then is

    dr/dt = -K A(t) r,    A(t) = diag_i exp(a_i eta_i(t) S),    f_0 = 0,

on 1/2 sum |f - Y|^2 with learning rate 1 (Fu & Wang 2024, arXiv 2310.06112). It is carried here in the coefficients
alpha of f_t(x) = K(x, X) alpha_t, d alpha/dt = A(t) (Y - K alpha), so that K is not inverted at any finite time.

Where A(t) = g(t) D for a fixed diagonal D, the matrices K A(t) commute, and with Xi(t) = int_0^t A = xi(t) D

    alpha_t = K^-1 (I - exp(-K Xi)) Y = Xi^1/2 phi1(Xi^1/2 K Xi^1/2) Xi^1/2 Y,    phi1(z) = (1 - exp(-z)) / z.

This holds for rates constant in time, and for one common A(t) = a(t) I: standard training on the clock xi(t). For other
schedules the formula is wrong by up to tens of per cent and is refused. For every bounded eta the limit t = inf is that
of standard training, kernel regression.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.integrate import quad_vec

from limes.core import memory as mem
from limes.core.errors import InputError, NumericalError
from limes.core.precision import require_finite
from limes.core.status import Status
from limes.core.types import Array
from limes.linalg import cholesky, spectrum
from limes.robust.integration import integrate
from limes.robust.schedule import Rates, Schedule

Method = Literal["auto", "closed", "product", "ode"]
METHODS = ("auto", "closed", "product", "ode")

_PARALLEL = 1e-12  # relative to the exponents: what rounding may make of A(t) = g(t) D


@dataclass(frozen=True, eq=False)
class AdversarialFlow:
    """The linearised dynamics at the times asked for, all in float64.

    Attributes:
        times: (T,), in units of 1 / outer learning rate, as given.
        coef: (T, n, c), so that f_t(x) = K(x, X) coef_t.
        train: (T, n, c), f_t at the training points.
        test: (T, m, c), f_t at the test points, or None.
        xi: (T, n), the diagonal of Xi(t); inf at time inf.
        inner: (T, n, c), the residual after the inner attack at time t, r_S = exp(a_i eta_i(t) S) (f_t - Y); 0 at inf.
        method: "closed" (one eigendecomposition), "product" (one for each piece of a table) or "ode".
        horizon: S.
        rtol: relative tolerance of the integrator, which only "ode" and functions of time use.
    """

    times: np.ndarray
    coef: np.ndarray
    train: np.ndarray
    test: np.ndarray | None
    xi: np.ndarray
    inner: np.ndarray
    method: str
    horizon: float
    rtol: float


def adversarial_flow(
    gram: Array,
    y: Array,
    times: float | Sequence[float],
    *,
    ark: float | Array,
    eta: Rates,
    horizon: float = 1.0,
    gram_test: Array | None = None,
    method: Method = "auto",
    rtol: float = 1e-10,
) -> AdversarialFlow:
    """Linearised adversarial training from f_0 = 0.

    Args:
        gram: (n, n), the NTK of the training points.
        y: (n, c), targets.
        times: in units of 1 / outer learning rate, in any order, at least 0; inf allowed.
        ark: (n,) or one number, the adversarial regularisation kernel at the training points.
        eta: inner learning rates, at least 0: a number; (n,); a function of t that returns either; or a table
            (times, values) with times (k,) rising from 0 and values (k,) or (k, n), each held until the next. A
            function should be smooth; jumps belong in a table.
        horizon: S, the length of the inner flow. Only the product ark * eta * horizon matters.
        gram_test: (m, n), the NTK between test and training points.
        method: "closed" where A(t) = g(t) D (else refused); "product", exact for tables, numbers and arrays; "ode", an
            integrator, for every schedule; "auto", the first of these that applies.
        rtol: relative tolerance of the integrator, and of Xi for functions of time.

    Returns:
        An `AdversarialFlow`.

    Raises:
        InputError: for shapes that do not match, negative rates, values that are not finite, exponents
            ark * eta * horizon above 600, or a method that is not exact for the schedule.
        NumericalError: at time inf for a singular kernel (the limit then depends on the path), or if the integrator
            fails.
        MemoryRefused: if an eigendecomposition of the kernel would not fit.

    Cost: O(n^3) for "closed", and for each piece of a table in "product". "ode" takes O(n^2 c) a slope and about twice
    |K Xi| slopes up to |K Xi| = 10,000, beyond that thousands of implicit steps with O(n^3) factorisations a column
    (seconds for n = 300 and 10 columns); its products are small, so that one BLAS thread serves it best.

    Reference: Fu & Wang 2024, arXiv 2310.06112; the symmetric form and the condition for it are derived here.

    Example:
        >>> flow = adversarial_flow(np.eye(2), np.ones((2, 1)), [1.0], ark=2.0, eta=[0.0, 0.5])
        >>> flow.xi.round(3).tolist(), flow.train.round(3).tolist()  # Xi = t exp(a eta S), f = 1 - exp(-Xi)
        ([[1.0, 2.718]], [[[0.632], [0.934]]])
    """
    gram, y, gram_test = _check_arrays(gram, y, gram_test)
    n = len(gram)
    asked = _check_times(times)
    if method not in METHODS:
        raise InputError(f"method must be one of {', '.join(METHODS)}, not {method!r}")
    mem.require(32 * n * n, f"the flow of {n} training points", "use fewer training points")
    schedule = Schedule.make(ark, eta, horizon, n)
    finite = np.unique(asked[np.isfinite(asked)])
    xi, weights = _clock(schedule, finite, rtol)
    chosen = _choose(method, schedule, weights)
    if chosen == "closed":
        assert weights is not None
        coef = _weighted_flow(gram, y, weights, xi[:, np.argmax(weights)] if len(xi) else xi)
    elif chosen == "product":
        coef = _product(gram, y, schedule, finite)
    else:
        coef = integrate(gram, y, schedule, finite, float(xi.max(initial=0.0)), rtol)
    train = gram @ coef
    gain = np.array([np.exp(schedule.exponents(t)) for t in finite]).reshape(-1, n, 1)
    inner = gain * (train - y)
    if not np.isfinite(asked).all():
        last = _regression(gram, y)
        coef, train = np.concatenate([coef, last[None]]), np.concatenate([train, (gram @ last)[None]])
        xi, inner = np.concatenate([xi, np.full((1, n), np.inf)]), np.concatenate([inner, np.zeros((1, *y.shape))])
    rows = np.searchsorted(finite, asked)  # inf comes after the last finite time
    test = None if gram_test is None else gram_test @ coef[rows]
    return AdversarialFlow(asked, coef[rows], train[rows], test, xi[rows], inner[rows], chosen, float(horizon), rtol)


def _check_times(times: Any) -> np.ndarray:
    try:
        values = np.atleast_1d(np.asarray(times, np.float64))
    except (TypeError, ValueError):
        raise InputError(f"times must be numbers, not {times!r}") from None
    if values.ndim != 1 or not len(values) or not (values >= 0).all():
        raise InputError(f"times must be one or more numbers of at least 0, not {times!r}")
    return values


def _check_arrays(gram: Array, y: Array, gram_test: Array | None) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    k, targets = np.asarray(gram), np.asarray(y, np.float64)
    if k.ndim != 2 or k.shape[0] != k.shape[1] or not len(k):
        raise InputError(f"gram must be (n, n), the kernel of the training points with themselves, not {k.shape}")
    if targets.ndim != 2 or len(targets) != len(k):
        raise InputError(f"y must be (n, c) with n={len(k)} rows, not {targets.shape}")
    test = None if gram_test is None else np.asarray(gram_test, np.float64)
    if test is not None and (test.ndim != 2 or test.shape[1] != len(k)):
        raise InputError(f"gram_test must be (m, n) with n={len(k)} columns, not {test.shape}")
    for name, array in (("gram", k), ("y", targets), ("gram_test", test)):
        if array is not None:
            require_finite(array, name)
    if (gap := float(np.abs(k - k.T).max())) > 1e-4 * float(np.abs(k).max()):
        raise InputError(f"gram must be symmetric, but differs from its transpose by up to {gap:.3g}")
    return k.astype(np.float64), targets, test


def _clock(schedule: Schedule, times: np.ndarray, rtol: float) -> tuple[np.ndarray, np.ndarray | None]:
    """Xi at sorted finite times (T, n), and D (n,) with largest entry 1 where A(t) = g(t) D, else None.

    A(t) = g(t) D means that all exponents move in parallel; for functions this is seen at the points of the quadrature.
    """
    n = len(schedule.scale)
    xi, seen = np.zeros((len(times), n)), [schedule.exponents(0.0)]
    until = times[-1] if len(times) else 0.0
    if schedule.rates is None:
        for start, stop, value in schedule.pieces(until):
            xi += np.clip(times - start, 0.0, stop - start)[:, None] * np.exp(value)
            seen.append(value)
    else:

        def integrand(t: float) -> np.ndarray:
            seen.append(schedule.exponents(t))
            return np.exp(seen[-1])

        start, total = 0.0, np.zeros(n)
        for i, t in enumerate(times):
            if t > start:
                part, error = quad_vec(integrand, start, t, epsrel=rtol / 10, epsabs=0.0, norm="max")[:2]
                if error > rtol * part.max():
                    raise NumericalError(
                        f"eta(t) cannot be integrated up to t={t:.3g}: give it as a table with its jumps"
                    )
                total, start = total + part, t
            xi[i] = total
    exponents = np.array(seen)
    top = int(np.argmax(exponents[0]))
    against = exponents - exponents[:, top : top + 1]
    parallel = np.abs(against - against[0]).max() <= _PARALLEL * (1.0 + exponents.max())
    return xi, np.exp(against[0]) if parallel else None


def _choose(method: Method, schedule: Schedule, weights: np.ndarray | None) -> str:
    if method == "closed" and weights is None:
        raise InputError(
            "the closed form is exact only where A(t) = g(t) D (rates constant in time, or the same A for every "
            "example), and these rates change by example and time: use method='auto' or 'ode'"
        )
    if method == "product" and schedule.rates is not None:
        raise InputError("method='product' is for rates held constant on pieces, not for functions: use method='ode'")
    if method != "auto":
        return method
    return "closed" if weights is not None else "product" if schedule.rates is None else "ode"


def _weighted_flow(gram: np.ndarray, y: np.ndarray, weights: np.ndarray, clock: Array) -> np.ndarray:
    """Coefficients (T, n, c) at each xi of the flow d alpha/d xi = D (Y - K alpha) from 0.

    alpha = D^1/2 g(D^1/2 K D^1/2) D^1/2 Y with g(l) = (1 - exp(-l xi)) / l, the filter of a standard flow.
    """
    root = np.sqrt(weights)[:, None]
    decomposition = spectrum.decompose(root * gram * root.T)
    found = decomposition.solve(root * y, tuple(float(t) for t in clock)).check().coef
    return root * np.array(found).reshape(-1, *y.shape)


def _product(gram: np.ndarray, y: np.ndarray, schedule: Schedule, times: np.ndarray) -> np.ndarray:
    """Coefficients at sorted finite times: on each piece a flow of constant A, from the residual that the last left."""
    alpha, coef = np.zeros_like(y), np.zeros((len(times), *y.shape))
    for start, stop, exponents in schedule.pieces(times[-1] if len(times) else 0.0):
        inside = (times > start) & (times <= stop)
        steps = [*(times[inside] - start), stop - start]
        moved = alpha + _weighted_flow(gram, y - gram @ alpha, np.exp(exponents), steps)
        coef[inside], alpha = moved[:-1], moved[-1]
    return coef


def _regression(gram: np.ndarray, y: np.ndarray) -> np.ndarray:
    """K^-1 Y, the limit for every bounded schedule."""
    solution = cholesky.solve(gram, y)
    if solution.status is not Status.SOLVED:
        raise NumericalError(
            "the limit t=inf needs a kernel that is not singular to working precision, otherwise it depends on the "
            "rates: remove duplicated rows, or ask for a finite time"
        )
    return solution.coef[0]
