"""Claims 8 and 9: what the attack must satisfy whatever it attacks, and how the released one breaks it.

Violations are counted, so that one is a refutation. Agreement with another attack library (the source names foolbox) is
replaced by a harder test that needs none: multi-class linear predictors, whose worst case within ball and box is known
exactly, coordinate by coordinate.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from limes.attacks import PGD, evaluate
from limes.core.types import Predictor
from limes.robust import ReleasedPGD


@dataclass
class Recorder:
    """A predictor that notes at which points its gradient is asked for, and may scale its scores."""

    inner: Any
    scale: float = 1.0
    points: list[np.ndarray] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.n_outputs, self.classes_ = self.inner.n_outputs, getattr(self.inner, "classes_", None)
        self.targets = getattr(self.inner, "targets", None)

    def scores(self, x: np.ndarray) -> np.ndarray:
        """Scores of the predictor, scaled."""
        return self.scale * np.asarray(self.inner.scores(x))

    def scores_vjp(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Gradient of the predictor, scaled."""
        self.points.append(np.array(x))
        return self.scale * np.asarray(self.inner.scores_vjp(x, v))


@dataclass(frozen=True, eq=False)
class Linear:
    """Scores x W + b of flat inputs."""

    weights: np.ndarray
    offset: np.ndarray

    @property
    def n_outputs(self) -> int:
        """Number of score columns."""
        return len(self.offset)

    def scores(self, x: np.ndarray) -> np.ndarray:
        """(n, d) -> (n, c)."""
        return np.asarray(x, np.float64) @ self.weights + self.offset

    def scores_vjp(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Gradient in x of sum(v * scores(x))."""
        return np.asarray(v) @ self.weights.T

    def robust(self, x: np.ndarray, y: np.ndarray, eps: float, bounds: tuple[float, float]) -> np.ndarray:
        """Whether no point of ball and box is misclassified, exactly: (n,) bool.

        The difference of two scores is linear, and ball and box are a product of intervals.
        """
        low, high = np.maximum(x - eps, bounds[0]), np.minimum(x + eps, bounds[1])
        standing = np.ones(len(x), bool)
        for j in range(self.n_outputs):
            slope = (self.weights[:, [j]] - self.weights[:, y]).T
            worst = np.sum(np.where(slope > 0, slope * high, slope * low), axis=1) + self.offset[j] - self.offset[y]
            standing &= (worst < 0) | (y == j)
        return standing


def fit_linear(x: np.ndarray, y: np.ndarray, ridge: float = 1e-2) -> Linear:
    """Least squares on one-hot targets."""
    z = np.c_[x, np.ones(len(x))].astype(np.float64)
    coef = np.linalg.solve(z.T @ z + ridge * len(z) * np.eye(z.shape[1]), z.T @ np.eye(int(y.max()) + 1)[y])
    return Linear(coef[:-1], coef[-1])


def sound(
    predictor: Predictor, x: np.ndarray, y: np.ndarray, eps: float, box: tuple[float, float], key: int
) -> dict[str, Any]:
    """Claim 8: violations of each property.

    Args:
        predictor: what is attacked, trained on one-hot targets.
        x: (n, ...) clean points.
        y: (n,) column indices.
        eps: radius.
        box: (low, high).
        key: of the attacks.
    """
    options: dict[str, Any] = {"bounds": box, "key": key}
    step = eps / 5
    short, long, more = (
        PGD(steps=steps, restarts=restarts, loss="mse", step_size=step, goal="loss")
        for steps, restarts in ((3, 1), (9, 1), (3, 3))
    )
    few = short(predictor, x, y, eps, **options)
    still = short(predictor, x, y, 0.0, **options)
    clean = np.argmax(predictor.scores(x), axis=1) == y
    at_zero = evaluate(predictor, x, y, [0.0], audit=False, queries=1, steps=1, **options)
    distance = np.abs(few.x_adv.astype(np.float64) - x.astype(np.float64)).reshape(len(x), -1).max(axis=1)
    return {
        "moved_at_zero": int((still.x_adv != x).any(axis=tuple(range(1, x.ndim))).sum()),
        "clean_accuracy_at_zero": int(at_zero.robust_accuracy[0] != clean.mean()),
        "outside_ball": int((distance > eps).sum()),
        "outside_box": int(((few.x_adv < box[0]) | (few.x_adv > box[1])).sum()),
        "worse_with_more_steps": _lower(long(predictor, x, y, eps, **options).loss, few.loss),
        "worse_with_more_restarts": _lower(more(predictor, x, y, eps, **options).loss, few.loss),
        "not_at_the_iterate": _wrong_iterates(predictor, x, y, eps, step, box, key),
        "lost_with_tiny_gradients": _lost_with_tiny_gradients(predictor, x, y, eps, key),
    }


def against_exact(
    linear: Linear, x: np.ndarray, y: np.ndarray, eps: float, box: tuple[float, float], key: int
) -> dict[str, Any]:
    """Claim 8: robust accuracy of a linear predictor as PGD on the margin finds it, and as it is."""
    found = PGD(steps=20, restarts=3, loss="margin", random_start=False)(linear, x, y, eps, bounds=box, key=key)
    exact = linear.robust(x, y, eps, box)
    return {"linear_exact": float(exact.mean()), "linear_found": float(1 - found.success.mean())}


def released(predictor: Predictor, x: np.ndarray, y: np.ndarray, eps: float, key: int) -> dict[str, Any]:
    """Claim 9: how far the released attack moves points, and at how many different points it asks for a gradient."""
    watched = Recorder(predictor)
    result = ReleasedPGD(steps=10)(watched, x, y, eps, key=key)
    return {"reach": float(result.distance.max() / eps), "gradients": _distinct(watched.points)}


def _lower(values: np.ndarray, than: np.ndarray) -> int:
    return int((values < than - 1e-12 * (1 + np.abs(than))).sum())


def _wrong_iterates(
    predictor: Predictor, x: np.ndarray, y: np.ndarray, eps: float, step: float, bounds: tuple[float, float], key: int
) -> int:
    """Coordinates of iterates that are not one projected signed step from the iterate before.

    The gradient of each step is computed anew at the recorded point. Coordinates where it vanishes to rounding are
    passed over: their sign is noise.
    """
    watched = Recorder(predictor)
    PGD(steps=5, loss="mse", step_size=step, goal="loss")(watched, x, y, eps, bounds=bounds, key=key, batch_size=len(x))
    low, high = np.maximum(x - eps, bounds[0]), np.minimum(x + eps, bounds[1])
    wrong = 5 - len(watched.points)
    for before, after in zip(watched.points[:-1], watched.points[1:], strict=True):
        residual = predictor.scores(before) - np.eye(predictor.n_outputs)[y]
        gradient = predictor.scores_vjp(before, residual)
        expected = np.clip(before + step * np.sign(gradient), low, high)
        clear = np.abs(gradient) > 1e-6 * np.abs(gradient).max()
        wrong += int((clear & (np.abs(after - expected) > 1e-6 * step)).sum())
    return wrong


def _lost_with_tiny_gradients(predictor: Predictor, x: np.ndarray, y: np.ndarray, eps: float, key: int) -> int:
    """Points that l2 attacks break, but not when scores and gradients are 1e-30 times as large."""
    attack = PGD(norm="l2", steps=5)
    radius = eps * np.sqrt(x[0].size) / 2
    usual, tiny = (attack(Recorder(predictor, scale), x, y, radius, key=key).success for scale in (1.0, 1e-30))
    return int((usual != tiny).sum())


def _distinct(points: list[np.ndarray]) -> int:
    """The largest number of different points of one example at which a gradient was asked for."""
    stacked = np.stack(points).reshape(len(points), len(points[0]), -1)
    return max(len(np.unique(stacked[:, i], axis=0)) for i in range(stacked.shape[1]))
