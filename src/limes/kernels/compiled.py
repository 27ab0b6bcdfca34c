"""The recursion of convolutional nets without strides as a compiled loop: one spatial offset at a time.

The covariance of position p of x with position p + d of x' evolves independently of all other offsets d through
convolutions of stride 1 and through functions of each unit. So one offset of sixteen pairs of inputs, a few hundred
kilobytes at most, stays in the cache through all layers, with pairs across the lanes of the processor's vectors, where
XLA would pass over all pairs of positions once a layer. A flatten head needs the offset 0 alone; global pooling adds
up all of them. `limes.kernels.block` is the same in plain JAX, and the oracle of this file's tests.
"""

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from limes.kernels import loops
from limes.kernels.program import Program, Rectifier, Window


def _tables(program: Program) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Steps as integers (n, 8) and floats (n, 4), and the positions before each and after the last (n + 1, 2).

    A row of integers: 0 for a window, 1 for a rectifier, 2 for erf; the window's size; zeros before it; positions
    behind it; the number of the activation.
    """
    integers, floats, sizes, n_activations = [], [], [program.sizes], 0
    for step in program.steps:
        if isinstance(step, Window):
            sizes.append(step.sizes_after(sizes[-1]))
            count = math.prod(step.size)
            integers.append([0, *step.size, *step.before, *sizes[-1], 0])
            floats.append([step.weight / count, step.bias, step.own / count, step.own_bias])
            continue
        sizes.append(sizes[-1])
        alpha = step.alpha if isinstance(step, Rectifier) else 0.0
        integers.append([1 if isinstance(step, Rectifier) else 2, 0, 0, 0, 0, *sizes[-1], n_activations])
        floats.append([(1 + alpha) ** 2 / 4, (1 - alpha) ** 2 / (2 * math.pi), (1 + alpha**2) / 2, 0.0])
        n_activations += 1
    return np.array(integers, np.int64), np.array(floats, np.float64), np.array(sizes, np.int64)


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
        self._integers, self._floats, self._starts = _tables(program)

    def images(self, x: np.ndarray) -> Images:
        """A batch (n, height, width, channels), with the variances of its units."""
        n_activations = int((self._integers[:, 0] > 0).sum())
        height, width = self._starts.max(axis=0)
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
        self._in_parts(first, lambda part, rows: self._run(part, second, False, sums[:, rows]))
        return self.program.factor * sums

    def gradients(self, first: Images, second: Images, seeds: np.ndarray) -> np.ndarray:
        """Gradients in the first batch of the sum of seeds (2, n1, n2) times `pairs`: (n1, height, width, channels).

        Pairs of equal images should have zero seeds: their kernel has a cusp there.
        """
        from limes.kernels import reverse

        out = np.zeros_like(first.x)
        seeds = np.asarray(self.program.factor * seeds, self.dtype)
        floor = self.dtype.type(math.sqrt(2 * np.finfo(self.dtype).eps))

        def work(part: Images, rows: slice) -> None:
            batches = (a for images in (part, second) for a in (images.x, images.v, images.r, images.q))
            tables = (self._integers, self._floats, self._starts, self.program.every_offset)
            reverse.gradients(*batches, *tables, seeds[:, rows], floor, out[rows])

        self._in_parts(first, work)
        return np.moveaxis(out, 2, 3)

    def _in_parts(self, images: Images, work: Callable[[Images, slice], None]) -> None:
        """Call a function with parts of a batch and their rows, on all processors."""
        workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        n = len(images.x)
        cuts = np.linspace(0, n, min(4 * workers, n) + 1).astype(int)

        def on(k: int) -> None:
            rows = slice(cuts[k], cuts[k + 1])
            work(Images(images.x[rows], images.v[rows], images.r[rows], images.q[rows]), rows)

        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(on, range(len(cuts) - 1)))

    def _run(self, first: Images, second: Images, with_itself: bool, sums: np.ndarray) -> None:
        batches = (a for images in (first, second) for a in (images.x, images.v, images.r, images.q))
        tables = (self._integers, self._floats, tuple(self._starts[-1].tolist()))
        loops.sums_over_positions(*batches, with_itself, *tables, self.program.every_offset, sums)
