"""Claim 14: adversarial training of finite networks by gradient flow against its linearisation.

A finite network in the NTK parametrisation is trained as the theory is written: the attack is a gradient flow in the
input of strength eta S without a ball, the weights follow the gradient of 1/2 sum |f - Y|^2 at the attacked points,
held fixed. Both flows are integrated by the classical Runge-Kutta scheme. With f_0 = 0 for every input there would be
nothing to attack, since df/dx = 0 too; so the targets are moved by f_0 at the training points instead, which gives the
same residuals and leaves df/dx as it is.
"""

import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from limes.nets import Net, mlp
from limes.robust.ark import ark
from limes.robust.dynamics import adversarial_flow

_STEP = 1.0  # of the outer flow, times its fastest rate: an error of 0.007 of that mode, which soon is gone
_INNER_STEPS = 2
_SAVED = 20  # points in time


def distances(
    seed: int,
    parts: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    depth: int,
    widths: Sequence[int],
    strengths: Sequence[float],
    length: float,
) -> dict[str, Any]:
    """Largest distance over time between finite networks and the limit, by strength of the attack and width.

    Args:
        seed: of the networks.
        parts: training points (n, d) and labels (n,) in 0..9, test points and labels.
        depth: dense layers.
        widths: of the hidden layers.
        strengths: a eta S, the exponents by which the linearised attack multiplies residuals; 0 is standard
            training.
        length: of training, in units of one over the largest eigenvalue of the kernel.

    Returns:
        "distance" and "distance_test" (strengths, widths): norms over points and outputs, relative to the targets and
        to the largest test output of the limit; "accuracy" (strengths, widths) on the test points at the end, and
        "limit_accuracy" (strengths,); "inner_error" (strengths, widths): relative error of the residuals that the first
        attack is expected to leave.
    """
    x, labels, x_test, labels_test = parts
    net, y = mlp(depth), np.eye(10)[labels] - 0.1
    gram, gram_test = (np.asarray(net.kernel(a, x, get="ntk").ntk) for a in (x, x_test))
    a, largest = float(ark(net, x)[0]), float(np.linalg.eigvalsh(gram)[-1])
    end = length / largest
    names = ("distance", "distance_test", "accuracy", "inner_error")
    result: dict[str, Any] = {name: np.zeros((len(strengths), len(widths))) for name in names}
    result["limit_accuracy"] = np.zeros(len(strengths))
    for i, exponent in enumerate(strengths):
        per_save = int(np.ceil(length * np.exp(exponent) / _STEP / _SAVED))
        times = end / _SAVED * np.arange(1, _SAVED + 1)
        limit = adversarial_flow(gram, y, times.tolist(), ark=a, eta=exponent / a, gram_test=gram_test)
        assert limit.test is not None
        result["limit_accuracy"][i] = (limit.test[-1].argmax(axis=1) == labels_test).mean()
        for j, width in enumerate(widths):
            key = jax.random.fold_in(jax.random.key(seed), width)
            params = net.init(key, x.shape[1:], width, 10)
            points = [jnp.asarray(v, jnp.float32) for v in (x, y, x_test)]
            found = _train(net, jnp.int32(per_save), params, *points, exponent / a, end / _SAVED / per_save)
            train, test, attacked = (np.asarray(v, np.float64) for v in found)
            result["distance"][i, j] = _largest(train - limit.train) / np.linalg.norm(y)
            result["distance_test"][i, j] = _largest(test - limit.test) / _largest(limit.test)
            result["accuracy"][i, j] = (test[-1].argmax(axis=1) == labels_test).mean()
            expected = -np.exp(exponent) * y
            result["inner_error"][i, j] = np.linalg.norm(attacked - expected) / np.linalg.norm(expected)
    return result | {"strengths": list(strengths), "widths": list(widths), "ark": a}


def _largest(values: np.ndarray) -> float:
    return float(np.linalg.norm(values, axis=(1, 2)).max())


@functools.partial(jax.jit, static_argnums=(0,))
def _train(
    net: Net,
    per_save: jax.Array,
    params: Any,
    x: jax.Array,
    y: jax.Array,
    x_test: jax.Array,
    strength: jax.Array,
    h: jax.Array,
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Movement of f at training and test points at each saved time, and the residuals after the first attack."""
    start, start_test = net.apply(params, x), net.apply(params, x_test)
    targets = y + start

    def uphill(weights: Any, moved: jax.Array) -> jax.Array:
        value, pull = jax.vjp(lambda z: net.apply(weights, z), moved)
        return pull(value - targets)[0]

    def attacked(weights: Any) -> jax.Array:
        slope = functools.partial(uphill, weights)
        h = strength / _INNER_STEPS
        return jax.lax.fori_loop(0, _INNER_STEPS, lambda _, moved: _runge_kutta(slope, moved, h), x)

    def downhill(weights: Any) -> Any:
        moved = attacked(weights)
        value, pull = jax.vjp(lambda w: net.apply(w, moved), weights)
        return pull(targets - value)[0]

    def piece(weights: Any, _: None) -> tuple[Any, tuple[jax.Array, jax.Array]]:
        weights = jax.lax.fori_loop(0, per_save, lambda _, w: _runge_kutta(downhill, w, h), weights)
        return weights, (net.apply(weights, x) - start, net.apply(weights, x_test) - start_test)

    first = net.apply(params, attacked(params)) - targets
    train, test = jax.lax.scan(piece, params, None, length=_SAVED)[1]
    return train, test, first


def _runge_kutta(slope: Any, state: Any, h: Any) -> Any:
    """One step of the classical scheme of order four on a pytree."""

    def moved(k: Any, share: float) -> Any:
        return jax.tree.map(lambda s, v: s + share * h * v, state, k)

    k1 = slope(state)
    k2 = slope(moved(k1, 0.5))
    k3 = slope(moved(k2, 0.5))
    k4 = slope(moved(k3, 1.0))
    return jax.tree.map(lambda s, a, b, c, d: s + h / 6 * (a + 2 * b + 2 * c + d), state, k1, k2, k3, k4)
