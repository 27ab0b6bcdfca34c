"""Claim 11: a bound on the error of the kernel machine from its own norm, and what the paper printed in its place.

Honest: the kernel is fixed before the sample; the ramp loss min(1, hinge) lies in [0, 1], above the 0-1 error, and has
slopes of at most 1; the norm B of the function is read off the data, so that a union over B_k = 2^(k-1) B_0 pays for it
with delta_k = delta / (k (k + 1)). With probability 1 - delta over samples of N,

    E ramp <= mean ramp + 2 B_k sqrt(tr K) / N + 3 sqrt(ln(2 / delta_k) / (2 N)),   B_k the first that is at least B.

tr K is replaced by its largest possible value, so that B_0 does not depend on the sample. Published: the hinge loss,
which is not bounded, the path kernel, which depends on the sample, and B as it came out:

    mean hinge + 2 B sqrt(tr K) / N + 3 sqrt(ln(2 / delta) / (2 N)).
"""

import math
from typing import Any

import numpy as np

from limes.papers.nn_svm.losses import LOSSES
from limes.papers.nn_svm.path_kernel import DECAY, WIDTH
from limes.papers.nn_svm.regularisers import descend
from limes.papers.nn_svm.two_layer import NET, draw
from limes.papers.pairs import Pair

DELTAS = (0.05, 0.01)
ETA, STEPS, EVERY = 0.1, 100, 5
_FIRST = 0.01  # 2 B_0 sqrt(tr K) / N


def honest(ramp: float, norm: float, n: int, largest: float, delta: float) -> float:
    """The bound on the expected ramp loss of a kernel machine.

    Args:
        ramp: its mean on the sample.
        norm: of the function in the kernel's Hilbert space.
        n: rows of the sample.
        largest: value that K(x, x) cannot exceed, for any input there may be.
        delta: probability with which the bound may fail.
    """
    first = _FIRST * math.sqrt(n) / (2 * math.sqrt(largest))
    k = max(1, 1 + math.ceil(math.log2(max(norm / first, 1e-300)) - 1e-12))
    share = delta / (k * (k + 1))
    return ramp + _FIRST * 2 ** (k - 1) + 3 * math.sqrt(math.log(2 / share) / (2 * n))


def bounds(seed: int, pair: Pair) -> dict[str, Any]:
    """Both bounds along 100 steps of training, test errors and test losses of the kernel machine and of a network.

    Pixels lie in [0, 1], so that |x|^2 / d and with it K(x, x) is at most 1.

    Cost: kernels of all rows; 100 steps of the network with an empirical kernel each.
    """
    x, y, test, labels, n = pair.x, pair.y, pair.x_test, pair.y_test, len(pair.y)
    kernel, cross = (np.asarray(NET.kernel(z, x, get="ntk").ntk) for z in (x, test))
    loss = LOSSES["hinge"]
    start = net = draw(seed, x.shape[1], WIDTH, symmetric=True)
    narrow = x.astype(np.float32)
    a, path = np.zeros(n), np.zeros((n, n), np.float32)
    found: dict[str, Any] = {name: [] for name in ("step", "error", "ramp", "network error", "gap", "published hinge")}
    found |= {f"{kind} {delta}": [] for kind in ("honest", "published") for delta in DELTAS}
    for step in range(STEPS + 1):
        g = kernel @ a
        f, in_w, in_a = net.gradient(narrow, lambda f: loss.slope(f, y) / n)
        if step % EVERY == 0 or step == 1:
            tested, finite = cross @ a, net.outputs(test.astype(np.float32))
            found["step"].append(step)
            # before the first step the function is 0 and has no labels: all of them count as wrong
            found["error"].append(float(np.mean(labels * tested <= 0)))
            found["ramp"].append(float(np.mean(np.clip(1 - labels * tested, 0, 1))))
            found["network error"].append(float(np.mean(labels * finite <= 0)))
            found["gap"].append(float(np.max(np.abs(finite - tested))))
            hinge = float(np.mean(np.maximum(1 - y * f, 0)))
            found["published hinge"].append(hinge)
            signs = y  # a of the path kernel
            norm = math.sqrt(max(float(signs @ path @ signs), 0.0))
            complexity = 2 * norm * math.sqrt(float(np.trace(path))) / n
            for delta in DELTAS:
                mean = float(np.mean(np.clip(1 - y * g, 0, 1)))
                found[f"honest {delta}"].append(honest(mean, math.sqrt(max(a @ g, 0.0)), n, 1.0, delta))
                found[f"published {delta}"].append(hinge + complexity + 3 * math.sqrt(math.log(2 / delta) / (2 * n)))
        a = (1 - ETA * DECAY) * a - ETA / n * loss.slope(g, y)
        path = (1 - ETA * DECAY) * path + ETA / n * np.abs(loss.slope(f, y)).astype(np.float32) * net.kernel(
            narrow, narrow
        )
        net = descend(net, start, (in_w, in_a), eta=ETA, decay=DECAY)
    return found
