"""Training of a two-layer network with large bias: who is active, how far it moves, and how fast the loss falls.

Full-batch gradient descent on 1/2 sum_i (f(x_i) - y_i)^2 over W and, where they are trained, the thresholds b of

    f(x) = m^{-1/2} sum_r a_r relu(<w_r, x> - b_r).

The network starts from f = 0: units come in pairs with equal weights and opposite a. While it is lazy the loss falls as
that of the kernel at the start, L_t = 1/2 sum_j (1 - eta l_j)^{2t} (v_j . y)^2.

Reference: Yang et al. 2024, arXiv 2301.00327 (model); Arora et al. 2019, arXiv 1901.08584, theorem 4.1 (lazy losses).
"""

import functools
import math
from dataclasses import dataclass

import numpy as np

from limes.core.errors import InputError, NumericalError
from limes.core.progress import Progress
from limes.core.types import Array
from limes.finite.inactive import ShallowNet, tangent_kernel, train_shallow
from limes.measure.bias_kernel import active_fraction
from limes.measure.spectrum import KernelSpectrum, kernel_spectrum

_BLOCK = 2048  # units, of which motion is measured together


@dataclass(frozen=True, eq=False)
class BiasTraining:
    """What `train_with_bias` found.

    Attributes:
        bias: B.
        rate: eta, one over the largest eigenvalue of the kernel at the start.
        start: spectrum of the empirical kernel at the start.
        losses: (steps + 1,) 1/2 sum of squares, before each step and at the end.
        active: (steps + 1,) share of pairs of unit and input that are active.
        steps: (k,) steps at which the next ones were measured, the last one included.
        switched_on, switched_off: (k,) share of pairs that are active and were not at the start, and the reverse.
        moved: (k,) largest |z - z_0| of a unit's value z = <w, x> - b, over units and inputs.
        moved_weights, moved_thresholds: (k,) largest |w - w_0| and |b - b_0| of a unit.
        net: the network at the end.
    """

    bias: float
    rate: float
    start: KernelSpectrum
    losses: np.ndarray
    active: np.ndarray
    steps: np.ndarray
    switched_on: np.ndarray
    switched_off: np.ndarray
    moved: np.ndarray
    moved_weights: np.ndarray
    moved_thresholds: np.ndarray
    net: ShallowNet

    @property
    def width(self) -> int:
        """m."""
        return len(self.net.weights)

    @property
    def lazy(self) -> bool:
        """Whether no unit moved on any input by as much as its threshold, or its standard deviation 1 if more."""
        return float(self.moved.max()) < max(self.bias, 1.0)

    @property
    def active_at_most(self) -> float:
        """Phi(-(B - largest move)): the share of pairs that could be active at any time, given how far units moved."""
        return active_fraction(self.bias - float(self.moved.max()))

    @property
    def remainder(self) -> float:
        """sqrt(m) R P(|z| <= 2 R), R the largest move of a unit's weights: the order of the error of linearisation."""
        reach = 2.0 * float(self.moved_weights.max())
        inside = active_fraction(self.bias - reach) - active_fraction(self.bias + reach)
        return math.sqrt(self.width) * float(self.moved_weights.max()) * inside

    def late_factor(self, last: int = 100) -> float:
        """Factor of the residual's norm in one step, mean over the `last` steps.

        Raises:
            InputError: for more steps than there were.
        """
        if not 1 <= last < len(self.losses):
            raise InputError(f"{len(self.losses) - 1} steps have no {last} last ones")
        return float((self.losses[-1] / self.losses[-1 - last]) ** (0.5 / last))

    def steps_to(self, share: float) -> int | None:
        """The first step at which `share` of the first loss is left; None if it was not reached."""
        reached = np.flatnonzero(self.losses <= share * self.losses[0])
        return int(reached[0]) if len(reached) else None

    def scores(self, x: Array) -> np.ndarray:
        """f at inputs (n, d): (n,)."""
        return self.net.outputs(x)[:, 0]


def lazy_losses(spectrum: KernelSpectrum, y: Array, rate: float, steps: int) -> np.ndarray:
    """Losses of gradient descent with a fixed kernel: (steps + 1,).

    Args:
        spectrum: of the kernel.
        y: (n,) targets.
        rate: of a step.
        steps: of descent.

    Example:
        >>> lazy_losses(kernel_spectrum(np.diag([2.0, 1.0])), [1.0, 1.0], 0.5, 2).round(4).tolist()
        [1.0, 0.125, 0.0312]
    """
    inside = (spectrum.vectors.T @ np.asarray(y, np.float64)) ** 2
    factors = (1.0 - rate * spectrum.values) ** 2
    return np.array([0.5 * float(factors**t @ inside) for t in range(steps + 1)])


