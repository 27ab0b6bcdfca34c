"""Claims 4 and 5: a trained network as a sum over its training rows, with a kernel that its own path defines.

Under gradient flow of the mean loss with decay lambda and f_0 = 0,

    f_T(x) = sum_i a_i K(x, x_i),   K(x, x_i) = (1/n) int_0^T e^(-lambda (T - t)) |l'_i(t)| NTK_t(x, x_i) dt,
    a_i = -sign l'_i,

wherever the slopes keep their signs. K is symmetric only as long as all |l'_i| are equal: for the hinge loss, until the
first margin is met.
"""

from typing import Any

import numpy as np

from limes.papers.nn_svm.losses import LOSSES
from limes.papers.nn_svm.regularisers import descend
from limes.papers.nn_svm.two_layer import draw
from limes.papers.pairs import Pair

WIDTH, DECAY, TIME = 100, 1e-3, 10.0
STEPS = (0.1, 0.025)
LONG = (0.5, 200.0)
"""Step and time of the runs in which margins are met."""


def identity(seed: int, pair: Pair, n_test: int = 50) -> dict[str, Any]:
    """Largest |f_T - sum_i a_i K| by loss and step, and the largest output; asymmetry before and after margins are met.

    Cost: 500 steps, and as many empirical kernels, of width 100 for each loss.
    """
    inputs = np.concatenate([pair.x, pair.x_test[:n_test]])
    found: dict[str, Any] = {"steps": list(STEPS), "error": {}}
    for name in ("hinge", "logistic"):
        runs = [path(seed, inputs, pair.y, name, eta, TIME) for eta in STEPS]
        found["error"][name] = [float(np.max(np.abs(run["f"] - run["sum"]))) for run in runs]
        found[f"output {name}"] = float(np.max(np.abs(runs[0]["f"])))
        if name == "hinge":
            found["before"], found["met_before"] = asymmetry(runs[0]["kernel"]), runs[0]["met"]
    late = path(seed, inputs, pair.y, "hinge", *LONG)
    found["after"], found["met_after"] = asymmetry(late["kernel"]), late["met"]
    found["turned"] = path(seed, inputs, pair.y, "square", *LONG)["turned"]
    return found


def asymmetry(kernel: np.ndarray) -> float:
    """|K - K^T| / |K| of the square part of a kernel (n + k, n)."""
    square = kernel[: kernel.shape[1]]
    return float(np.linalg.norm(square - square.T) / np.linalg.norm(square))


def path(seed: int, inputs: np.ndarray, y: np.ndarray, name: str, eta: float, time: float) -> dict[str, Any]:
    """Train on the first rows of the inputs, and add up the path kernel.

    Returns:
        `f`: outputs on all inputs at the end; `kernel` (n + k, n); `sum`: f as the kernel's expansion; `met`: share of
        margins that were met; `turned`: share of rows whose slope changed its sign.
    """
    loss, n = LOSSES[name], len(y)
    start = net = draw(seed, inputs.shape[1], WIDTH, symmetric=True, dtype="float64")
    steps = round(time / eta)
    kernel, signs = np.zeros((len(inputs), n)), np.zeros((2, n), bool)
    signed = np.zeros(len(inputs))
    for step in range(steps):
        f, in_w, in_a = net.gradient(inputs[:n], lambda f: loss.slope(f, y) / n)
        slope = loss.slope(f, y)
        weight = eta / n * np.exp(-DECAY * eta * (steps - 1 - step))
        now = net.kernel(inputs, inputs[:n])
        kernel += weight * np.abs(slope) * now
        signed -= weight * now @ slope
        signs[0] |= slope > 0
        signs[1] |= slope < 0
        net = descend(net, start, (in_w, in_a), eta=eta, decay=DECAY)
    f = net.outputs(inputs)
    return {
        "f": f,
        "kernel": kernel,
        "sum": signed,
        "met": float(np.mean(y * f[:n] >= 1)),
        "turned": float(np.mean(signs[0] & signs[1])),
    }
