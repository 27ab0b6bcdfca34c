"""Poisoning: training rows moved within a ball, so that the machine that is fitted to them is wrong elsewhere.

Each step fits the machine anew, differentiates the loss at validation points through that fit, and moves the chosen
rows along the gradient; labels stay as they are. Ball and box are those of `limes.attacks.threat`.

Reference: Biggio et al. 2012, arXiv 1206.6389 (gradient ascent through the fit); Munoz-Gonzalez et al. 2017, arXiv
1708.08689 (by implicit differentiation).
"""

from dataclasses import dataclass
from typing import Any, Protocol, Self, get_args

import numpy as np
from sklearn.base import clone

from limes.attacks.losses import LossName, Objective, require_loss
from limes.attacks.search import require_count
from limes.attacks.threat import Bounds, EpsLike, Threat, parse_eps, require_norm
from limes.core.errors import InputError
from limes.core.precision import require_finite
from limes.core.progress import Progress, Quiet
from limes.core.shown import short_repr
from limes.core.types import Array, AttackNorm


class Poisonable(Protocol):
    """An estimator that knows its gradient in the training rows, as the kernel classifiers of `limes.machines` do."""

    classes_: np.ndarray

    def fit(self, X: Array, y: Array) -> Self:
        """Fit to X (m, features...) and labels y (m,)."""
        ...

    def scores(self, x: Array) -> np.ndarray:
        """Scores (n, c)."""
        ...

    def training_vjp(self, x: Array, v: Array, rows: Array | None = None) -> Any:
        """Gradient of sum(v * scores(x)) in training rows, as the attribute `inputs`."""
        ...


@dataclass(frozen=True, eq=False)
class PoisonResult:
    """Training data with some rows moved.

    Attributes:
        X: (m, features...) all training rows, the moved ones in their places; dtype as given.
        rows: (k,) which were moved.
        distance: (k,) how far, in the norm of the ball.
        loss: (steps + 1,) mean loss at the validation points after each step, clean first.
        accuracy: (steps + 1,) accuracy there.
        step: which of these `X` belongs to: that of the largest loss.
    """

    X: np.ndarray
    rows: np.ndarray
    distance: np.ndarray
    loss: np.ndarray
    accuracy: np.ndarray
    step: int

    __repr__ = short_repr


@dataclass(frozen=True)
class Poison:
    """Gradient ascent on the mean loss at validation points in some of the training rows, with a fit in each step.

    Attributes:
        norm: "linf", "l2" or "l1", of the ball round each row.
        steps: of ascent.
        loss: "margin", "ce" or "mse", see `limes.attacks.FGSM`.
        step_size: in the caller's units, a number or a fraction; None for 2.5 eps / steps.

    Raises:
        InputError: at construction, for options that cannot be.

    Cost: steps + 1 fits, each with one gradient in the rows.

    Example:
        >>> import limes as lm
        >>> digits = lm.data.load("digits")
        >>> x, y = digits.x[:60], digits.y[:60]
        >>> found = lm.attacks.Poison(steps=2)(
        ...     lm.NTKClassifier(ridge=0.1), x, y, digits.x[60:90], digits.y[60:90], rows=[0, 1], eps=0.3, bounds=(0, 1)
        ... )
        >>> found.loss.shape, bool(found.loss.max() > found.loss[0])
        ((3,), True)
    """

    norm: AttackNorm = "linf"
    steps: int = 10
    loss: LossName = "mse"
    step_size: EpsLike | None = None

    def __post_init__(self) -> None:
        require_norm(self.norm)
        require_loss(self.loss)
        require_count(self.steps, "steps")
        if self.loss == "dlr":
            raise InputError(f"poisoning raises one of {', '.join(get_args(LossName)[:3])}, not the ratio 'dlr'")
        if self.step_size is not None and parse_eps(self.step_size, "step_size") == 0:
            raise InputError("step_size must be positive, not 0: leave it out for 2.5 eps / steps")

    def __call__(
        self,
        machine: Poisonable,
        X: Array,
        y: Array,
        x_val: Array,
        y_val: Array,
        *,
        rows: Array,
        eps: EpsLike,
        bounds: Bounds = None,
        progress: Progress | None = None,
    ) -> PoisonResult:
        """Move training rows of `machine`, which is copied and not changed.

        Args:
            machine: fitted or not; its parameters count.
            X: (m, features...) clean training rows, float32 or float64.
            y: (m,) their labels.
            x_val: (n, features...) points at which the loss is raised.
            y_val: (n,) their labels, all of them among `y`.
            rows: indices of the training rows that may move, each once.
            eps: radius in the caller's units, a number or a fraction.
            bounds: (low, high) of valid inputs; None for no box.
            progress: told of every step.

        Raises:
            InputError: for rows, labels or points that do not fit, NaN, points outside of the box, a bad radius.
        """
        x, y, chosen = np.array(X), np.asarray(y), np.asarray(rows)
        if x.dtype.kind != "f":
            raise InputError(f"training rows must be floats to be moved, not {x.dtype}")
        require_finite(x, "X")
        whole = chosen.ndim == 1 and len(chosen) > 0 and chosen.dtype.kind in "iu"
        if not whole or chosen.min() < 0 or chosen.max() >= len(x) or len(np.unique(chosen)) < len(chosen):
            raise InputError(f"rows must be different indices from 0 to {len(x) - 1}, at least one, not {rows!r}")
        y_val = np.asarray(y_val)
        if unknown := sorted(set(y_val.tolist()) - set(y.tolist()), key=str):
            raise InputError(f"y_val holds the labels {unknown}, which no training row has")
        if len(x_val) != len(y_val) or not len(y_val):
            raise InputError(f"there are {len(x_val)} validation points and {len(y_val)} labels for them")
        threat = Threat(self.norm, parse_eps(eps), bounds)
        threat.check(x)
        region = threat.region(x[chosen])
        length = 2.5 * threat.eps / self.steps if self.step_size is None else parse_eps(self.step_size, "step_size")
        progress = progress or Quiet()
        progress.start(f"poisoning {len(chosen)} rows", self.steps)
        losses, accuracies, best = [], [], x[chosen]
        for step in range(self.steps + 1):
            copied: Any = clone(machine)  # pyright: ignore[reportArgumentType]
            fitted = copied.fit(x, y)
            scores, labels = fitted.scores(x_val), np.searchsorted(fitted.classes_, y_val)
            value, slope = self._objective(fitted).function()(scores, labels)
            losses.append(float(value.mean()))
            accuracies.append(float(np.mean(scores.argmax(axis=1) == labels)))
            if losses[-1] >= max(losses):
                best = x[chosen]
            if step < self.steps:
                gradient = fitted.training_vjp(x_val, slope / len(labels), chosen).inputs
                x[chosen] = region.step(x[chosen], gradient, length)
                progress.step()
        x[chosen] = best
        distance = threat.distance(best, region.x)
        return PoisonResult(x, chosen, distance, np.array(losses), np.array(accuracies), int(np.argmax(losses)))

    def _objective(self, fitted: Any) -> Objective:
        return Objective(self.loss, one_hot=getattr(fitted, "targets", None) == "one_hot")
