"""The smallest distance at which a point is misclassified, as far as an attack can find it.

It is the figure to put beside a certified radius: the truth lies between the two. Ascents of the margin run in balls
whose radii are chosen anew at each step and for each point: the linear estimate of the distance to the boundary until
something is found, then slightly less than the smallest distance so far where the current point is misclassified, and
slightly more where it is not. What is found is shortened along its segment to the clean point.

Reference: the alternation of radius and step is that of Pintor et al. 2021, arXiv 2102.12827 (fast minimum-norm
attack); segments to other points as in Brendel et al. 2018, arXiv 1712.04248.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from limes.attacks.losses import Duel, Objective, ranked_rivals
from limes.attacks.problem import Problem, pose
from limes.attacks.rounding import move
from limes.attacks.search import BATCH_SIZE, require_count
from limes.attacks.threat import Bounds, Threat, norms
from limes.core import keys
from limes.core.progress import Progress, Quiet
from limes.core.shown import short_repr
from limes.core.types import Array, AttackNorm, Predictor

_HALVINGS = 10  # of a segment
_CANDIDATES = 256  # points whose segments are tried, at most
_WIDER, _NARROWER = 0.2, 0.002  # relative change of the radius, first and last
_RIVALS = 9  # classes whose distance is estimated
_FARTHEST = (
    10.0  # in lengths of a point whose values are all the largest of x: vanishing gradients promise any distance
)
_LONG, _SHORT = 0.5, 0.01  # steps, relative to the radius, first and last
_DUAL: dict[str, AttackNorm] = {"linf": "l1", "l2": "l2", "l1": "linf"}


@dataclass(frozen=True, eq=False)
class MinimalResult:
    """The nearest misclassified point found for each example.

    Attributes:
        radius: (n,) its distance from the clean point, measured on the point returned, in `norm` and the caller's
            units; 0 for points that are misclassified when clean, infinity where nothing was found.
        x_adv: (n, ...) that point, in the dtype of the clean points and in the box; the clean point where the radius is
            0 or infinite.
        n_queries: (n,) forward passes spent on each example, the clean one included, the last re-prediction not.
        n_gradients: (n,) gradients spent on each example.
        norm: "linf", "l2" or "l1".
        key: what the random numbers were made from.
        settings: steps, restarts, the box and the batch size.
    """

    radius: np.ndarray
    x_adv: np.ndarray
    n_queries: np.ndarray
    n_gradients: np.ndarray
    norm: AttackNorm
    key: int | list[int]
    settings: Mapping[str, Any]

    __repr__ = short_repr


def minimal(
    predictor: Predictor,
    x: Array,
    y: Array,
    *,
    norm: AttackNorm = "linf",
    bounds: Bounds = None,
    key: keys.KeyLike = 0,
    steps: int = 25,
    restarts: int = 2,
    batch_size: int = BATCH_SIZE,
    progress: Progress | None = None,
) -> MinimalResult:
    """Find for each point the nearest one in the box that is misclassified; an upper bound of the true distance.

    Args:
        predictor: any Predictor with two or more score columns.
        x: (n, ...) clean points, float32 or float64, in the caller's units.
        y: (n,) labels as in ``predictor.classes_``, else column indices.
        norm: "linf", "l2" or "l1".
        bounds: (low, high) of valid inputs, numbers or one value per feature; None for no box.
        key: an int or a JAX key.
        steps: gradient steps of each run.
        restarts: runs: the first from the clean point, towards the class whose linearised boundary is nearest; later
            ones up the margin, from random points at about the distance found.
        batch_size: the most points per call of the predictor.
        progress: told of every step.

    Nothing is looked for beyond ten times the length of a point that has the largest absolute value of `x` everywhere.

    Raises:
        InputError: for NaN, no points, points outside of the box, labels that do not fit, bad options.
        DtypeError: for points that are not float32 or float64.
        NumericalError: if the predictor returns scores that are not finite.

    Cost: for each point that is predicted right, `restarts` times `steps` gradients with their forward passes, one
    gradient for each of at most 9 wrong classes, and 20 forward passes along segments; distances to at most 256 of the
    other points.

    Example:
        >>> class Line:  # scores (-x, x)
        ...     n_outputs = 2
        ...     def scores(self, x):
        ...         return np.concatenate([-x, x], axis=1)
        ...     def scores_vjp(self, x, v):
        ...         return v[:, 1:] - v[:, :1]
        >>> minimal(Line(), np.array([[0.5], [2.0], [-1.0]]), [1, 1, 1]).radius.round(2).tolist()
        [0.5, 2.0, 0.0]
    """
    require_count(steps, "steps")
    require_count(restarts, "restarts")
    problem = pose(predictor, x, y, Threat(norm, 0.0, bounds), key, batch_size)
    progress = progress or Quiet()
    held = _Held.clean_points(problem)
    rows = np.flatnonzero(held.radius > 0)
    progress.start("smallest distances", len(rows) * steps * restarts)
    _try_others(problem, held, rows)
    for restart in range(restarts):
        for part, shape in problem.batches(rows):
            pairs = _nearest_rivals(problem, held, part, shape) if restart == 0 else None
            _descend(problem, held, part, shape, pairs, steps, restart, progress)
    long = held.x.copy()
    _shorten(problem, held, rows)
    _confirm(problem, held, rows, long)
    return MinimalResult(
        radius=held.radius,
        x_adv=held.x,
        n_queries=held.n_queries,
        n_gradients=held.n_gradients,
        norm=norm,
        key=keys.describe(key),
        settings={"steps": steps, "restarts": restarts, "bounds": bounds, "batch_size": batch_size},
    )


@dataclass(eq=False)
class _Held:
    """The nearest misclassified points so far, and what they cost."""

    threat: Threat
    clean: np.ndarray
    x: np.ndarray
    radius: np.ndarray
    n_queries: np.ndarray
    n_gradients: np.ndarray

    @classmethod
    def clean_points(cls, problem: Problem) -> "_Held":
        right = problem.clean_scores.argmax(axis=1) == problem.labels
        radius, count = np.where(right, np.inf, 0.0), np.ones(len(right), dtype=np.int64)
        return cls(problem.threat, problem.x, problem.x.copy(), radius, count, np.zeros_like(count))

    def offer(self, rows: np.ndarray, x: np.ndarray, broken: np.ndarray) -> None:
        """Keep the misclassified points among `x` that are nearer than what is held at `rows`."""
        radius = self.threat.distance(x, self.clean[rows])
        nearer = broken & (radius < self.radius[rows])
        self.x[rows[nearer]], self.radius[rows[nearer]] = x[nearer], radius[nearer]


def _broken(problem: Problem, held: _Held, rows: np.ndarray, x: np.ndarray) -> np.ndarray:
    held.n_queries[rows] += 1
    return problem.scores_of_all(x).argmax(axis=1) != problem.labels[rows]


def _try_others(problem: Problem, held: _Held, rows: np.ndarray) -> None:
    """Begin with the nearest of the other points that is predicted otherwise, so that there is always something."""
    n = len(problem.x)
    pool = np.unique(np.linspace(0, n - 1, min(n, _CANDIDATES)).round().astype(int))
    predicted = problem.clean_scores[pool].argmax(axis=1)
    for i in rows:
        others = pool[predicted != problem.labels[i]]
        if len(others):
            away = norms(problem.x[others].astype(np.float64) - problem.x[i], problem.threat.norm)
            held.x[i], held.radius[i] = problem.x[others[away.argmin()]], away.min()
    _shorten(problem, held, rows)


def _shorten(problem: Problem, held: _Held, rows: np.ndarray) -> None:
    """Bisect the segments from the clean points to those held for the place where the prediction changes."""
    rows = rows[np.isfinite(held.radius[rows])]
    if not len(rows):
        return
    clean = held.clean[rows]
    whole = held.x[rows].astype(np.float64) - clean
    low, high = np.zeros(len(rows)), np.ones(len(rows))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        x = move(clean, whole * middle.reshape(-1, *[1] * (whole.ndim - 1)))
        broken = _broken(problem, held, rows, x)
        held.offer(rows, x, broken)
        low, high = np.where(broken, low, middle), np.where(broken, middle, high)


def _nearest_rivals(problem: Problem, held: _Held, rows: np.ndarray, shape: int) -> np.ndarray:
    """The right column and the wrong one whose boundary is nearest, linearised at the clean points: (m, 2)."""
    scores, labels, x = problem.clean_scores[rows], problem.labels[rows], problem.x[rows]
    ranking = ranked_rivals(scores, labels)[:, :_RIVALS]
    nearest, best = np.full(len(rows), np.inf), ranking[:, 0].copy()
    for rank in range(ranking.shape[1] if ranking.shape[1] > 1 else 0):
        pairs = np.stack([labels, ranking[:, rank]], axis=1)
        gradient = problem.gradient(x, Duel().cotangent(scores, pairs), shape)
        held.n_gradients[rows] += 1
        away = _linear_distance(problem.threat, Duel().values(scores, pairs), gradient)
        best = np.where(away < nearest, ranking[:, rank], best)
        nearest = np.minimum(away, nearest)
    return np.stack([labels, best], axis=1)


def _linear_distance(threat: Threat, values: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """How far away the zero of a linear function with these values and gradients is; infinity for flat ones."""
    slope = norms(np.where(np.isfinite(gradient), gradient, 0).astype(np.float64), _DUAL[threat.norm])
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        away = -values / slope
    return np.where(np.isfinite(away), away, np.inf)


def _descend(
    problem: Problem,
    held: _Held,
    rows: np.ndarray,
    shape: int,
    pairs: np.ndarray | None,
    steps: int,
    restart: int,
    progress: Progress,
) -> None:
    """One run of the batch `rows`: up the margin, or with `pairs` up the difference of their scores."""
    threat, labels, margin = problem.threat, problem.labels[rows], Objective("margin")
    uphill, columns = (margin, labels) if pairs is None else (Duel(), pairs)
    clean, known = problem.x[rows], np.isfinite(held.radius[rows])
    radii = np.where(known, held.radius[rows], 0.0)
    x = clean if restart == 0 else threat.region(clean, radii).random_start(problem.generators(rows, restart))
    found = np.zeros(len(rows), dtype=bool)  # in this run
    farthest = _FARTHEST * norms(np.full((1, *x.shape[1:]), np.abs(problem.x).max() or 1.0), threat.norm)
    for step in range(steps):
        scores, gradient = problem.scores_and_gradient(x, columns, uphill, shape)
        held.n_queries[rows] += 1
        held.n_gradients[rows] += 1
        values, broken = uphill.values(scores, columns), margin.broken(scores, labels)
        held.offer(rows, x, broken)
        found |= broken
        share = 0.5 * (1 + np.cos(np.pi * step / max(steps - 1, 1)))
        change = _NARROWER + (_WIDER - _NARROWER) * share
        linear = threat.distance(x, clean) + _linear_distance(threat, values, gradient)
        nearest = held.radius[rows]
        radii = np.where(
            found,
            np.where(broken, np.minimum(radii, nearest) * (1 - change), radii * (1 + change)),
            np.where(np.isfinite(linear), linear * (1 + change), 2 * radii),
        )
        radii = np.minimum(np.minimum(radii, nearest), farthest)
        length = (_SHORT + (_LONG - _SHORT) * share) * radii
        x = threat.region(clean, radii).step(x, gradient, length)
        progress.step(len(rows))
    broken = margin.broken(problem.scores(x, shape), labels)
    held.n_queries[rows] += 1
    held.offer(rows, x, broken)


def _confirm(problem: Problem, held: _Held, rows: np.ndarray, long: np.ndarray) -> None:
    """Predict once more; a point that is not misclassified then gives way to the longer one that it was cut from."""
    rows = rows[np.isfinite(held.radius[rows])]
    for fallback in (long, problem.x):
        if not len(rows):
            return
        rows = rows[problem.scores_of_all(held.x[rows]).argmax(axis=1) == problem.labels[rows]]
        held.x[rows] = fallback[rows]
        held.radius[rows] = problem.threat.distance(held.x, problem.x)[rows]
    held.radius[rows] = np.inf
