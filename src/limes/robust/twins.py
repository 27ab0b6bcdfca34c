"""Adversarial training of networks with fixed signs, alone or as twins on data that differ in one example.

All runs of a call are one compiled program, batched over seeds and exchanged examples; nothing in it is random, and all
of it is float64, since twins end close together.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from limes.attacks.search import require_count
from limes.core import memory as mem
from limes.core import precision
from limes.core.errors import InputError, NumericalError
from limes.core.types import Array, Norm
from limes.robust import moreau
from limes.robust.moreau import Descent
from limes.robust.signed import RobustLoss, require_signs
from limes.robust.stability import require_smooth, weak_convexity


@dataclass(frozen=True, eq=False)
class Trained:
    """Runs of `descend`; the axis s is that of seeds and is absent where weights (m, d) were given.

    Attributes:
        weights: (s, m, d) at the end.
        at_marks: (s, marks, m, d) after the numbers of steps that were asked for.
        losses: (s, T) robust training loss before each step.
        inexact: (s, T) norm of the inner gradient that each step left; 0 for descent on the loss itself.
        slopes: (s, T) norm of the slope that each step followed, to compare `inexact` with.
    """

    weights: np.ndarray
    at_marks: np.ndarray
    losses: np.ndarray
    inexact: np.ndarray
    slopes: np.ndarray


@dataclass(frozen=True, eq=False)
class Twins:
    """Runs of `twin_runs`; the axis s is absent where weights (m, d) were given.

    Attributes:
        base: the run on the data as given.
        distances: (s, k, T) Frobenius distance |W_t - W'_t| to the run without each example, after steps 1 to T.
        losses: (s, k, T) robust training losses of the twins, each on its own data, before each step.
        inexact: (s, T) the largest norm of an inner gradient that a step left, over the base and its twins.
        at_marks: (s, k, marks, m, d) weights of the twins after the numbers of steps that were asked for.
    """

    base: Trained
    distances: np.ndarray
    losses: np.ndarray
    inexact: np.ndarray
    at_marks: np.ndarray


def descend(
    loss: RobustLoss, descent: Descent, w: Array, x: Array, y: Array, steps: int, marks: Sequence[int] = ()
) -> Trained:
    """Full-batch adversarial training with fixed output signs.

    Args:
        loss: the attack.
        descent: rate, and mu for the Moreau envelope.
        w: weights at the start, (m, d); or (s, m, d) for s runs at once, with `x` (s, n, d) and `y` (s, n).
        x: (n, d).
        y: (n,), 1 or -1.
        steps: number of outer steps T.
        marks: numbers of steps from 0 to T after which the weights are kept.

    Raises:
        InputError: for arrays that cannot be used, marks outside of 0 to T, or a mu of at least one over the weak
            convexity of the loss.
        NumericalError: if training diverges.
        MemoryRefused: if it would not fit.

    Cost: T (attack_steps + 1) passes of 4 n d m multiplications for each run; K + 1 times that for the envelope.

    Reference: Zhang, Wang & Arora, NeurIPS 2024.

    Example:
        >>> from limes.robust.signed import draw_weights
        >>> x, y = np.eye(4), np.array([1.0, -1.0, 1.0, -1.0])
        >>> run = descend(RobustLoss(eps=0.1), Descent(rate=1.0), draw_weights(0, 20, 4), x, y, steps=30)
        >>> bool(run.losses[-1] < run.losses[0])
        True
    """
    w, x, y, single = _stacked(w, x, y)
    _, trained, _ = _train(loss, descent, w, x[:, None], y[:, None], steps, marks)
    return _squeeze(trained) if single else trained


def twin_runs(
    loss: RobustLoss,
    descent: Descent,
    w: Array,
    x: Array,
    y: Array,
    rows: Array,
    x_new: Array,
    y_new: Array,
    steps: int,
    marks: Sequence[int] = (),
) -> Twins:
    """Training on the data, and on data in which one example is exchanged, from the same weights.

    Args:
        loss, descent, w, x, y, steps, marks: as for `descend`.
        rows: (k,) or (s, k), the row that is exchanged in each twin.
        x_new: (k, d) or (s, k, d), what takes its place.
        y_new: (k,) or (s, k).

    Raises:
        InputError, NumericalError, MemoryRefused: as `descend`; also for rows that do not exist.

    Cost: k + 1 times `descend`.

    Example:
        >>> from limes.robust.signed import draw_weights
        >>> x, y = np.eye(4), np.array([1.0, -1.0, 1.0, -1.0])
        >>> runs = twin_runs(
        ...     RobustLoss(eps=0.1), Descent(rate=1.0), draw_weights(0, 20, 4), x, y, [2], -x[[2]], [1.0], steps=30
        ... )
        >>> runs.distances.shape, bool(runs.distances[0, -1] > runs.distances[0, 0] > 0)
        ((1, 30), True)
    """
    w, x, y, single = _stacked(w, x, y)
    rows, x_new, y_new = np.asarray(rows), np.asarray(x_new, np.float64), np.asarray(y_new, np.float64)
    if single:
        rows, x_new, y_new = rows[None], x_new[None], y_new[None]
    s, n, d = x.shape
    k = rows.shape[-1] if rows.ndim else 0
    if rows.shape != (s, k) or x_new.shape != (s, k, d) or y_new.shape != (s, k) or not k:
        raise InputError(
            f"rows must be (k,), x_new (k, {d}) and y_new (k,), with a first axis of seeds where the weights have one, "
            f"not {rows.shape}, {x_new.shape} and {y_new.shape}"
        )
    if rows.dtype.kind not in "iu" or not ((rows >= 0) & (rows < n)).all():
        raise InputError(f"rows must be row numbers from 0 to {n - 1}, not {rows.tolist()}")
    precision.require_finite(x_new, "x_new")
    require_signs(y_new)
    xs, ys = np.repeat(x[:, None], k + 1, axis=1), np.repeat(y[:, None], k + 1, axis=1)
    seed, twin = np.indices((s, k))
    xs[seed, twin + 1, rows], ys[seed, twin + 1, rows] = x_new, y_new
    seen, trained, kept = _train(loss, descent, w, xs, ys, steps, marks)
    found = Twins(trained, seen["distances"], seen["losses"][:, 1:], seen["inexact"].max(axis=1), kept)
    if not single:
        return found
    return Twins(_squeeze(trained), *(value[0] for name, value in vars(found).items() if name != "base"))


def _stacked(w: Array, x: Array, y: Array) -> tuple[np.ndarray, np.ndarray, np.ndarray, bool]:
    """Arrays with a first axis of seeds, and whether it had to be added."""
    w, x, y = (np.asarray(a, np.float64) for a in (w, x, y))
    single = w.ndim == 2
    if single:
        w, x, y = w[None], x[None], y[None]
    fits = w.ndim == 3 and x.ndim == 3 and x.shape[::2] == w.shape[::2] and y.shape == x.shape[:2]
    if not fits or not w.size or not x.size:
        raise InputError(
            f"w must be (m, d), x (n, d) and y (n,), or all with a first axis of seeds, not {w.shape}, {x.shape} and "
            f"{y.shape} with that axis"
        )
    for name, array in (("w", w), ("x", x)):
        precision.require_finite(array, name)
    require_signs(y)
    return w, x, y, single


def _train(
    loss: RobustLoss,
    descent: Descent,
    w: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    steps: int,
    marks: Sequence[int],
) -> tuple[dict[str, np.ndarray], Trained, np.ndarray]:
    """Runs (s, r) on x (s, r, n, d), the first of each seed its base, and weights of the others at marks."""
    require_count(steps, "steps")
    s, r, n, d = x.shape
    width = w.shape[1]
    places = np.asarray(marks, np.int64).reshape(-1)
    if ((places < 0) | (places > steps)).any():
        raise InputError(f"marks must be numbers of steps from 0 to {steps}, not {list(marks)}")
    reach = loss.reach(x.reshape(-1, d))
    if descent.mu is not None:
        require_smooth(descent.mu, weak_convexity(width, reach))
    held = 8 * s * r * width * (4 * n + 6 * d + 2 * len(places) * d)
    mem.require(held, f"{s * r} runs of {width} hidden units on {n} rows", "train fewer twins at once")
    with precision.scope(np.float64):
        numbers = {name: np.float64(value) for name, value in descent.numbers(loss, reach).items()}
        last, kept, seen = _scan(descent.statics(loss), steps, numbers, w, x, y, places)
        final, at_marks = np.asarray(last[:, 0]), np.moveaxis(np.asarray(kept), 0, 2)
        seen = {name: np.moveaxis(np.asarray(values), 0, -1) for name, values in seen.items()}  # (s, r or k, T)
    finite = np.isfinite(seen["losses"]).all(axis=(0, 1))
    if not (finite.all() and np.isfinite(final).all()):
        first = int(np.argmin(finite)) if not finite.all() else steps
        raise NumericalError(f"training diverged at step {first}: lower the rate, or scale the inputs")
    base = {name: seen[name][:, 0] for name in ("losses", "inexact", "slopes")}
    return seen, Trained(weights=final, at_marks=at_marks[:, 0], **base), at_marks[:, 1:]


@functools.partial(jax.jit, static_argnums=(0, 1))
def _scan(
    statics: tuple[Norm, int, int], steps: int, numbers: Any, w: Any, x: Any, y: Any, marks: Any
) -> tuple[Any, Any, dict[str, Any]]:
    """The runs in one loop: last weights (s, r, m, d), those at marks before these axes, what was seen at each step."""
    one = functools.partial(moreau.step, statics, numbers)
    runs = jax.vmap(jax.vmap(one))

    def keep(kept: Any, weights: Any, count: Any) -> Any:
        return jnp.where((marks == count)[:, None, None, None, None], weights, kept)

    def advance(carry: tuple[Any, Any], count: Any) -> tuple[Any, dict[str, Any]]:
        weights, kept = carry
        weights, losses, inexact, slopes = runs(weights, x, y)
        apart = weights[:, 1:] - weights[:, :1]
        distances = jnp.sqrt((apart**2).sum(axis=(2, 3)))
        seen = {"losses": losses, "inexact": inexact, "slopes": slopes, "distances": distances}
        return (weights, keep(kept, weights, count)), seen

    weights = jnp.repeat(w[:, None], x.shape[1], axis=1)
    kept = keep(jnp.zeros((len(marks), *weights.shape)), weights, 0)
    (weights, kept), seen = jax.lax.scan(advance, (weights, kept), jnp.arange(1, steps + 1))
    return weights, kept, seen


def _squeeze(trained: Trained) -> Trained:
    return Trained(**{name: value[0] for name, value in vars(trained).items()})
