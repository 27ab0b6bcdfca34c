"""Training of a two-layer network with large bias: who is active, how far it moves, and how fast the loss falls.

Full-batch gradient descent on 1/2 sum_i (f(x_i) - y_i)^2 over W and, where they are trained, the thresholds b of

    f(x) = m^{-1/2} sum_r a_r relu(<w_r, x> - b_r).

The network starts from f = 0: units come in pairs with equal weights and opposite a. While it is lazy the loss falls as
that of the kernel at the start, L_t = 1/2 sum_j (1 - eta l_j)^{2t} (v_j . y)^2.

Reference: Yang et al. 2024, arXiv 2301.00327 (model); Arora et al. 2019, arXiv 1901.08584, theorem 4.1 (lazy losses).
"""

import math
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np

from limes.core import memory as mem
from limes.core.errors import InputError, NumericalError
from limes.core.precision import scope
from limes.core.progress import Progress, Quiet
from limes.core.types import Array
from limes.measure.bias_descent import compare, descend, kept, kernel_of, start_units
from limes.measure.bias_kernel import active_fraction
from limes.measure.spectrum import KernelSpectrum, kernel_spectrum


@dataclass(frozen=True, eq=False)
class BiasTraining:
    """What `train_with_bias` found.

    Attributes:
        bias: B.
        width: m.
        rate: eta, one over the largest eigenvalue of the kernel at the start.
        start: spectrum of the empirical kernel at the start.
        losses: (steps + 1,) 1/2 sum of squares, before each step and at the end.
        active: (steps + 1,) share of pairs of unit and input that are active.
        steps: (k,) steps at which the next ones were measured, the last one included.
        switched_on, switched_off: (k,) share of pairs that are active and were not at the start, and the reverse.
        moved: (k,) largest |z - z_0| of a unit's value z = <w, x> - b, over units and inputs.
        moved_weights, moved_thresholds: (k,) largest |w - w_0| and |b - b_0| of a unit.
        weights: (d, m), at the end.
        thresholds: (m,), at the end.
        signs: (m,).
    """

    bias: float
    width: int
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
    weights: np.ndarray
    thresholds: np.ndarray
    signs: np.ndarray

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
        z = np.asarray(x) @ self.weights - self.thresholds
        return np.maximum(z, 0.0) @ self.signs / math.sqrt(self.width)


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
        floor: share of the first loss below which training ends, at a multiple of `every`.
        progress: told of steps.

    Raises:
        InputError: for shapes, widths or numbers of steps that make no sense.
        NumericalError: if the loss is not finite, or no unit is active.
        MemoryRefused: if the units would not fit.

    Cost: 4 n d m multiplications a step; n m bytes and about six times the weights.

    Example:
        >>> from limes.measure import unit_rows
        >>> rng = np.random.default_rng(0)
        >>> x, y = unit_rows(rng.normal(size=(20, 5))), rng.choice([-1.0, 1.0], 20)
        >>> run = train_with_bias(x, y, 1.0, width=2048, steps=40)
        >>> bool(run.losses[-1] < 0.1 * run.losses[0]), bool(abs(run.active[0] - active_fraction(1.0)) < 0.02)
        (True, True)
    """
    x = np.asarray(x)
    y = np.asarray(y, x.dtype)
    if x.ndim != 2 or y.shape != x.shape[:1] or x.dtype.kind != "f":
        raise InputError(f"inputs (n, d) of floats and targets (n,) are trained on, not {x.shape} and {y.shape}")
    if width < 2 or width % 2 or steps < 1 or every < 1:
        raise InputError(f"width must be even, steps and every at least 1, not {width}, {steps} and {every}")
    mem.require(
        len(x) * width + 6 * x.itemsize * (x.shape[1] + 2) * width, f"training {width} units", "use fewer units"
    )
    progress = progress or Quiet()
    with scope(x.dtype):
        units = start_units(x.shape[1], width, bias, seed, x.dtype)
        inputs, targets = jnp.asarray(x), jnp.asarray(y)
        kernel = np.asarray(kernel_of(units, inputs, trainable), np.float64) / width
        start = kernel_spectrum(kernel)
        if not start.largest > 0:
            raise NumericalError(
                f"none of {width} units with bias {bias:g} is active: take a smaller bias or more units"
            )
        rate = 1.0 / start.largest
        step = jnp.asarray([rate / math.sqrt(width), rate / math.sqrt(width) if trainable else 0.0], x.dtype)
        state, losses, active, measured = units, [], [], [(0, np.zeros(5))]
        progress.start("steps", steps)
        while (done := sum(map(len, losses))) < steps and (done == 0 or losses[-1][-1] > floor * losses[0][0]):
            count = min(every, steps - done)
            state, (loss, fired) = descend(state, inputs, targets, step, count)
            losses.append(np.asarray(loss, np.float64))
            active.append(np.asarray(fired, np.float64))
            if not np.isfinite(losses[-1]).all():
                raise NumericalError(f"training with bias {bias:g} diverged within {done + count} steps")
            measured.append((done + count, np.asarray(compare(units, state, inputs), np.float64)))
            progress.step(count)
        last = descend(state, inputs, targets, jnp.zeros_like(step), 1)[1]
    table = np.array([row for _, row in measured])
    weights, thresholds, signs = (np.asarray(part) for part in state)
    return BiasTraining(
        bias=float(bias),
        width=width,
        rate=rate,
        start=start,
        losses=np.concatenate([*losses, np.asarray(last[0], np.float64)]),
        active=np.concatenate([*active, np.asarray(last[1], np.float64)]) / (len(x) * width),
        steps=np.array([at for at, _ in measured]),
        switched_on=table[:, 0] / (len(x) * width),
        switched_off=table[:, 1] / (len(x) * width),
        moved=table[:, 2],
        moved_weights=table[:, 3],
        moved_thresholds=table[:, 4],
        weights=weights.transpose(1, 0, 2).reshape(x.shape[1], -1)[:, kept(signs)],
        thresholds=thresholds.ravel()[kept(signs)],
        signs=signs.ravel()[kept(signs)],
    )
