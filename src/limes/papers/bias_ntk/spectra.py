"""Claims 4, 5, 9 to 12 and 14: the spectrum of the kernel over B, its bounds, and the generalisation terms."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from limes.measure import (
    BiasKernel,
    ball_term,
    bias_kernel,
    hermite_bound,
    in_region,
    kernel_spectrum,
    localised_term,
    matrix_bounds,
    power_floors,
    region_bound,
    region_minimum,
    term_without_sparsity,
    worst_case_bound,
)
from limes.papers.bias_ntk.sphere import points, random_labels, teacher_labels

BIASES = tuple(0.5 * i for i in range(7))
_SHOWN = 60  # eigenvalues kept for the figure, evenly in the logarithm of their number


def on_sphere(seed: int, n: int, d: int, samples: int, search: bool) -> dict[str, Any]:
    """`measured` for points on the sphere, with the terms of teacher's and of random labels."""
    x = points(seed, n, d)
    labels = {"teacher": teacher_labels(seed, x), "random": random_labels(seed, n)}
    return measured(x, seed, samples, search, labels)


def measured(
    x: np.ndarray,
    seed: int,
    samples: int,
    search: bool,
    labels: Mapping[str, np.ndarray],
    biases: Sequence[float] = BIASES,
) -> dict[str, Any]:
    """Every figure for each bias, as lists by name.

    Args:
        x: rows of length 1.
        seed: of the vectors in the region.
        samples: vectors of each kind that are tried in the region.
        search: whether the smallest value over the region is found as well.
        labels: by name, for the generalisation terms.
    """
    floors, rows = power_floors(x @ x.T), []
    for bias in biases:
        kernel = bias_kernel(x, bias)
        spectrum = kernel_spectrum(kernel.ntk())
        region, upper = region_bound(kernel, spectrum.bottom), matrix_bounds(kernel.ntk())[1:]
        row = {
            "smallest": spectrum.smallest,
            "frozen": max(float(np.linalg.eigvalsh(kernel.ntk(trainable=False))[0]), 0.0),
            "condition": spectrum.condition,
            "hermite": hermite_bound(bias, floors).value,
            "hermite_frozen": hermite_bound(bias, floors, trainable=False).value,
            "worst": worst_case_bound(bias, kernel.gram).value,
            "region": region.value,
            "inside": region.applies,
            "upper": min(bound.value for bound in upper),
            "violation": _violation(kernel, spectrum.vectors, region.value, samples, seed),
            "minimum": region_minimum(kernel) if search else math.nan,
            "values": spectrum.values[_ranks(len(x))],
        }
        for name, y in labels.items():
            whole, all_of_it = localised_term(spectrum, y)
            row |= {f"with {name}": ball_term(spectrum, y), f"without {name}": term_without_sparsity(spectrum, y)}
            row[f"local {name}"] = whole / all_of_it
        rows.append(row)
    return {name: [row[name] for row in rows] for name in rows[0]} | {
        "biases": list(biases),
        "ranks": (_ranks(len(x)) + 1).tolist(),
        "rows": len(x),
    }


def _ranks(n: int) -> np.ndarray:
    return np.unique(np.geomspace(1, n, _SHOWN).round().astype(int)) - 1


def _violation(kernel: BiasKernel, vectors: np.ndarray, bound: float, samples: int, seed: int) -> float:
    """Largest 1 - a^T H a / bound over unit vectors of the region: above 0 it would not be a bound there.

    Non-negative vectors, dense and sparse; absolute values of low eigenvectors; low eigenvectors moved towards a
    constant until they are in the region; combinations of low eigenvectors and any vectors, as far as they lie in it.
    """
    rng, n = np.random.default_rng([seed, 3]), len(vectors)
    low = vectors[:, ::-1][:, : max(2, n // 5)]
    some = np.abs(rng.standard_normal((n, samples)))
    mixed = low @ rng.standard_normal((low.shape[1], samples))
    parts = [
        some,
        some * (rng.random((n, samples)) < 3 / n),
        np.abs(low),
        low,
        mixed,
        rng.standard_normal((n, samples)),
        *(low + weight / math.sqrt(n) for weight in np.linspace(-1.0, 1.0, 9)),
        *(mixed / np.linalg.norm(mixed, axis=0) + weight / math.sqrt(n) for weight in (0.1, 0.3, 0.6)),
    ]
    a = np.concatenate(parts, axis=1)
    a = a[:, (a != 0).any(axis=0)]
    a = a[:, in_region(kernel, a)]
    a /= np.linalg.norm(a, axis=0)
    return float(1.0 - np.einsum("ij,ij->j", a, kernel.ntk() @ a).min() / bound)
