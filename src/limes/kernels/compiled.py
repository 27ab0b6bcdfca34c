"""The recursion of convolutional nets without strides as a compiled loop: one spatial offset at a time.

The covariance of position p of x with position p + d of x' evolves independently of all other offsets d through
convolutions of stride 1 and through functions of each unit. So one offset of sixteen pairs of inputs, a few hundred
kilobytes at most, stays in the cache through all layers, with pairs across the lanes of the processor's vectors, where
XLA would pass over all pairs of positions once a layer. A flatten head needs the offset 0 alone; global pooling adds
up all of them. `limes.kernels.block` is the same in plain JAX, and the oracle of this file's tests.
"""

import math
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from limes.kernels import loops
from limes.kernels.program import Program, Rectifier, Window


def _tables(program: Program) -> tuple[np.ndarray, np.ndarray, tuple[int, int]]:
    """Steps as integers (n, 8) and floats (n, 4), and the number of positions after them.

    A row of integers: 0 for a window, 1 for a rectifier, 2 for erf; the window's size; zeros before it; positions
    behind it; the number of the activation.
    """
    integers, floats, sizes, n_activations = [], [], program.sizes, 0
    for step in program.steps:
        if isinstance(step, Window):
            sizes, count = step.sizes_after(sizes), math.prod(step.size)
            integers.append([0, *step.size, *step.before, *sizes, 0])
            floats.append([step.weight / count, step.bias, step.own / count, step.own_bias])
            continue
        alpha = step.alpha if isinstance(step, Rectifier) else 0.0
        integers.append([1 if isinstance(step, Rectifier) else 2, 0, 0, 0, 0, *sizes, n_activations])
        floats.append([(1 + alpha) ** 2 / 4, (1 - alpha) ** 2 / (2 * math.pi), (1 + alpha**2) / 2, 0.0])
        n_activations += 1
    return np.array(integers, np.int64), np.array(floats, np.float64), sizes


@dataclass(frozen=True)
class Images:
    """A batch as the loops want it.

    Attributes:
        x: (n, height, channels, width).
        v: (n, activations, height, width), variances before each activation.
        r: their inverse roots, of v or, for erf, of 1 + 2v.
        q: their roots.
    """

    x: np.ndarray
    v: np.ndarray
    r: np.ndarray
    q: np.ndarray


class Recursion:
    """A program compiled for a precision. Its results are sums over positions: (2, ...) of K and T.

    Args:
        program: the steps.
        dtype: float32 or float64.

    Cost: the first one of a precision compiles for about ten seconds, unless a former process left its result.
    """

    def __init__(self, program: Program, dtype: np.dtype) -> None:
        self.program, self.dtype = program, np.dtype(dtype)
        self._integers, self._floats, self._sizes = _tables(program)

    def images(self, x: np.ndarray) -> Images:
        """A batch (n, height, width, channels), with the variances of its units."""
        n_activations = int((self._integers[:, 0] > 0).sum())
        sizes = self.program.sizes
        height, width = (max(sizes[i], *self._integers[:, 5 + i]) for i in (0, 1))
        v, r, q = (np.zeros((len(x), n_activations, height, width), self.dtype) for _ in range(3))
        x = np.ascontiguousarray(np.moveaxis(x, 3, 2), self.dtype)
        loops.variances(x, self._integers, self._floats, v, r, q)
        return Images(x, v, r, q)

    def own(self, images: Images) -> np.ndarray:
        """Each input with itself: (2, n)."""
        sums = np.zeros((2, 1, len(images.x)))
        self._run(images, images, True, sums)
        return self.program.factor * sums[:, 0]

    def pairs(self, first: Images, second: Images) -> np.ndarray:
        """All pairs of two batches: (2, n1, n2), on all processors."""
        sums = np.zeros((2, len(first.x), len(second.x)))
        workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        cuts = np.linspace(0, len(first.x), min(4 * workers, len(first.x)) + 1).astype(int)

        def work(k: int) -> None:
            rows = slice(cuts[k], cuts[k + 1])
            part = Images(first.x[rows], first.v[rows], first.r[rows], first.q[rows])
            self._run(part, second, False, sums[:, rows])

        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(work, range(len(cuts) - 1)))
        return self.program.factor * sums

    def _run(self, first: Images, second: Images, with_itself: bool, sums: np.ndarray) -> None:
        batches = (a for images in (first, second) for a in (images.x, images.v, images.r, images.q))
        tables = (self._integers, self._floats, self._sizes)
        loops.sums_over_positions(*batches, with_itself, *tables, self.program.every_offset, sums)
