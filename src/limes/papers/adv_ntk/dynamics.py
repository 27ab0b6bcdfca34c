"""Claims 4, 5 and 7: when the closed form solves linearised adversarial training, where that leads, and on which clock.

The oracle is a Runge-Kutta integration of dr/dt = -K A(t) r that shares no code with `limes.robust.dynamics`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from limes.linalg import spectrum
from limes.papers.adv_ntk.solver import by_definition
from limes.robust.ark import ark
from limes.robust.dynamics import adversarial_flow

_N, _END = 6, 2.0  # of the small systems
Gain = Callable[[float], np.ndarray]


def closed_form(seed: int, steps: int = 1500) -> dict[str, Any]:
    """Claim 4: relative error of K^-1 (I - exp(-K Xi)) Y at t = 2 for random kernels of 6 points, four schedules.

    "constant" and "common" commute with themselves over time; "varying" and "misaligned" do not. The library's own
    answer for each schedule is compared too.
    """
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(_N, _N))
    gram = a @ a.T / _N + 0.1 * np.eye(_N)
    y = rng.normal(size=(_N, 2))
    strength, phase, speed = rng.uniform(0.2, 2.0, _N), rng.uniform(0, 2 * np.pi, _N), rng.uniform(2.0, 6.0, _N)
    first = np.where(np.arange(_N) < _N // 2, 3.0, 0.0)  # attacks one half of the points, then the other
    schedules: dict[str, Any] = {
        "constant": lambda t: strength,
        "common": lambda t: np.full(_N, 1.0 + np.sin(3.0 * t)),
        "varying": lambda t: strength * (1.0 + np.sin(speed * t + phase)),
        "misaligned": ([0.0, _END / 2], np.array([first, 3.0 - first])),
    }
    result: dict[str, Any] = {}
    for name, eta in schedules.items():
        rates: Gain = (lambda t, table=eta: table[1][int(t >= table[0][1])]) if isinstance(eta, tuple) else eta
        exact = _runge_kutta(gram, y, lambda t, rates=rates: np.exp(rates(t)), steps)
        library = adversarial_flow(gram, y, _END, ark=1.0, eta=eta)
        formula = gram @ by_definition(gram, library.xi[0], y)
        result[name] = _relative(formula, exact)
        result[f"{name}_library"] = _relative(library.train[0], exact)
    return result


def degeneration(seed: int, gram: np.ndarray, gram_test: np.ndarray, y: np.ndarray, arks: np.ndarray) -> dict[str, Any]:
    """Claim 5: distance to the limit of standard training at growing times, rates that vary by example and time.

    Args:
        seed: of the rates, a table of 12 pieces with attacks that multiply residuals by up to e^2.
        gram: (n, n) of the training points; `gram_test` (m, n).
        gram_test: of the test points.
        y: (n, c).
        arks: (n,).
    """
    rng = np.random.default_rng(seed)
    times = np.array([1.0, 10.0, 100.0])
    pieces = np.concatenate([[0.0], np.geomspace(0.1, 50.0, 11)])
    eta = (pieces, rng.uniform(0.0, 2.0, size=(len(pieces), len(gram))) / arks)
    attacked = adversarial_flow(gram, y, [*times, np.inf], ark=arks, eta=eta, gram_test=gram_test)
    standard = adversarial_flow(gram, y, times.tolist(), ark=arks, eta=0.0, gram_test=gram_test)
    assert attacked.test is not None
    limit = gram_test @ np.linalg.solve(gram, y)
    size = np.linalg.norm(limit)
    at, plain = (np.linalg.norm(flow.train[:3] - y, axis=(1, 2)) for flow in (attacked, standard))
    return {
        "times": times.tolist(),
        "distance": (np.linalg.norm(attacked.test[:3] - limit, axis=(1, 2)) / size).tolist(),
        "at_infinity": float(np.linalg.norm(attacked.test[3] - limit) / size),
        "residual_at": at.tolist(),
        "residual_standard": plain.tolist(),
    }


def warped_clock(seed: int, net: Any, x: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    """Claim 7: adversarial training at one common rate against standard training at time xi(t), the largest difference.

    The flow is the ordered product of its pieces; standard training is one eigendecomposition.
    """
    rng = np.random.default_rng(seed)
    gram = np.asarray(net.kernel(x, get="ntk").ntk)
    starts, eta = np.array([0.0, 0.01, 0.05, 0.3, 2.0]), rng.uniform(0.0, 0.3, size=5)
    times = np.array([0.005, 0.03, 0.2, 1.0, 10.0])
    a = ark(net, x)
    found = adversarial_flow(gram, y, times.tolist(), ark=a, eta=(starts, eta), method="product")
    clock = [
        float(np.sum(np.clip(t - starts, 0.0, np.diff(starts, append=np.inf)) * np.exp(a[0] * eta))) for t in times
    ]
    standard = spectrum.decompose(gram).solve(y, tuple(clock)).check().coef
    return {
        "times": times.tolist(),
        "clock": clock,
        "difference": float(max(np.abs(f - gram @ c).max() for f, c in zip(found.train, standard, strict=True))),
        "spread_of_ark": float(np.ptp(a) / a.mean()),
    }


def _runge_kutta(gram: np.ndarray, y: np.ndarray, gain: Gain, steps: int) -> np.ndarray:
    """f at t = 2, by the classical scheme of order four; the jump of a table falls between two steps."""
    residual, h = -y, _END / steps
    for i in range(steps):
        t, last = i * h, np.nextafter((i + 1) * h, 0.0)
        k1 = -gram @ (gain(t)[:, None] * residual)
        k2 = -gram @ (gain(t + h / 2)[:, None] * (residual + h / 2 * k1))
        k3 = -gram @ (gain(t + h / 2)[:, None] * (residual + h / 2 * k2))
        k4 = -gram @ (gain(last)[:, None] * (residual + h * k3))
        residual = residual + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return residual + y


def _relative(found: np.ndarray, exact: np.ndarray) -> float:
    return float(np.abs(found - exact).max() / np.abs(exact).max())
