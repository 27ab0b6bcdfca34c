"""Claim 7: what an index of the neurons could save, by dimension: the share of them that it has to look at.

Half-space reporting structures have to find the neurons with <w, x> > B. Exact pruning by balls looks at all members of
a ball unless <c, x> + radius |x| <= B; an inverted file looks at the cells whose centres have the largest <c, x>, and
misses what lies elsewhere.
"""

from typing import Any

import numpy as np
from scipy.special import ndtri
from sklearn.cluster import MiniBatchKMeans

_RECALL = 0.9


def scanned(seed: int, d: int, m: int, share: float, queries: int, clusters: int = 500) -> dict[str, Any]:
    """Shares of m Gaussian neurons, in clusters of k-means, that have to be looked at.

    Returns:
        `balls`: the mean share in balls that cannot be left out; `cells`: the mean share in the fewest cells, by rank
        of their centres, that hold 9 of 10 active neurons; `d`, `share`.

    Cost: k-means, then m d for each query.
    """
    rng = np.random.default_rng([seed, d])
    w = rng.standard_normal((m, d))
    x = rng.standard_normal((queries, d))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    bias = float(-ndtri(share))
    make: Any = MiniBatchKMeans
    fitted = make(clusters, batch_size=4096, n_init=1, max_iter=20, random_state=seed).fit(w)
    centres, member = fitted.cluster_centers_, fitted.labels_
    radius, size = np.zeros(clusters), np.bincount(member, minlength=clusters)
    np.maximum.at(radius, member, np.linalg.norm(w - centres[member], axis=1))
    score = x @ centres.T
    balls = ((score + radius > bias) * size).sum(1) / m
    active = x @ w.T > bias
    cells = []
    for on, order in zip(active, np.argsort(-score, axis=1), strict=True):
        hits = np.bincount(member[on], minlength=clusters)[order]
        needed = int(np.argmax(np.cumsum(hits) >= _RECALL * hits.sum())) + 1
        cells.append(size[order[:needed]].sum() / m)
    return {"d": d, "share": share, "balls": float(balls.mean()), "cells": float(np.mean(cells))}
