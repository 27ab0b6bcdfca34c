"""Gradient descent on the exact population loss with weight decay, in stages of falling penalty.

The objective is

    L_lambda(a, W) = E (f - f*)^2 + lambda / 2 (|a|^2 + |W|^2),

x ~ N(0, I). At its minima |a_j| = |w_j|, so that the penalty is lambda times the total mass sum |a_j||w_j|, which
sparse measures minimise. On the way d(a_j^2 - |w_j|^2)/dt = -2 lambda (a_j^2 - |w_j|^2): without a penalty neurons stay
as balanced as they were.

The setting is that of Zhou & Ge 2024 (arXiv 2406.01766), which was known here in outline only.
"""

from dataclasses import dataclass, replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from limes.beyond.features.network import TwoLayer, require_teacher
from limes.beyond.population import population_loss
from limes.core.errors import InputError, NumericalError
from limes.core.progress import Progress, Quiet


@dataclass(frozen=True)
class Descent:
    """How networks descend.

    Attributes:
        penalties: lambda of each stage.
        steps: of a stage.
        learning_rate: on L_lambda.
        train_weights: False for a first layer that rests: random features.
        remove_affine: whether the best affine function is always taken from f - f*.

    Raises:
        InputError: for values out of range.

    Example:
        >>> Descent.annealed(3e-2, 3e-4, stages=3, steps=1000).penalties
        (0.03, 0.003, 0.0003)
    """

    penalties: tuple[float, ...] = (0.0,)
    steps: int = 10_000
    learning_rate: float = 0.02
    train_weights: bool = True
    remove_affine: bool = False

    def __post_init__(self) -> None:
        if not self.penalties or any(not 0 <= p < np.inf for p in self.penalties):
            raise InputError(f"penalties are finite numbers of at least 0, one a stage, not {self.penalties}")
        if self.steps < 1 or not 0 < self.learning_rate < np.inf:
            raise InputError(
                f"steps must be at least 1 and learning_rate above 0, not {self.steps} and {self.learning_rate}"
            )

    @classmethod
    def annealed(cls, first: float, last: float, *, stages: int = 5, steps: int = 10_000) -> "Descent":
        """Penalties that fall geometrically from the first to the last."""
        if not (first > 0 and last > 0 and stages >= 1):
            raise InputError(f"penalties above 0 and at least one stage are needed, not {first}, {last} and {stages}")
        return cls(tuple(float(f"{p:.12g}") for p in np.geomspace(first, last, stages)), steps)

    def without_penalty(self) -> "Descent":
        """The same steps with no weight decay."""
        return replace(self, penalties=(0.0,) * len(self.penalties))


@dataclass(frozen=True, eq=False)
class Learned:
    """Networks in the course of their descent.

    Attributes:
        at: (k,) steps, 0 first.
        networks: at these steps, along a first axis k in front of those of the start.
        losses: E (f - f*)^2 over E f*^2, without the penalty: (k, ...).
        stage_ends: places in `at` where the stages end.
    """

    at: np.ndarray
    networks: TwoLayer
    losses: np.ndarray
    stage_ends: np.ndarray

    @property
    def network(self) -> TwoLayer:
        """At the end."""
        return TwoLayer(self.networks.coef[-1], self.networks.weights[-1])

    @property
    def loss(self) -> np.ndarray:
        """(...) relative loss at the end."""
        return self.losses[-1]


def learn(
    teacher: TwoLayer,
    start: TwoLayer,
    descent: Descent | None = None,
    *,
    records: int = 1,
    progress: Progress | None = None,
) -> Learned:
    """Train networks on a teacher, all side by side in one compiled loop, in float64.

    Args:
        teacher: a single network.
        start: leading axes are networks that know nothing of each other.
        descent: see `Descent`.
        records: how often in a stage networks and losses are kept; it divides the steps.
        progress: told of every step.

    Returns:
        A `Learned`.

    Raises:
        InputError: for several teachers, another dimension, coefficients that do not pair with weights, or records
            that do not divide the steps.
        NumericalError: if the descent diverges.

    Cost: O(m (m + r) d) a step and network: some 60 microseconds for m = 40 and d = 10.

    Reference: Zhou & Ge 2024 (arXiv 2406.01766).

    Example:
        >>> from limes.beyond.features import alignment, orthonormal_teacher, random_start
        >>> teacher = orthonormal_teacher(4, 2)
        >>> start = random_start(4, 10, seeds=range(2))
        >>> found = learn(teacher, start, Descent.annealed(3e-2, 3e-4, stages=3, steps=4000))
        >>> bool((found.loss < 1e-3).all()), bool((alignment(found.network, teacher).share_near > 0.8).all())
        (True, True)
    """
    descent, progress = descent or Descent(), progress or Quiet()
    require_teacher(teacher, start)
    if records < 1 or descent.steps % records:
        raise InputError(f"{descent.steps} steps cannot be recorded {records} times: take a number that divides them")
    target = TwoLayer(*(np.asarray(part, np.float64) for part in teacher))
    scale = target.second_moment(remove_affine=descent.remove_affine)
    length = descent.steps // records
    kept = [TwoLayer(*(np.asarray(part, np.float64) for part in start))]
    losses = [kept[0].loss(target, remove_affine=descent.remove_affine) / scale]
    progress.start(f"descent ({kept[0].coef.size} neurons)", len(descent.penalties) * descent.steps)
    flags = (descent.train_weights, descent.remove_affine)
    for penalty in descent.penalties:
        for _ in range(records):
            with jax.enable_x64(True):
                moved = _advance(kept[-1], target, penalty, descent.learning_rate, length, *flags)
                kept.append(TwoLayer(*(np.asarray(part) for part in moved)))
            if not all(np.isfinite(part).all() for part in kept[-1]):
                raise NumericalError(f"descent diverged by step {length * (len(kept) - 1)}: lower learning_rate")
            losses.append(kept[-1].loss(target, remove_affine=descent.remove_affine) / scale)
            progress.step(length)
    networks = TwoLayer(*(np.stack(parts) for parts in zip(*kept, strict=True)))
    ends = records * np.arange(1, len(descent.penalties) + 1)
    return Learned(length * np.arange(len(kept)), networks, np.stack(losses), ends)


@partial(jax.jit, static_argnames=("train_weights", "remove_affine"))
def _advance(
    network: TwoLayer,
    teacher: TwoLayer,
    penalty: float,
    learning_rate: float,
    steps: int,
    train_weights: bool,
    remove_affine: bool,
) -> TwoLayer:
    def objective(net: TwoLayer) -> jax.Array:
        square = jnp.sum(net.coef**2) + jnp.sum(net.weights**2)
        return jnp.sum(population_loss(*net, *teacher, remove_affine=remove_affine)) + penalty / 2 * square

    def step(_: int, net: TwoLayer) -> TwoLayer:
        slope = jax.grad(objective)(net)
        weights = net.weights - learning_rate * slope.weights if train_weights else net.weights
        return TwoLayer(net.coef - learning_rate * slope.coef, weights)

    return jax.lax.fori_loop(0, steps, step, network)