def train_with_bias(
    x: Array,
    y: Array,
    bias: float,
    width: int,
    steps: int,
    *,
    trainable: bool = True,
    seed: int = 0,
    every: int = 10,
    floor: float = 0.0,
    progress: Progress | None = None,
) -> BiasTraining:
    """Train a network and measure what moves.

    Args:
        x: (n, d) inputs of length 1, float32 or float64; the type decides the precision.
        y: (n,) targets.
        bias: B, the thresholds at the start.
        width: m, an even number of units.
        steps: of gradient descent, at the rate 1 / (largest eigenvalue of the kernel at the start).
        trainable: whether thresholds are trained.
        seed: of the weights.
        every: steps between measurements of what moved.
        floor: share of the first loss at which training ends.
        progress: told of steps.

    Raises:
        InputError: for shapes, widths or numbers of steps that make no sense.
        NumericalError: if the loss is not finite, or no unit is active.
        MemoryRefused: if the units would not fit.

    Cost: see `limes.finite.inactive.train_shallow`; 2 n d m multiplications for each measurement.

    Example:
        >>> from limes.measure import unit_rows
        >>> rng = np.random.default_rng(0)
        >>> x, y = unit_rows(rng.normal(size=(20, 5))), rng.choice([-1.0, 1.0], 20)
        >>> run = train_with_bias(x, y, 1.0, width=2048, steps=40)
        >>> bool(run.losses[-1] < 0.1 * run.losses[0]), bool(abs(run.active[0] - active_fraction(1.0)) < 0.02)
        (True, True)
    """
    x = np.asarray(x)
    if x.ndim != 2 or np.shape(y) != x.shape[:1] or x.dtype.kind != "f":
        raise InputError(f"inputs (n, d) of floats and targets (n,) are trained on, not {x.shape} and {np.shape(y)}")
    if width < 2 or width % 2 or steps < 1 or every < 1:
        raise InputError(f"width must be even, steps and every at least 1, not {width}, {steps} and {every}")
    n, d = x.shape
    net = ShallowNet.draw(d, width, bias, trainable=trainable, dtype=x.dtype, key=(seed, d, width))
    start = kernel_spectrum(np.asarray(tangent_kernel(net, x), np.float64))
    if not start.largest > 0:
        raise NumericalError(f"none of {width} units with bias {bias:g} is active: take a smaller bias or more units")
    run = train_shallow(
        net,
        x,
        y,
        steps=steps,
        learning_rate=1.0 / start.largest,
        measures={"motion": functools.partial(_motion, net, x)},
        at=sorted({*range(0, steps, every), steps}),
        floor=floor,
        progress=progress,
    )
    motion = run.records["motion"]
    return BiasTraining(
        bias=float(bias),
        rate=run.learning_rate,
        start=start,
        net=run.net,
        losses=run.losses,
        active=run.active,
        steps=run.at,
        switched_on=motion[:, 0] / (n * width),
        switched_off=motion[:, 1] / (n * width),
        moved=motion[:, 2],
        moved_weights=motion[:, 3],
        moved_thresholds=motion[:, 4],
    )


def _motion(first: ShallowNet, x: np.ndarray, last: ShallowNet) -> np.ndarray:
    """Pairs switched on and off, largest moves of a unit's value, weights and threshold: (5,)."""
    pairs, moves = np.zeros(2), np.zeros(3)
    for i in range(0, len(first.weights), _BLOCK):
        rows = slice(i, i + _BLOCK)
        shift, raised = last.weights[rows] - first.weights[rows], last.thresholds[rows] - first.thresholds[rows]
        before, change = x @ first.weights[rows].T - first.thresholds[rows], x @ shift.T - raised
        was, now = before > 0, before + change > 0
        pairs += np.count_nonzero(now & ~was), np.count_nonzero(was & ~now)
        far = np.abs(change).max(), np.linalg.norm(shift, axis=1).max(), np.abs(raised).max()
        moves = np.maximum(moves, far)
    return np.concatenate([pairs, moves])
