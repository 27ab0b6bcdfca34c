"""Claim 6: on {e_j -> 1, j = 1..d} and {0 -> -1}, a first layer of width rho^2 d or less is never robust.

Half the distance between labels is 1/2, and balls have radius rho / 2. Let P project on the row space of the first
layer. Where |P e_j| <= rho, the points e_j - P e_j / 2 and P e_j / 2 lie in the two closed balls and are the same to
the first layer, and so to every network behind it. Since sum_j |P e_j|^2 is the rank, at most the width m, there is
such a j whenever m <= rho^2 d. A harmonic frame has |P e_j|^2 = m / d for every j, and then

    f(x) = sum_j relu(<u_j, P x> - rho / 2) - (sqrt(m / d) - rho) / 2,    u_j = P e_j / |P e_j|,

is at least (sqrt(m / d) - rho) / 2 on the balls round the e_j and minus that on the ball round 0. So the smallest first
width is floor(rho^2 d) + 1.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from limes.papers.convergence_at.small_nets import draw, outputs, train

_ROUNDING = 1e-12
BEHIND = 64
"""Width of the second layer of trained networks."""


def law(d: int, rho: float) -> int:
    """floor(rho^2 d) + 1, the smallest first width."""
    return int(np.floor(rho**2 * d + _ROUNDING)) + 1


def harmonic_frame(m: int, d: int) -> np.ndarray:
    """Orthonormal rows (m, d), m <= d, whose columns all have the norm sqrt(m / d).

    Cosines and sines of m / 2 frequencies; for odd m the constant besides, or, for even d, alternating signs. With
    d odd and m even, or the other way round, these are all there are; so every m up to d can be made.
    """
    places = np.arange(d)
    rows = [np.ones(d) / np.sqrt(d)] if m % 2 else []
    for k in range(1, (m - len(rows)) // 2 + 1):
        if 2 * k == d:
            break
        angle = 2 * np.pi * k * places / d
        rows += [np.sqrt(2 / d) * np.cos(angle), np.sqrt(2 / d) * np.sin(angle)]
    if len(rows) < m:  # m = d, both even: the constant and the alternating row take the last frequency's place
        rows += [np.ones(d) / np.sqrt(d), (-1.0) ** places / np.sqrt(d)]
    return np.array(rows[:m])


def collision(first: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Two points that a first layer (m, d) does not tell apart, near an e_j and near 0, and that |P e_j|.

    Each lies |P e_j| / 2 from the centre of its ball; j is where that is smallest.
    """
    rows = np.linalg.svd(first, full_matrices=False)
    kept = rows.Vh[rows.S / rows.S[0] > 1e-10]
    j = int(np.argmin((kept**2).sum(axis=0)))
    image = kept.T @ kept[:, j]
    return np.eye(first.shape[1])[j] - image / 2, image / 2, float(np.linalg.norm(image))


def random_layers(seed: int, d: int, ratios: Sequence[float], count: int) -> dict[str, Any]:
    """Random Gaussian first layers and the harmonic frame, for each width up to d.

    Returns:
        By rho `law`; `frame`: smallest width at which the frame has no collision; `missed`: layers of width rho^2 d or
        less, of `tried`, without a collision; `half`: smallest width at which half of the random layers have none;
        `explicit`: smallest margin over all balls, by exact bounds, of the network of the module's text at the frame's
        width. And `different`: largest distance of the first layer's outputs at two colliding points, over its norm.
    """
    rng = np.random.default_rng([seed, d])
    random, frame, different = np.empty((d, count)), np.empty(d), 0.0
    for m in range(1, d + 1):
        for i in range(count + 1):
            layer = rng.standard_normal((m, d)) if i < count else harmonic_frame(m, d)
            near, far, share = collision(layer)
            if i < count:
                random[m - 1, i] = share
            else:
                frame[m - 1] = share
            different = max(different, float(np.abs(layer @ (near - far)).max() / np.linalg.norm(layer)))
    found: dict[str, Any] = {"d": d, "ratios": list(ratios), "different": different}
    found |= {name: [] for name in ("law", "frame", "missed", "tried", "half", "explicit")}
    for rho in ratios:
        low = law(d, rho) - 1  # the widths of which there is a collision in every layer
        apart = random > rho + _ROUNDING
        found["law"].append(law(d, rho))
        found["frame"].append(1 + int(np.argmax(frame > rho + _ROUNDING)))
        found["missed"].append(int(apart[:low].sum() + (frame[:low] > rho + _ROUNDING).sum()))
        found["tried"].append(low * (count + 1))
        found["half"].append(1 + int(np.argmax(apart.mean(axis=1) >= 0.5)))
        found["explicit"].append(explicit_margin(law(d, rho), d, rho))
    return found


