"""One attack's points, labels and threat, checked at the door, and its only way to the predictor.

The predictor is always called on batches of a few fixed shapes (the batch size and its halves, padded by repeating
rows), so that one which compiles for every shape compiles a handful of times. Random numbers belong to an example's
index, never to its batch.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Self

import jax
import numpy as np

from limes.attacks.columns import require_columns, unnamed
from limes.attacks.losses import Duel, Objective
from limes.attacks.threat import Threat
from limes.core import keys, precision
from limes.core.errors import InputError, NumericalError
from limes.core.types import Array, Predictor, require_predictor


@dataclass(frozen=True, eq=False)
class Problem:
    """What an attack works on; made by `pose`.

    Attributes:
        predictor: the model under attack.
        x: (n, ...) clean points, float32 or float64.
        labels: (n,) columns of the scores: true labels, or targets.
        threat: ball and box.
        size: the largest batch.
        key: a JAX key.
        clean_scores: (n, c), the scores at `x`.
    """

    predictor: Predictor
    x: np.ndarray
    labels: np.ndarray
    threat: Threat
    size: int
    key: jax.Array
    clean_scores: np.ndarray

    def with_eps(self, eps: float) -> Self:
        """The same problem at another radius."""
        return replace(self, threat=replace(self.threat, eps=eps))

    def fold(self, number: int) -> Self:
        """The same problem with random numbers of its own."""
        return replace(self, key=jax.random.fold_in(self.key, number))

    def batches(self, rows: np.ndarray) -> Iterator[tuple[np.ndarray, int]]:
        """Equal parts of `rows` and the number of rows to pad each to."""
        part = even_size(max(len(rows), 1), self.size)
        for start in range(0, len(rows), part):
            yield rows[start : start + part], self.shape_for(part)

    def shape_for(self, n: int) -> int:
        """The smallest of the batch size, its half, its quarter ... that holds n points."""
        shape = self.size
        while shape > 1 and -(-shape // 2) >= n:
            shape = -(-shape // 2)
        return shape

    def generators(self, rows: np.ndarray, stream: int) -> list[np.random.Generator]:
        """A random generator for each of the examples `rows`, the same in whatever batch the example is."""
        words = np.resize(np.asarray(jax.random.key_data(self.key)).ravel(), 4).astype(np.uint32)
        philox = words.view(np.uint64)
        return [np.random.Generator(np.random.Philox(key=philox, counter=[0, 0, stream, int(i)])) for i in rows]

    def scores(self, x: np.ndarray, shape: int) -> np.ndarray:
        """Scores of at most `shape` points, asked for as a batch of `shape`."""
        with unnamed():
            scores = self.predictor.scores(pad(x, shape))
        return _checked(self.predictor, scores, shape)[: len(x)]

    def gradient(self, x: np.ndarray, v: np.ndarray, shape: int) -> np.ndarray:
        """Gradient of sum(v * scores(x)) in x."""
        with unnamed():
            gradient = self.predictor.scores_vjp(pad(x, shape), pad(v, shape))
        return _like(gradient, x)

    def scores_and_gradient(
        self, x: np.ndarray, labels: np.ndarray, objective: Objective | Duel, shape: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Scores at x and the direction in which the objective grows; one kernel evaluation where the predictor can."""
        together = getattr(self.predictor, "scores_and_vjp", None)
        if together is None:
            scores = self.scores(x, shape)
            return scores, self.gradient(x, objective.cotangent(scores, labels), shape)
        padded = pad(labels, shape)
        with unnamed():
            scores, gradient = together(pad(x, shape), lambda s: objective.cotangent(np.asarray(s), padded))
        return _checked(self.predictor, scores, shape)[: len(x)], _like(gradient, x)

    def scores_of_all(self, x: np.ndarray) -> np.ndarray:
        """Scores of any number of points, batch by batch."""
        return np.concatenate([self.scores(x[part], shape) for part, shape in self.batches(np.arange(len(x)))])


