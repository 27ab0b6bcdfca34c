"""Claims 15 and 16: how far a network may be from the kernel machine of its initial kernel, and where a theorem fails.

Network f and machine g start at 0 and follow the flow of sum_i l(f_i, y_i) with a convex loss; the network has the
penalty lambda/2 |w - w_0|^2 on all weights, K = NTK_0. With e = f - g on the training rows and
r_t = <grad f_t, w_t - w_0> - f_t,

    |e_T|_(1/K) <= ((1 - e^(-lambda T)) / lambda) sup_t |(NTK_t - K) l'(f_t) + lambda r_t|_(1/K),

the repaired bound, and without the remainder |e_T| <= sqrt(cond K) (rho sqrt n / lambda) sup_t |NTK_t - K| for slopes
of at most rho. Theorem 3.5 of the paper has an exponential in its place, whose exponent should grow with T.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from limes.papers.nn_svm.losses import LOSSES
from limes.papers.nn_svm.regularisers import D, descend, problem
from limes.papers.nn_svm.two_layer import draw

N, DECAY = 20, 0.5
TIMES = (0.4, 4.0, 20.0)
"""lambda T = 0.2, 2 and 10."""
GAP = 1e-6


def compared(
    seed: int, widths: Sequence[int], losses: Sequence[str], step: float, times: Sequence[float]
) -> dict[str, Any]:
    """Both sides of the bound by loss, width and time.

    Returns:
        `gap`: |e_T|; `ratio`: of the norm form with the remainder; `plain`: the plain bound. Lists by width and time.

    Cost: (last time) / step steps with an empirical kernel each, for every width and loss.
    """
    found: dict[str, Any] = {"widths": list(widths), "times": list(times), "step": step}
    for name in losses:
        runs = [_sides(seed, width, name, step, times) for width in widths]
        found[name] = {key: [run[key] for run in runs] for key in ("gap", "ratio", "plain")}
    return found


def _sides(seed: int, width: int, name: str, step: float, times: Sequence[float]) -> dict[str, list[float]]:
    x, y, _ = problem(seed, N)
    loss = LOSSES[name]
    start = net = draw(seed, D, width, symmetric=True, dtype="float64")
    kernel = start.kernel(x, x)
    values, vectors = np.linalg.eigh(kernel)
    root = vectors / np.sqrt(values)
    f, g = np.zeros(N), np.zeros(N)
    largest, moved, slopes = 0.0, 0.0, 0.0
    found: dict[str, list[float]] = {"gap": [], "ratio": [], "plain": []}
    ends = [round(time / step) for time in times]
    for count in range(1, ends[-1] + 1):
        _, in_w, in_a = net.gradient(x, lambda f: loss.slope(f, y))
        slope, change = loss.slope(f, y), net.kernel(x, x) - kernel
        remainder = net.along(x, net.w - start.w, net.a - start.a) - f
        largest = max(largest, float(np.linalg.norm(root.T @ (change @ slope + DECAY * remainder))))
        moved, slopes = max(moved, float(np.linalg.norm(change, 2))), max(slopes, float(np.abs(slope).max()))
        g = (1 - step * DECAY) * g - step * kernel @ loss.slope(g, y)
        net = descend(net, start, (in_w, in_a), eta=step, decay=DECAY)
        f = net.outputs(x)
        if count in ends:
            allowed = (1 - np.exp(-DECAY * count * step)) / DECAY * largest
            rho = min(loss.lipschitz, slopes)
            found["gap"].append(float(np.linalg.norm(f - g)))
            found["ratio"].append(float(np.linalg.norm(root.T @ (f - g))) / allowed)
            found["plain"].append(float((values[-1] / values[0]) ** 0.5 * rho * N**0.5 / DECAY * moved))
    return found


def counter_example(times: Sequence[float] = (1.0, 3.0, 6.0, 10.0), step: float = 1e-3) -> dict[str, Any]:
    """A scalar loss that is smooth and Lipschitz but not convex: l'(z) = -tanh(z - 0.3), kernel 3, lambda = 1.

    From the equilibrium that no small change survives, a kernel larger by 1e-6 goes as far as it likes; a convex loss
    (logistic) with the same change stays below the repaired bound. Runge-Kutta of order four.
    """

    def bent(z: float, kernel: float) -> float:
        return -z + kernel * np.tanh(z - 0.3)

    def convex(z: float, kernel: float) -> float:
        return -z + kernel / (1 + np.exp(z))

    start = _zero(lambda z: bent(z, 3.0), 0.45)
    found: dict[str, Any] = {"times": list(times), "gap": [], "allowed": [], "convex": []}
    for name, flow, begin in (("gap", bent, start), ("convex", convex, 0.0)):
        f = g = begin
        ends = [round(time / step) for time in times]
        for count in range(1, ends[-1] + 1):
            f, g = _runge_kutta(flow, f, 3.0 + GAP, step), _runge_kutta(flow, g, 3.0, step)
            if count in ends:
                found[name].append(float(abs(f - g)))
    found["allowed"] = [GAP] * len(times)  # rho sqrt(n) / lambda sup |NTK_t - K|
    found["published"] = float(GAP * np.exp(3.0))
    return found


def _zero(function: Any, start: float) -> float:
    """Newton's method."""
    z = start
    for _ in range(50):
        slope = (function(z + 1e-6) - function(z - 1e-6)) / 2e-6
        z -= function(z) / slope
    return z


def _runge_kutta(flow: Any, z: float, kernel: float, step: float) -> float:
    first = flow(z, kernel)
    second = flow(z + 0.5 * step * first, kernel)
    third = flow(z + 0.5 * step * second, kernel)
    fourth = flow(z + step * third, kernel)
    return z + step / 6 * (first + 2 * second + 2 * third + fourth)
