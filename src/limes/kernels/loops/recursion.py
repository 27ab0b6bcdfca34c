"""The recursion of convolutional nets as a compiled loop: one spatial offset at a time.

The covariance of position p of x with position p + d of x' evolves independently of all other offsets d through
convolutions (one of stride s takes offset d from s d) and through functions of each unit. So one offset of sixteen
pairs of inputs, a few hundred kilobytes at most, stays in the cache through all layers, with pairs across the lanes of
the processor's vectors, where XLA would pass over all pairs of positions once a layer. A flatten head needs the offset
0 alone; global pooling adds up all of them. Pools between layers mix offsets: they cut a program into segments, and
what they leave, at a stride of two a sixteenth, waits in memory for the next one. `limes.kernels.block` is the same in
plain JAX, and the oracle of this file's tests.
"""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from limes.core.devices import processors
from limes.kernels.loops import forward
from limes.kernels.program import Program, Rectifier, Segment, Window

Tables = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def tables(segments: Sequence[Segment]) -> Tables:
    """Segments as the loops read them: integers (steps, 10), floats (steps, 4), integers (segments, 20), factors.

    A row of a step: 0 for a window, 1 for a rectifier, 2 for erf; the window's size; zeros before it; positions behind
    it; the number of the activation; strides. A row of a segment: its first step and the one behind its last;
    positions before and behind them; product of their strides; largest offset behind them; then of its pool, or zeros:
    size; strides; zeros before it; positions behind it; largest offset that is needed there.
    """
    steps, floats, rows, n_activations = [], [], [], 0
    for segment, following in zip(segments, [*segments[1:], None], strict=True):
        first, sizes = len(steps), segment.start
        for step in segment.steps:
            if isinstance(step, Window):
                sizes = step.sizes_after(sizes)
                count = math.prod(step.size)
                steps.append([0, *step.size, *step.before, *sizes, 0, *step.strides])
                floats.append([step.weight / count, step.bias, step.own / count, step.own_bias])
                continue
            alpha = step.alpha if isinstance(step, Rectifier) else 0.0
            steps.append([1 if isinstance(step, Rectifier) else 2, 0, 0, 0, 0, *sizes, n_activations, 1, 1])
            floats.append([(1 + alpha) ** 2 / 4, (1 - alpha) ** 2 / (2 * math.pi), (1 + alpha**2) / 2, alpha])
            n_activations += 1
        row = [first, len(steps), *segment.start, *segment.end, *segment.strides, *segment.reach]
        pool, kept = segment.pool, (0, 0) if following is None else following.reach_before
        if pool is not None:
            row += [*pool.size, *pool.strides, *pool.before, *pool.sizes_after(segment.end), *kept]
        rows.append(row + [0] * (20 - len(row)))
    factors = np.array([0.0 if s.pool is None else s.pool.factor for s in segments])
    integers = (np.array(table, np.int64).reshape(-1, width) for table, width in ((steps, 10), (rows, 20)))
    by_step, by_segment = integers
    return by_step, np.array(floats, np.float64).reshape(-1, 4), by_segment, factors


@dataclass(frozen=True)
class Images:
    """A batch as the loops want it, in NumPy arrays or those of a device.

    Attributes:
        x: (n, height, channels, width).
        v: (n, activations, height, width), variances before each activation.
        r: their inverse roots, of v or, for erf, of 1 + 2v.
        q: their roots.
    """

    x: Any
    v: Any
    r: Any
    q: Any


class Recursion:
    """A program compiled for a precision. Its results are sums over positions: (2, ...) of K and T.

    Args:
        program: the steps.
        dtype: float32 or float64.

    Cost: the first one of a precision compiles for about ten seconds, unless a former process left its result.
    """

    differentiable = True

    def __init__(self, program: Program, dtype: np.dtype) -> None:
        self.program, self.dtype = program, np.dtype(dtype)
        self._tables = tables(program.segments)

    def images(self, x: Any) -> Images:
        """A batch (n, height, width, channels), with the variances of its units."""
        steps, floats, segments, _ = self._tables
        n_activations = int((steps[:, 0] > 0).sum())
        height, width = np.concatenate([segments[:, 2:4], steps[:, 5:7]]).max(axis=0)
        v, r, q = (np.zeros((len(x), n_activations, height, width), self.dtype) for _ in range(3))
        x = np.moveaxis(np.asarray(x), 3, 2)
        x = np.require(x, self.dtype, ["C", "W"])  # for read-only arrays numba would compile anew
        now = np.zeros((len(x), height, width), self.dtype)
        forward.squares(x, now)
        for g, (first, last, *sizes) in enumerate(segments[:, :4].tolist()):
            if g > 0:
                now[:] = 0
                forward.variances_behind_pool(x, v, r, q, tables(self.program.up_to_pool(g)), now)
            forward.variances(now, tuple(sizes), steps[first:last], floats[first:last], v, r, q)
        return Images(x, v, r, q)

    def own(self, images: Images) -> Any:
        """Each input with itself: (2, n)."""
        return self.program.factor * self._sums(images, images, with_itself=True)[:, 0]

    def pairs(self, first: Images, second: Images) -> Any:
        """All pairs of two batches: (2, n1, n2), on all processors."""
        sums = np.zeros((2, len(first.x), len(second.x)))

        def work(part: Images, rows: slice) -> None:
            sums[:, rows] = self._sums(part, second, with_itself=False)

        self._in_parts(first, work)
        return self.program.factor * sums

    def gradients(self, first: Images, second: Images, seeds: np.ndarray) -> np.ndarray:
        """Gradients in the first batch of the sum of seeds (2, n1, n2) times `pairs`: (n1, height, width, channels).

        For programs without pools: behind one, the variances of an image come from pairs of its own positions. Pairs of
        equal images should have zero seeds: their kernel has a cusp there.
        """
        from limes.kernels.loops import reverse

        out = np.zeros_like(first.x)
        seeds = np.asarray(self.program.factor * seeds, self.dtype)
        floor = self.dtype.type(math.sqrt(2 * np.finfo(self.dtype).eps))

        def work(part: Images, rows: slice) -> None:
            batches = (a for images in (part, second) for a in (images.x, images.v, images.r, images.q))
            reverse.gradients(*batches, self._tables, np.ascontiguousarray(seeds[:, rows]), floor, out[rows])

        self._in_parts(first, work)
        return np.moveaxis(out, 2, 3)

    def _in_parts(self, images: Images, work: Callable[[Images, slice], None]) -> None:
        """Call a function with parts of a batch and their rows, on all processors."""
        workers, n = processors(), len(images.x)
        cuts = np.linspace(0, n, min(4 * workers, n) + 1).astype(int)

        def on(k: int) -> None:
            rows = slice(cuts[k], cuts[k + 1])
            work(Images(images.x[rows], images.v[rows], images.r[rows], images.q[rows]), rows)

        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(on, range(len(cuts) - 1)))

    def _sums(self, first: Images, second: Images, with_itself: bool) -> np.ndarray:
        """Sums over positions, in an array of its own: numba would compile anew for views of a larger one."""
        sums = np.zeros((2, 1 if with_itself else len(first.x), len(second.x)))
        batches = (a for images in (first, second) for a in (images.x, images.v, images.r, images.q))
        forward.sums_over_positions(*batches, with_itself, self._tables, sums)
        return sums
