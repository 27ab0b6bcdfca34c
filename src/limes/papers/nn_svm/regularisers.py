"""Claims 1 and 2: finite networks under five penalties against the kernel machine that they should follow.

Both start from f = 0 (outputs less initial outputs) and take full-batch steps on the mean hinge loss. The machine
decays at the rate lambda:

    g_{t+1} = (1 - eta lambda) g_t + (eta / n) sum_i 1[y_i g_t(x_i) < 1] y_i K(., x_i).

The network has penalties lambda/2 (p |W - W_0|^2 + q |a - c a_0|^2). Only p = q = c = 1, the distance from the start in
all weights, makes its outputs decay at that rate too; the published one has p = c = 0 and q = 1 / m.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from limes.papers.nn_svm.losses import LOSSES, Loss
from limes.papers.nn_svm.two_layer import NET, TwoLayer, draw

N, D, N_TEST = 40, 10, 5
ETA, DECAY = 0.2, 0.05
SPANS = {0.2: 20, 2.0: 200}
"""Steps at which gaps are measured, by lambda times the time of training."""


@dataclass(frozen=True)
class Penalty:
    """A penalty on the weights, see above.

    Attributes:
        first: p.
        last: q, or None for 1 / m.
        centre: c.
        symmetric: whether the network starts with f = 0 exactly.
    """

    first: float
    last: float | None
    centre: float
    symmetric: bool = False


PENALTIES = {
    "published": Penalty(0.0, None, 0.0),
    "last": Penalty(0.0, 1.0, 0.0),
    "last, symmetric": Penalty(0.0, 1.0, 0.0, symmetric=True),
    "last, centred": Penalty(0.0, 1.0, 1.0),
    "all, centred": Penalty(1.0, 1.0, 1.0),
}


@cache
def problem(seed: int, n: int = N) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Standard normal inputs (n, d), labels by a random half-space, and test inputs: float64."""
    rng = np.random.default_rng([seed, 1])
    x, test = rng.standard_normal((n, D)), rng.standard_normal((N_TEST, D))
    return x, np.where(x @ rng.standard_normal(D) > 0, 1.0, -1.0), test


def gaps(seed: int, widths: Sequence[int], names: Sequence[str] = tuple(PENALTIES)) -> dict[str, Any]:
    """Largest |f - g| over the test inputs, by penalty, for each span and width.

    Cost: 200 steps of 6 n d width multiplications for each penalty and width.
    """
    x, y, test = problem(seed)
    machine = _machine(x, y, test, LOSSES["hinge"])
    found: dict[str, Any] = {"widths": list(widths), "spans": list(SPANS), "scale": np.abs(machine[-1]).max().item()}
    found["gap"] = {
        name: [
            [float(np.max(np.abs(f - g))) for f, g in zip(_network(seed, width, PENALTIES[name]), machine, strict=True)]
            for width in widths
        ]
        for name in names
    }
    return found


def _machine(x: np.ndarray, y: np.ndarray, test: np.ndarray, loss: Loss) -> list[np.ndarray]:
    """Test outputs of the kernel machine after each span."""
    inputs = np.concatenate([x, test])
    kernel = np.asarray(NET.kernel(inputs, x, get="ntk").ntk)
    g, found = np.zeros(len(inputs)), []
    for step in range(1, max(SPANS.values()) + 1):
        g = (1 - ETA * DECAY) * g - ETA / len(x) * kernel @ loss.slope(g[: len(x)], y)
        if step in SPANS.values():
            found.append(g[len(x) :].copy())
    return found


def _network(seed: int, width: int, penalty: Penalty) -> list[np.ndarray]:
    """Test outputs, less the initial ones, of the network after each span."""
    x, y, test = (part.astype(np.float32) for part in problem(seed))
    net = start = draw(seed, D, width, symmetric=penalty.symmetric)
    loss, f_0 = LOSSES["hinge"], start.outputs(x)
    last = 1 / width if penalty.last is None else penalty.last
    found = []
    for step in range(1, max(SPANS.values()) + 1):
        _, in_w, in_a = net.gradient(x, lambda f: loss.slope(f - f_0, y) / len(x))
        net = descend(net, start, (in_w, in_a), penalty.first, last, penalty.centre)
        if step in SPANS.values():
            found.append(net.outputs(test) - start.outputs(test))
    return found


def descend(
    net: TwoLayer,
    start: TwoLayer,
    gradient: tuple[np.ndarray, np.ndarray],
    first: float = 1.0,
    last: float = 1.0,
    centre: float = 1.0,
    eta: float = ETA,
    decay: float = DECAY,
) -> TwoLayer:
    """A step against the gradient of the loss in w and a, and of the penalty."""
    w, a = net.w, net.a
    w = w - np.float32(eta) * gradient[0] if first == 0 else w - eta * (gradient[0] + decay * first * (w - start.w))
    return net.moved(w, a - eta * (gradient[1] + decay * last * (a - centre * start.a)))
