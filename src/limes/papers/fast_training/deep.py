"""Claim 12: deep networks of which few neurons are active, with and without a clip (Price et al. 2024).

A layer of weights of variance w / fan in and biases of variance b makes of pre-activations of variance q others of

    V(q) = w E[phi(sqrt(q) Z)^2] + b,    and differences of two inputs grow by    chi = w E[phi'(sqrt(q) Z)^2].

At the edge of chaos q = 1 is a fixed point, V(1) = 1, and chi = 1. For phi(x) = min(max(x - tau, 0), m) that means

    w = 1 / P(tau < Z < tau + m),    b = 1 - w E[phi(Z)^2],    with P(Z > tau) the share of active neurons.

Is the fixed point stable? dE[f(sqrt(q) Z)]/dq = E[f''(sqrt(q) Z)] / 2 by Stein's identity, and for f = phi^2 half of
f'' is phi'^2 + phi phi''. At the kink tau, where phi is 0, the second term is nothing; at tau + m the slope falls by 1:

    V'(1) = chi - w m density(tau + m) = 1 - w m density(tau + m).

Without a clip V'(1) = 1, and V' grows with q as the share of active neurons does: a variance above 1, which a network
of finite width has by chance in some layer, grows from layer to layer, by up to w / 2 = 3.3 times a layer at 15 %
active. With a clip the fixed point attracts.
"""

import math
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from scipy.stats import norm

from limes.core.errors import NumericalError
from limes.data import Dataset
from limes.finite import Recipe, outputs, train
from limes.nets import Net, ShiftedRelu, mlp, standard

INACTIVE, CLIP = 0.85, 1.0
NAMES = ("plain", "clip")


def edge_of_chaos(inactive: float, clip: float) -> tuple[float, float, float]:
    """tau, w and b of the module's docstring.

    Args:
        inactive: share of neurons without output.
        clip: m; infinite for none.
    """
    tau = float(norm.isf(1 - inactive))
    square, slope = (1 + tau**2) * norm.sf(tau) - tau * norm.pdf(tau), norm.sf(tau)
    if math.isfinite(clip):
        end = tau + clip
        square -= (1 + end**2) * norm.sf(end) - end * norm.pdf(end) + 2 * clip * (norm.pdf(end) - end * norm.sf(end))
        slope -= norm.sf(end)
    return tau, float(1 / slope), float(1 - square / slope)


def network(depth: int, width: int, features: int, clip: float) -> tuple[Net, float]:
    """A network at the edge of chaos in the standard parametrisation, and the mean square that inputs should have.

    With it the variance of the first layer is that of the fixed point.
    """
    tau, w, b = edge_of_chaos(INACTIVE, clip)
    net = mlp(depth, ShiftedRelu(tau, trainable=False, clip=clip), math.sqrt(w), math.sqrt(b))
    return standard(net, (features,), width), (1 - b) / w


def layers(net: Net, params: Any, x: np.ndarray) -> tuple[list[float], list[float]]:
    """Variance of the pre-activations of each hidden layer, and share of its neurons that are active."""
    variances, active = [], []
    h = jax.numpy.asarray(x)
    for layer, p in zip(net.layers, params, strict=True):
        after = layer.apply(p, h)
        if isinstance(layer, ShiftedRelu):
            variances.append(float((h**2).mean()))
            active.append(float((after > 0).mean()))
        h = after
    return variances, active


def trained(
    seed: int, data: str, whole: Dataset, n: int, width: int, depth: int, rates: Sequence[float], epochs: int
) -> dict[str, Any]:
    """The two networks after training at each rate, momentum 0.9 and batches of 100.

    Returns:
        By network, `error`: on 500 rows, of the rate with the lowest loss in the last tenth of the training; that of
        guessing where training diverged at every rate; `rate`, 0 there; and `variance` and `active` by layer at the
        start.

    Cost: 6 n width^2 depth epochs flops for each rate and network.
    """
    order = np.random.default_rng([seed, 2024]).permutation(len(whole.y))
    x = whole.x.reshape(len(whole.y), -1)[order[: n + 500]].astype(np.float32)
    classes, y = np.unique(whole.y, return_inverse=True)
    y = y[order[: n + 500]]
    x -= x[:n].mean(0)
    x /= np.sqrt((x**2).mean(1, keepdims=True))
    found: dict[str, Any] = {"data": data, "depth": depth, "width": width}
    for name, clip in zip(NAMES, (math.inf, CLIP), strict=True):
        net, square = network(depth, width, x.shape[1], clip)
        inside = x * np.float32(math.sqrt(square))
        params = net.init(seed, (x.shape[1],), width=width, outputs=len(classes))
        variance, active = layers(net, params, inside[:n])
        best = (math.inf, 0.0, 1 - 1 / len(classes))
        for rate in rates:
            recipe = Recipe(epochs=epochs, batch_size=100, learning_rate=rate, seed=seed)
            try:
                run = train(net.apply, params, inside[:n], y[:n], recipe, at=())
            except NumericalError:
                continue
            loss = float(run.losses[-max(1, len(run.losses) // 10) :].mean())
            wrong = float((outputs(net.apply, run.params, inside[n:]).argmax(1) != y[n:]).mean())
            best = min(best, (loss, rate, wrong))
        found[name] = {"error": best[2], "rate": best[1], "variance": variance, "active": active}
    return found