def pose(predictor: Predictor, x: Array, y: Array, threat: Threat, key: keys.KeyLike, batch_size: int) -> Problem:
    """Check the input of an attack and score the clean points.

    Args:
        predictor: any Predictor with at least two score columns.
        x: (n, ...) float32 or float64, in the box of `threat`.
        y: (n,) labels as in ``predictor.classes_``, else column indices.
        threat: ball and box.
        key: an int or a JAX key.
        batch_size: the most points per call of the predictor.

    Raises:
        InputError: for what is no predictor, NaN, no points, values outside of the box, labels that do not fit, columns
            of a data frame unlike those of the fit, a bad batch size.
        DtypeError: for points that are not float32 or float64.
    """
    require_predictor(predictor)
    precision.require_unmasked(x)
    require_columns(predictor, x)
    x = np.asarray(x)
    if x.ndim == 0 or x.size == 0:
        raise InputError(f"x of shape {x.shape} holds no examples: give an array (n, ...) with at least one value")
    x = np.ascontiguousarray(x, dtype=precision.float_dtype(x))
    precision.require_finite(x)
    threat.check(x)
    if isinstance(batch_size, bool) or not isinstance(batch_size, int | np.integer) or batch_size < 1:
        raise InputError(f"batch_size must be an integer of at least 1, not {batch_size!r}")
    size = even_size(len(x), int(batch_size))
    labels = encode_labels(predictor, y, len(x))
    problem = Problem(predictor, x, labels, threat, size, keys.as_key(key), clean_scores=np.empty((0, 0)))
    return replace(problem, clean_scores=problem.scores_of_all(x))


def encode_labels(predictor: Predictor, y: Array, n: int) -> np.ndarray:
    """Columns of the scores for the labels `y`.

    Raises:
        InputError: for another number of labels than points, or labels that the predictor does not know.
    """
    y = np.asarray(y)
    if y.shape != (n,):
        raise InputError(f"y has shape {y.shape}, but x holds {n} examples: give one label for each, shape ({n},)")
    if predictor.n_outputs < 2:
        raise InputError(
            f"the predictor has {predictor.n_outputs} output, but attacks need a classifier with a score for each of "
            "two or more classes"
        )
    classes = getattr(predictor, "classes_", None)
    known: list[Any] = list(range(predictor.n_outputs)) if classes is None else np.asarray(classes).tolist()
    column = {label: i for i, label in enumerate(known)}
    unknown = sorted({repr(label) for label in y.tolist() if label not in column})
    if unknown:
        what = "classes_ of the predictor are" if classes is not None else "column indices of the predictor are"
        shown = ", ".join(map(repr, known[:10])) + (", ..." if len(known) > 10 else "")
        raise InputError(
            f"y holds labels that the predictor does not know ({', '.join(unknown[:5])}); the {what} {shown}: use the "
            "labels that it was trained with"
        )
    return np.array([column[label] for label in y.tolist()], dtype=np.intp)


def even_size(n: int, batch_size: int) -> int:
    """The size of equal batches of at most `batch_size` for n points, so that little is spent on padding.

    Example:
        >>> even_size(300, 256)
        150
    """
    return -(-n // -(-n // batch_size))


def pad(a: np.ndarray, shape: int) -> np.ndarray:
    """A copy of `a` with its rows repeated up to `shape`: a predictor that writes into its input spoils nothing."""
    return a[np.resize(np.arange(len(a)), shape)]


def _checked(predictor: Predictor, scores: Array, n: int) -> np.ndarray:
    scores = np.asarray(scores)
    if scores.shape != (n, predictor.n_outputs):
        raise InputError(
            f"the predictor returned scores of shape {scores.shape} for {n} points and {predictor.n_outputs} outputs: "
            f"they must be ({n}, {predictor.n_outputs})"
        )
    bad = int((~np.isfinite(scores)).sum())
    if bad:
        raise NumericalError(
            f"the predictor returned {bad} scores of {scores.size} that are not finite: its training may have diverged "
            "or the points lie far from its data; look at predictor.scores(x) before attacking it"
        )
    return scores


def _like(gradient: Array, x: np.ndarray) -> np.ndarray:
    gradient = np.asarray(gradient)[: len(x)]
    if gradient.shape != x.shape:
        raise InputError(f"scores_vjp returned shape {gradient.shape} for points of shape {x.shape}: they must agree")
    return gradient
