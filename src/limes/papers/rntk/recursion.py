"""Claim 2: the recursion of one layer over the whole grid of steps, one pair of series and one number at a time.

Written from the formulas, without arrays and without anything of `limes.nets`, so that the vectorised rule can be
compared with it; and the only form that knows a start shared by all series, which the layer does not offer (claim 3).

    S[t,s] = u^2 <x_t, z_s>/m + b^2 + w^2 V[t-1,s-1]     T[t,s] = S[t,s] + w^2 V'[t-1,s-1] T[t-1,s-1]

where at t = s = 1 the last term of S is w^2 h^2 for one start, and 0 for two; elsewhere at the first step it is 0.

Cost: as many steps as the grid has cells, microseconds each.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from limes.nets import Dense, Net, Recurrent, serial

Dual = Callable[[float, float, float], tuple[float, float]]


@dataclass(frozen=True)
class Plain:
    """One recurrent layer: an activation, standard deviations, and whether all series have one start."""

    activation: str
    w_std: float = 1.3
    u_std: float = 1.0
    b_std: float = 0.3
    h_std: float = 0.5
    shared_start: bool = False

    def net(self, readout: str) -> Net:
        """The same net in limes, where each series has a start of its own."""
        layer = Recurrent(self.activation, 1, False, self.w_std, self.u_std, self.b_std, self.h_std, readout)  # pyright: ignore
        return serial(layer, Dense())


def _relu(k: float, a: float, b: float) -> tuple[float, float]:
    root = math.sqrt(a * b)
    c = max(-1.0, min(1.0, k / root))
    angle = math.pi - math.acos(c)
    return root / (2 * math.pi) * (c * angle + math.sqrt(1 - c * c)), angle / (2 * math.pi)


def _erf(k: float, a: float, b: float) -> tuple[float, float]:
    product = (1 + 2 * a) * (1 + 2 * b)
    return 2 / math.pi * math.asin(2 * k / math.sqrt(product)), 4 / math.pi / math.sqrt(product - 4 * k * k)


DUALS: dict[str, Dual] = {"relu": _relu, "erf": _erf}


def variances(plain: Plain, x: np.ndarray) -> list[float]:
    """Variance of the preactivation at each step of a series (time, channels)."""
    dual, found, before = DUALS[plain.activation], [], plain.h_std**2
    for row in x:
        found.append(plain.u_std**2 * float(row @ row) / len(row) + plain.b_std**2 + plain.w_std**2 * before)
        before = dual(found[-1], found[-1], found[-1])[0]
    return found


def grid(plain: Plain, x: np.ndarray, z: np.ndarray, same: bool) -> list[list[float]]:
    """NTK of a read-out at step t of x (time, channels) and step s of z; same: whether they are one series."""
    dual, a, b = DUALS[plain.activation], variances(plain, x), variances(plain, z)
    inputs = (x @ z.T / x.shape[1]).tolist()
    w, u, bias = plain.w_std**2, plain.u_std**2, plain.b_std**2
    start = w * plain.h_std**2 if same or plain.shared_start else 0.0
    values, slopes, tangents = ([[0.0] * len(z) for _ in range(len(x))] for _ in range(3))
    for t in range(len(x)):
        for s in range(len(z)):
            k = u * inputs[t][s] + bias + (w * values[t - 1][s - 1] if t and s else start if t == s else 0.0)
            theta = k + (w * slopes[t - 1][s - 1] * tangents[t - 1][s - 1] if t and s else 0.0)
            values[t][s], slopes[t][s] = dual(a[t] if same and t == s else k, a[t], b[s])
            tangents[t][s] = theta
    return [
        [v + d * theta for v, d, theta in zip(*rows, strict=True)]
        for rows in zip(values, slopes, tangents, strict=True)
    ]


def read(cells: list[list[float]], readout: str) -> float:
    """The last cell, or the mean over all."""
    return cells[-1][-1] if readout == "last" else math.fsum(map(math.fsum, cells)) / (len(cells) * len(cells[0]))


def differences(seed: int, n_pairs: int, longest: int) -> dict[str, float]:
    """Largest relative difference between both forms, for each read-out, over pairs of random series of any lengths.

    A fifth of the pairs are a series with itself. Both activations.
    """
    rng = np.random.default_rng([seed, 2])
    x, z = rng.standard_normal((2, n_pairs, longest, 3))
    n_x, n_z = rng.integers(1, longest + 1, (2, n_pairs))
    alike = np.arange(n_pairs) % 5 == 0
    z[alike], n_z[alike] = x[alike], n_x[alike]
    found = {"last": 0.0, "mean_shared": 0.0}
    for activation in DUALS:
        plain = Plain(activation)
        cells = [grid(plain, x[i, : n_x[i]], z[i, : n_z[i]], bool(alike[i])) for i in range(n_pairs)]
        for readout in found:
            values = np.array([read(one, readout) for one in cells])
            kernel = np.diagonal(plain.net(readout).kernel((x, n_x), (z, n_z), get="ntk").ntk)  # pyright: ignore
            found[readout] = max(found[readout], float(np.max(np.abs(kernel - values) / np.abs(values))))
    return found
