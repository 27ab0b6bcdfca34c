"""Claim 9: the certified radius of finite networks by interval bounds, over widths."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from limes.certify import network_radius
from limes.papers.nn_svm.losses import LOSSES
from limes.papers.nn_svm.regularisers import descend
from limes.papers.nn_svm.two_layer import NET, TwoLayer, draw
from limes.papers.pairs import digits

ETA, DECAY = 1.0, 1e-3


def measured(seed: int, widths: Sequence[int], n: int, steps: int, n_points: int = 20) -> dict[str, Any]:
    """Mean radii of test points by width, l-inf and l2, of networks trained with the hinge loss and f_0 = 0.

    Cost: `steps` times 6 n 64 width multiplications for each width.
    """
    pair = digits(0, 1, seed, n)
    found: dict[str, Any] = {"widths": list(widths), "linf": [], "l2": [], "accuracy": [], "margin": []}
    for width in widths:
        net = trained(seed, width, pair.x, pair.y, steps)
        signs = np.sign(net.outputs(pair.x_test.astype(np.float32)))
        right = np.flatnonzero(signs == pair.y_test)
        found["accuracy"].append(len(right) / len(signs))
        for norm in ("linf", "l2"):
            certified = network_radius(NET, params_of(net), pair.x_test[right[:n_points]], norm=norm)
            found[norm].append(float(certified.radius.mean()))
        found["margin"].append(float(certified.margin.mean()))
    return found


def params_of(net: TwoLayer) -> Any:
    """The weights as `nets.mlp(2, w_std=1)` takes them."""
    return [{"w": net.w}, (), {"w": net.a[:, None]}]


def trained(seed: int, width: int, x: np.ndarray, y: np.ndarray, steps: int) -> TwoLayer:
    """A network after full-batch steps on the mean hinge loss."""
    loss, x = LOSSES["hinge"], x.astype(np.float32)
    start = net = draw(seed, x.shape[1], width, symmetric=True)
    for _ in range(steps):
        _, in_w, in_a = net.gradient(x, lambda f: loss.slope(f, y) / len(x))
        net = descend(net, start, (in_w, in_a), eta=ETA, decay=DECAY)
    return net
