"""What `limes.kernels.compiled` can run: a recursion as plain steps. Kept apart so that nets need no compiler."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Window:
    """Weights over a sliding window of one or two axes (of size 1 for layers that act on each position).

    K' = weight mean(K) + bias and T' = weight mean(T) + own mean(K) + own_bias, with means over the window.

    Attributes:
        size: window along height and width.
        before: zeros added before each axis.
        after: zeros added behind.
        weight, bias, own, own_bias: see above.
    """

    size: tuple[int, int]
    before: tuple[int, int]
    after: tuple[int, int]
    weight: float
    bias: float
    own: float
    own_bias: float

    def sizes_after(self, sizes: tuple[int, int]) -> tuple[int, int]:
        """Height and width behind the window."""
        axes = zip(sizes, self.before, self.after, self.size, strict=True)
        height, width = (n + b + a - k + 1 for n, b, a, k in axes)
        return height, width


@dataclass(frozen=True)
class Rectifier:
    """max(x, 0) + alpha min(x, 0) of each unit."""

    alpha: float


@dataclass(frozen=True)
class Erf:
    """erf(x) of each unit."""


Step = Window | Rectifier | Erf


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

    @property
    def work(self) -> int:
        """Entries times steps for a pair of inputs."""
        return len(self.steps) * math.prod(self.sizes) ** (2 if self.every_offset else 1)

    @property
    def numbers(self) -> int:
        """Numbers that the loops hold for an input: four for each position and activation, in lanes."""
        return 4 * math.prod(self.sizes) * len(self.steps)
