"""Claims 2, 5, 6 and 8: what a bound depends on besides the weights, and whether the released formula is one."""

from typing import Any

import numpy as np

from limes.data import Dataset
from limes.measure import data_norms, norm_bounds
from limes.measure.bound_layers import weight_layers
from limes.measure.norm_bounds import first_term
from limes.papers.norm_bounds.course import CLASSES, Task, rows_of, training_of

SIGNS = 200
"""Random signs for a Rademacher complexity."""


def read_out(task: Task, data: Dataset, seed: int) -> dict[str, Any]:
    """The complexity of x -> <w, x>, |w| <= 1, against the formula for it as a 1 x 1 convolution with a read-out.

    On pixels that are not negative, a 1 x 1 convolution with one channel of weight 1 is the identity. The complexity is
    the mean over random signs e of |sum_i e_i x_i| / n, and the formula of the theorem, without the constants that
    belong to the loss, (rho / n) (1 + sqrt(2 (log terms + ln C))) sqrt(data) with rho = C = 1.
    """
    x = rows_of(task, data, seed).x
    n, side = x.shape[:2]
    flat = x.reshape(n, -1).astype(np.float64)
    signs = np.random.default_rng([seed, 23]).choice([-1.0, 1.0], size=(SIGNS, n))
    sums = np.linalg.norm(signs @ flat, axis=1) / n
    layers = weight_layers([np.ones((1, 1, 1, 1)), np.full((flat.shape[1], 1), 1 / side)], x.shape[1:])
    found = norm_bounds(layers, data_norms(x))
    per_rho = found.rho / (found.rho + 1) / 2**1.5
    return {
        "complexity": float(sums.mean()),
        "error": float(sums.std(ddof=1) / np.sqrt(SIGNS)),
        "released": found.first * per_rho,
        "complete": (found.complete - found.additive) * per_rho,
        "pixels": flat.shape[1],
    }


def nodes(task: Task, data: Dataset, seed: int, units: int) -> dict[str, Any]:
    """Both norms of V relu(W x), and bounds with pixels, the whole input, or units as nodes."""
    rows = rows_of(task, data, seed)
    run, layers = training_of(task, "dense", 1, units, 3e-3, seed).run(rows.x, rows.y, CLASSES)
    made = layers(run.params)
    one = norm_bounds(made, data_norms(rows.x, "image"))
    pixels, each = (norm_bounds(made, data_norms(rows.x), units=kind) for kind in ("layer", "unit"))
    return {
        "rho": {"layer": pixels.rho, "unit": each.rho},
        "sparse": {"one": one.sparse, "pixels": pixels.sparse, "units": each.sparse},
        "complete": {"one": one.complete, "pixels": pixels.complete, "units": each.complete},
        "golowich": one.golowich,
    }


def samples(data: Dataset) -> dict[str, Any]:
    """D and squared norms of all training images and of five sixths of them, raw, in their own units."""
    count = len(data.x)
    some = count * 5 // 6
    whole, part = data_norms(data.x), data_norms(data.x[:some])
    return {
        "n": [some, count],
        "node": [part.node, whole.node],
        "total": [part.total, whole.total],
        "shape": list(data.x.shape[1:]),
    }


def colours(data: Dataset, count: int = 5000) -> dict[str, Any]:
    """First terms, rho = 1, for raw and standardised colour images and nodes of one channel or of all."""
    x = data.x[:count].astype(np.float64)
    standardised = (x - x.mean(axis=(0, 1, 2))) / x.std(axis=(0, 1, 2))
    found = {}
    for name, images in (("raw", x), ("standardised", standardised)):
        for per in ("channel", "pixel"):
            norms = data_norms(images, per)
            found[f"{name}, {per}"] = first_term(1.0, 4 * np.log(8), CLASSES, norms.node * 4**3, norms.n)
    return found