def explicit_margin(m: int, d: int, rho: float) -> float:
    """The smallest margin of the network of the module's text over all balls, from the largest moves of its units.

    Unit j has the slope u_j of norm 1 in P x, and P x moves by at most rho / 2: round e_j it is at least
    |P e_j| - rho, round 0 every unit is at most 0.
    """
    frame = harmonic_frame(m, d)
    image = frame.T @ frame
    units = image / np.linalg.norm(image, axis=1, keepdims=True)
    threshold = (np.sqrt(m / d) - rho) / 2
    slopes = np.linalg.norm(units @ image, axis=1)
    near = np.maximum(np.einsum("ij,ij->i", units, image) - slopes * rho / 2 - rho / 2, 0.0) - threshold
    far = threshold - np.maximum(slopes * rho / 2 - rho / 2, 0.0).sum()
    return float(min(near.min(), far))


def trained(seed: int, d: int, rho: float, widths: Sequence[int], steps: int, starts: int) -> dict[str, Any]:
    """Robust training of relu networks with two hidden layers, the first of each of the given widths.

    The point 0 weighs as much as all others together, so that training does not ignore it.

    Returns:
        By width `balls`: largest share of balls in which attacks find nothing, over starts; `unbroken`: number of
        starts with no ball broken by attacks; `robust`: those of them that the colliding pair does not break either;
        and `smallest`: the first width with a robust network, 2 d if there is none; `law`.

    Cost: a program to compile for each width, then about 30 passes a step and start.
    """
    x = np.concatenate([np.eye(d), np.zeros((1, d))])
    y = np.concatenate([np.ones(d), [-1.0]])
    weights = np.concatenate([np.full(d, 0.5 / d), [0.5]])
    scale = d**0.5
    found: dict[str, Any] = {"d": d, "rho": rho, "law": law(d, rho), "widths": list(widths), "starts": starts}
    found |= {"balls": [], "unbroken": [], "robust": []}
    for width in widths:
        first = draw(seed, starts, (d, width, BEHIND, 1))
        params, margins = train(first, scale * x, y, scale * rho / 2, steps, weights)
        unbroken = (margins > 0).all(axis=1)
        told_apart = np.array([not _pair_breaks(params, start, rho, scale) for start in range(starts)])
        found["balls"].append(float((margins > 0).mean(axis=1).max()))
        found["unbroken"].append(int(unbroken.sum()))
        found["robust"].append(int((unbroken & told_apart).sum()))
    enough = [width for width, count in zip(widths, found["robust"], strict=True) if count]
    return found | {"smallest": enough[0] if enough else 2 * d}


def _pair_breaks(params: Any, start: int, rho: float, scale: float) -> bool:
    """Whether a trained network errs at one of its colliding points, if they lie in the balls."""
    net = [{name: a[start] for name, a in layer.items()} for layer in params]
    near, far, share = collision(np.asarray(net[0]["w"], np.float64).T)
    if share > rho:
        return False
    f = np.asarray(outputs(net, (scale * np.stack([near, far])).astype(np.float32)))
    return bool(f[0] <= 0 or f[1] >= 0)
