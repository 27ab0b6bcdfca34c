"""Claim 7: the population loss in closed form against a mean over samples."""

from typing import Any

import numpy as np

from limes.beyond.features import TwoLayer

_BATCH = 50_000


def errors(seed: int, n: int, m: int, r: int, d: int) -> dict[str, Any]:
    """Closed form less the mean over n samples, in its standard errors, with and without the affine part.

    The affine part of a sample is that of the closed form of its coefficients, E (f - f*) and E (f - f*) x.
    """
    rng = np.random.default_rng(seed)
    nets = [TwoLayer(rng.standard_normal(k), rng.standard_normal((k, d))) for k in (m, r)]
    whole = TwoLayer(np.concatenate([nets[0].coef, -nets[1].coef]), np.concatenate([n.weights for n in nets]))
    mean = whole.coef @ np.linalg.norm(whole.weights, axis=1) / np.sqrt(2 * np.pi)
    slope = whole.coef @ whole.weights / 2
    squares: dict[bool, list[np.ndarray]] = {False: [], True: []}
    for _ in range(n // _BATCH):
        x = rng.standard_normal((_BATCH, d))
        gap = whole.outputs(x)
        squares[False].append(gap**2)
        squares[True].append((gap - mean - x @ slope) ** 2)
    found = []
    for remove_affine, parts in squares.items():
        sample = np.concatenate(parts)
        closed = nets[0].loss(nets[1], remove_affine=remove_affine)
        found.append(float((closed - sample.mean()) / (sample.std() / np.sqrt(len(sample)))))
    return {"n": len(sample), "whole": found[0], "without affine": found[1]}
