"""Claims 1 to 3: the iterates of dense descent, what goes wrong without a certificate, and what that costs."""

from typing import Any

import numpy as np

from limes.finite.inactive import ShallowNet, train_shallow
from limes.papers.fast_training.problem import problem


def exact(seed: int, n: int, d: int, m: int, bias: float, steps: int) -> dict[str, Any]:
    """Both forms against dense descent, in float32.

    Returns:
        `relative`, by form: the largest relative difference of the losses; `beyond`: that of dense descent in float32
        to dense descent in float64; `uncovered`: by form, active pairs that were not in the lists, over all steps;
        `refreshed`: by form, the mean share of neurons whose list ran out in a step.

    Cost: 8 n m d flops a step for the references.
    """
    net, x, y, rate = problem(seed, n, d, m, bias)
    at = range(0, steps + 1, max(1, steps // 10))
    measures = {"active": lambda net: float(net.activations(x).mean())}
    found: dict[str, Any] = {"relative": {}, "uncovered": {}, "refreshed": {}}
    right = dense(net, x, y, rate, steps)
    w, b, a = (v.astype(np.float64) for v in (net.weights, net.thresholds, net.readout))
    double = ShallowNet(w, b, a)
    for form in ("rows", "gram"):
        run = train_shallow(net, x, y, steps=steps, learning_rate=rate, form=form)
        found["relative"][form] = float(np.abs(run.losses / right - 1).max())
        found["refreshed"][form] = float(run.refreshed[1:].mean())
        # in float32 other sums would put a few pairs on the other side of zero
        run = train_shallow(double, x, y, steps=steps, learning_rate=rate, form=form, measures=measures, at=at)
        missed = np.abs(run.records["active"] - run.active[list(at)]) * n * m
        found["uncovered"][form] = int(np.rint(missed).sum())
    exactly = dense(double, x.astype(np.float64), y, rate, steps)
    return found | {"beyond": float(np.abs(right / exactly - 1).max())}


def dense(net: ShallowNet, x: np.ndarray, y: np.ndarray, rate: float, steps: int) -> np.ndarray:
    """(steps + 1,) losses of dense gradient descent, in the precision of x."""
    w, b, a = (v.astype(x.dtype) for v in (net.weights, net.thresholds, net.scaled))
    losses = []
    for i in range(steps + 1):
        z = x @ w.T - b
        error = np.maximum(z, 0) @ a - y.astype(x.dtype)
        losses.append(0.5 * float(np.sum(error.astype(np.float64) ** 2)))
        if i < steps:
            pull = (z > 0) * (error @ a.T) * x.dtype.type(rate)
            w -= pull.T @ x
            b += pull.sum(0)
    return np.array(losses)


def stale(seed: int, n: int, d: int, m: int, bias: float, steps: int, skins: list[float]) -> dict[str, Any]:
    """Lists that are made once and never renewed.

    Returns:
        For each skin `first`: the first step at which a pair is active that is in no list, `steps` + 1 for none;
        `wrong`: the largest relative error of the loss; and `beyond`: the share of neurons with a pair that has moved
        by more than the skin at step 7.

    Cost: 4 n m d flops a step and skin.
    """
    net, x, y, rate = problem(seed, n, d, m, bias)
    right = dense(net, x, y, rate, steps)
    found: dict[str, Any] = {"skins": list(skins), "first": [], "wrong": [], "beyond": []}
    start = x @ net.weights.T - net.thresholds
    for skin in skins:
        w, b, a = net.weights.copy(), net.thresholds.copy(), net.scaled
        listed, first, losses, beyond = start > -skin, steps + 1, [], 0.0
        for i in range(steps + 1):
            z = x @ w.T - b
            if i == 7:
                beyond = float((np.abs(z - start).max(0) > skin).mean())
            on = z > 0
            if first > steps and (on & ~listed).any():
                first = i
            on &= listed
            error = (z * on) @ a - y
            losses.append(0.5 * float(np.sum(error**2)))
            pull = (on * (error @ a.T) * rate).astype(w.dtype)
            w -= pull.T @ x
            b += pull.sum(0)
        found["first"].append(first)
        found["wrong"].append(float(np.abs(np.array(losses) / right - 1).max()))
        found["beyond"].append(beyond)
    return found


def renewal(seed: int, n: int, d: int, m: int, bias: float, steps: int) -> dict[str, Any]:
    """How many lists run out in a step, by step, and the shares of active and listed pairs.

    Cost: `train_shallow` of rows.
    """
    net, x, y, rate = problem(seed, n, d, m, bias)
    run = train_shallow(net, x, y, steps=steps, learning_rate=rate, form="rows")
    return {
        "bias": bias,
        "m": m,
        "refreshed": run.refreshed[1:].tolist(),
        "active": run.active.tolist(),
        "loss": (run.losses / run.losses[0]).tolist(),
        "listed": run.listed,
    }
