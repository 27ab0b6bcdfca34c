"""What `limes.kernels.loops` can run: a recursion as plain steps. Kept apart so that nets need no compiler."""

import math
from dataclasses import dataclass
from functools import cached_property

from limes.core.devices import processors


@dataclass(frozen=True)
class Sliding:
    """A window of one or two axes (of size 1 for layers that act on each position).

    Attributes:
        size: window along height and width.
        strides: its step.
        before: zeros added before each axis.
        after: zeros added behind.
    """

    size: tuple[int, int]
    strides: tuple[int, int]
    before: tuple[int, int]
    after: tuple[int, int]

    def sizes_after(self, sizes: tuple[int, int]) -> tuple[int, int]:
        """Height and width behind the window."""
        axes = zip(sizes, self.before, self.after, self.size, self.strides, strict=True)
        height, width = ((n + b + a - k) // s + 1 for n, b, a, k, s in axes)
        return height, width


POINT = Sliding((1, 1), (1, 1), (0, 0), (0, 0))
"""The window of a layer that acts on each position."""


@dataclass(frozen=True)
class Window(Sliding):
    """Weights over a window: K' = weight mean(K) + bias and T' = weight mean(T) + own mean(K) + own_bias.

    Both positions of an entry move through the window together.

    Attributes:
        weight, bias, own, own_bias: see above.
    """

    weight: float
    bias: float
    own: float
    own_bias: float


@dataclass(frozen=True)
class Pool(Sliding):
    """A factor times the sum of K, and of T, over a window in which both positions move on their own."""

    factor: float


@dataclass(frozen=True)
class Rectifier:
    """max(x, 0) + alpha min(x, 0) of each unit."""

    alpha: float


@dataclass(frozen=True)
class Erf:
    """erf(x) of each unit."""


Step = Window | Pool | Rectifier | Erf


@dataclass(frozen=True)
class Segment:
    """Steps in which the entries of one spatial offset depend on each other alone.

    Attributes:
        steps: windows and activations, in order.
        pool: what follows them; None at the end of a program.
        start: height and width before the steps.
        end: height and width behind them, before the pool.
        strides: product of the strides of the steps.
        reach: largest offset behind the steps that is needed, along each axis.
    """

    steps: tuple[Window | Rectifier | Erf, ...]
    pool: Pool | None
    start: tuple[int, int]
    end: tuple[int, int]
    strides: tuple[int, int]
    reach: tuple[int, int]

    @property
    def reach_before(self) -> tuple[int, int]:
        """The same before the steps: a window of stride s takes its offset d from s d."""
        return self.reach[0] * self.strides[0], self.reach[1] * self.strides[1]

    @property
    def work(self) -> int:
        """Entries times steps for a pair of inputs."""
        offsets = math.prod(min(2 * r + 1, n) for r, n in zip(self.reach, self.end, strict=True))
        return max(1, len(self.steps)) * offsets * math.prod(self.start)


@dataclass(frozen=True)
class Program:
    """Steps from images (height, width, channels) to sums over positions.

    Attributes:
        steps: in order.
        sizes: height and width of the inputs.
        every_offset: whether all pairs of positions are added up, or pairs of equal positions only.
        factor: what the sum is multiplied by.
        readout: whether only weights and biases follow, so that the kernel is linear in the sum.
    """

    steps: tuple[Step, ...]
    sizes: tuple[int, int]
    every_offset: bool
    factor: float
    readout: bool

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """The steps between pools."""
        parts = self._parts()
        end = parts[-1][3]
        return _with_reach(parts, (end[0] - 1, end[1] - 1) if self.every_offset else (0, 0))

    def up_to_pool(self, count: int) -> tuple[Segment, ...]:
        """The first `count` segments, for what is left of equal positions behind the last one's pool."""
        parts = self._parts()[:count]
        pool = parts[-1][1]
        assert pool is not None
        return _with_reach(parts, (pool.size[0] - 1, pool.size[1] - 1))

    @property
    def work(self) -> int:
        """Entries times steps for a pair of inputs."""
        return sum(segment.work for segment in self.segments)

    @property
    def in_place(self) -> bool:
        """Whether there are neither pools nor strides, and no layer has more positions than the inputs."""
        windows = [step for step in self.steps if isinstance(step, Window)]
        sizes = [self.sizes]
        for window in windows:
            sizes.append(window.sizes_after(sizes[-1]))
        grows = any(n > m for size in sizes for n, m in zip(size, self.sizes, strict=True))
        return len(self.segments) == 1 and not grows and all(window.strides == (1, 1) for window in windows)

    @property
    def numbers(self) -> int:
        """Numbers that the loops hold for an input: its pixels, and three for each position and activation."""
        return math.prod(self.sizes) * (3 + 3 * sum(isinstance(step, Rectifier | Erf) for step in self.steps))

    def bytes(self, rows: int, itemsize: int) -> int:
        """Bytes that the loops hold for all pairs of two batches of so many rows each.

        Both batches as they are, and one of them in lanes for each processor, all twice because threads keep what they
        free; sums in float64 with their copies; for each processor the entries of sixteen pairs behind pools.
        """
        workers = processors()
        pooled = sum(
            2 * math.prod(2 * r + 1 for r in segment.reach_before) * math.prod(segment.start)
            for segment in self.segments[1:]
        )
        held = 2 * (2 + workers) * rows * self.numbers + 16 * workers * pooled
        return held * itemsize + 32 * rows * rows

    def _parts(self) -> list[tuple[list[Window | Rectifier | Erf], Pool | None, tuple[int, int], tuple[int, int]]]:
        """Steps, pool, sizes before the steps and behind them, of each segment."""
        parts, steps, start, sizes = [], [], self.sizes, self.sizes
        for step in self.steps:
            if isinstance(step, Pool):
                parts.append((steps, step, start, sizes))
                steps, start = [], step.sizes_after(sizes)
                sizes = start
                continue
            steps.append(step)
            sizes = step.sizes_after(sizes) if isinstance(step, Window) else sizes
        return [*parts, (steps, None, start, sizes)]


def _with_reach(parts, reach: tuple[int, int]) -> tuple[Segment, ...]:
    """Segments from parts of a program and the largest offset needed behind the steps of the last one.

    A pool of stride s takes its offset d from the offsets within s d + size - 1.
    """
    segments: list[Segment] = []
    for steps, pool, start, end in reversed(parts):
        if segments:
            before = segments[-1].reach_before
            axes = zip(before, pool.strides, pool.size, strict=True)
            high, wide = (s * r + k - 1 for r, s, k in axes)
            reach = min(high, end[0] - 1), min(wide, end[1] - 1)
        strides = [step.strides for step in steps if isinstance(step, Window)]
        total = math.prod(s[0] for s in strides), math.prod(s[1] for s in strides)
        segments.append(Segment(tuple(steps), pool, start, end, total, reach))
    return tuple(reversed(segments))
