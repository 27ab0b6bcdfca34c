"""Claim 12: the range of an arc-cosine kernel over a box of inner products and norms, exactly and as QPCert has it.

kappa_1(u) = (u (pi - arccos u) + sqrt(1 - u^2)) / pi has the derivative kappa_0(u) = (pi - arccos u) / pi >= 0, so that
its range over [u, u'] is [kappa_1(u), kappa_1(u')]. With q = |x| |z|, E(c, q) = q kappa_1(c / q) rises with c and, as
dE/dq = sqrt(1 - u^2) / pi, with q: its range over a rectangle is [E(c, q), E(c', q')]. QPCert (Gosch et al. 2024, arXiv
2407.10867) takes the ends of both summands of kappa_1 apart.
"""

from typing import Any

import numpy as np


def kappa(u: np.ndarray) -> np.ndarray:
    """kappa_1, normalised to kappa_1(1) = 1."""
    return (u * (np.pi - np.arccos(u)) + np.sqrt(np.maximum(1 - u**2, 0.0))) / np.pi


def scaled(c: np.ndarray, q: np.ndarray) -> np.ndarray:
    """E(c, q), for |c| cut to q."""
    return q * kappa(np.clip(c / np.maximum(q, 1e-300), -1.0, 1.0))


def summands(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """QPCert's range of kappa_1 over [low, high]: its two summands apart."""
    first = [u * (np.pi - np.arccos(u)) for u in (low, high)]
    second = [np.sqrt(np.maximum(1 - u**2, 0.0)) for u in (low, high)]
    return (first[0] + second[1]) / np.pi, (first[1] + second[0]) / np.pi


def measured(seed: int, boxes: int, inside: int = 8) -> dict[str, Any]:
    """How far sampled values leave the exact ranges, and how much wider QPCert's are.

    Args:
        seed: of the boxes.
        boxes: number of intervals of cosines in [0, 1], as inputs in [0, 1] have them, and of rectangles.
        inside: points sampled in each.
    """
    rng = np.random.default_rng([seed, 12])
    low, high = np.sort(rng.random((2, boxes)), axis=0)
    least, most = kappa(low), kappa(high)
    values = kappa(low + (high - low) * rng.random((inside, boxes)))
    slack = max(float(np.max(least - values)), float(np.max(values - most)))
    loose = summands(low, high)
    ratio = (loose[1] - loose[0]) / np.maximum(most - least, 1e-300)
    c = np.sort(rng.uniform(-1, 1, (2, boxes)), axis=0)
    q = np.sort(rng.uniform(0, 1, (2, boxes)), axis=0)
    share = rng.random((2, inside, boxes))
    values = scaled(*(ends[0] + (ends[1] - ends[0]) * part for ends, part in zip((c, q), share, strict=True)))
    outside = max(float(np.max(scaled(c[0], q[0]) - values)), float(np.max(values - scaled(c[1], q[1]))))
    return {
        "slack": max(slack, 0.0),
        "rectangle": max(outside, 0.0),
        "ratio": float(np.median(ratio)),
        "narrower": int(np.sum(ratio < 1 - 1e-9)),
    }
