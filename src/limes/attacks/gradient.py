"""Gradient attacks: one step (FGSM) and projected gradient ascent (PGD), in l-inf, l2 and l1 balls.

The ball is centred on the clean point, also after a random start; the gradient is taken at the current iterate; the
best of all points visited is kept.

Reference: Goodfellow et al. 2015 (arXiv 1412.6572); Madry et al. 2018 (arXiv 1706.06083).
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from limes.attacks.losses import LossName, Objective, require_loss
from limes.attacks.problem import Problem
from limes.attacks.result import AttackResult
from limes.attacks.search import BATCH_SIZE, Found, objective_of, require_count, run
from limes.attacks.threat import Bounds, EpsLike, parse_eps, require_norm
from limes.core.errors import InputError
from limes.core.keys import KeyLike
from limes.core.progress import Progress
from limes.core.types import Array, AttackNorm, Predictor

Goal = Literal["success", "loss"]


@dataclass(frozen=True)
class FGSM:
    """One step of length eps from the clean point: along the sign (l-inf) or the direction (l2) of the gradient, or
    into its largest coordinates (l1).

    Exact for predictors that are linear in x, for l2 without a box.

    Attributes:
        norm: "linf", "l2" or "l1".
        loss: "margin" (best wrong score minus right score), "ce" (softmax cross-entropy of the scores), "mse"
            (to the targets of the predictor) or "dlr" (the margin over the gap between the best and the third best
            score; for three or more classes, without targets).
        targeted: labels are targets to be reached.

    Raises:
        InputError: at construction, for an unknown norm or loss; at the call as `PGD`.

    Cost: two forward passes and one gradient for each point that is predicted right, and one to re-predict.

    Reference: Goodfellow et al. 2015, arXiv 1412.6572.
    """

    norm: AttackNorm = "linf"
    loss: LossName = "margin"
    targeted: bool = False

    def __post_init__(self) -> None:
        require_norm(self.norm)
        require_loss(self.loss)

    def __call__(
        self,
        predictor: Predictor,
        x: Array,
        y: Array,
        eps: EpsLike,
        *,
        bounds: Bounds = None,
        key: KeyLike = 0,
        batch_size: int = BATCH_SIZE,
        progress: Progress | None = None,
    ) -> AttackResult:
        """Attack `predictor` at `x`; arguments, result and errors as for `PGD`."""
        return run(self, predictor, x, y, eps, bounds, key, batch_size, progress)

    def search(self, problem: Problem, rows: np.ndarray, progress: Progress) -> Found:
        """Attack the examples `rows` of a problem."""
        progress.start("FGSM", len(rows))
        objective = objective_of(self, problem.predictor)
        found = Found.clean(problem, objective, rows)
        for positions, shape in problem.batches(found.open()):
            climb = _Climb(problem, objective, found, positions, shape, progress)
            climb(steps=1, step_size=problem.threat.eps, stream=None)
        return found


@dataclass(frozen=True)
class PGD:
    """Projected gradient ascent on the loss inside of the ball round the clean point.

    x <- project(x + step_size * direction(gradient at x)), the direction being the sign for l-inf and the gradient over
    its norm for l2; for l1 the step is that of Frank & Wolfe, see `limes.attacks.threat.Region.step`. Of all points
    visited the best is kept: misclassified before not, then by loss.

    Attributes:
        norm: "linf", "l2" or "l1".
        steps: gradient steps of each restart.
        restarts: runs from other starts; a point that is broken takes no part in later ones.
        loss: "margin", "ce", "mse" or "dlr", see `FGSM`.
        step_size: in the caller's units, a number or a fraction ("2/255"); None for 2.5 eps / steps.
        random_start: start uniformly in the ball; otherwise the first run starts at the clean point, later ones do not.
        targeted: labels are targets to be reached.
        goal: "success", or "loss" to move every point, right or wrong, to the largest loss, as adversarial training
            wants it.

    Raises:
        InputError: at construction, for options that cannot be.

    Cost: steps + 1 forward passes and `steps` gradients for each restart and point, plus one clean pass and one to
    re-predict. The steps themselves are a few element-wise passes in float64.

    Reference: Madry et al. 2018, arXiv 1706.06083.

    Example:
        >>> class Line:  # scores (-x, x)
        ...     n_outputs = 2
        ...     def scores(self, x):
        ...         return np.concatenate([-x, x], axis=1)
        ...     def scores_vjp(self, x, v):
        ...         return v[:, 1:] - v[:, :1]
        >>> result = PGD(steps=5)(Line(), np.array([[0.5], [2.0]]), [1, 1], eps=1.0)
        >>> result.success.tolist(), result.x_adv.tolist()
        ([True, False], [[-0.5], [1.0]])
    """

    norm: AttackNorm = "linf"
    steps: int = 10
    restarts: int = 1
    loss: LossName = "margin"
    step_size: EpsLike | None = None
    random_start: bool = True
    targeted: bool = False
    goal: Goal = "success"

    def __post_init__(self) -> None:
        require_norm(self.norm)
        require_loss(self.loss)
        require_count(self.steps, "steps")
        require_count(self.restarts, "restarts")
        if self.step_size is not None and parse_eps(self.step_size, "step_size") == 0:
            raise InputError("step_size must be positive, not 0: leave it out for 2.5 eps / steps")
        if self.goal not in get_args(Goal):
            raise InputError(f"goal must be one of {', '.join(get_args(Goal))}, not {self.goal!r}")

    def __call__(
        self,
        predictor: Predictor,
        x: Array,
        y: Array,
        eps: EpsLike,
        *,
        bounds: Bounds = None,
        key: KeyLike = 0,
        batch_size: int = BATCH_SIZE,
        progress: Progress | None = None,
    ) -> AttackResult:
        """Attack `predictor` at `x`.

        Args:
            predictor: any Predictor with two or more score columns. Where it offers ``scores_and_vjp(x, cotangent)``,
                with `cotangent` a function of the scores, that is used and saves an evaluation.
            x: (n, ...) clean points, float32 or float64, in the caller's units.
            y: (n,) labels as in ``predictor.classes_``, else column indices; the targets if `targeted`.
            eps: radius in the caller's units, a number or a fraction ("8/255").
            bounds: (low, high) of valid inputs, numbers or one value per feature; None for no box.
            key: an int or a JAX key. The same key gives the same points, whatever the batch size.
            batch_size: the most points per call of the predictor.
            progress: told of every step.

        Returns:
            Adversarial points with success, loss, distance and cost of each.

        Raises:
            InputError: for NaN, points outside of the box, labels that do not fit, a bad radius.
            DtypeError: for points that are not float32 or float64.
            NumericalError: if the predictor returns scores that are not finite.
        """
        return run(self, predictor, x, y, eps, bounds, key, batch_size, progress)

    def search(self, problem: Problem, rows: np.ndarray, progress: Progress) -> Found:
        """Attack the examples `rows` of a problem."""
        progress.start(f"PGD on {self.loss}", len(rows) * self.restarts * self.steps)
        objective = objective_of(self, problem.predictor)
        found = Found.clean(problem, objective, rows, by_loss=self.goal == "loss")
        for restart in range(self.restarts):
            stream = restart if restart or self.random_start else None
            standing = found.open()
            progress.step((len(rows) - len(standing)) * self.steps)
            for positions, shape in problem.batches(standing):
                climb = _Climb(problem, objective, found, positions, shape, progress)
                climb(self.steps, self._step_size(problem.threat.eps), stream)
        return found

    def _step_size(self, eps: float) -> float:
        return 2.5 * eps / self.steps if self.step_size is None else parse_eps(self.step_size, "step_size")


@dataclass(frozen=True, eq=False)
class _Climb:
    """Ascent of one batch; what it visits is offered to `found`."""

    problem: Problem
    objective: Objective
    found: Found
    positions: np.ndarray
    shape: int
    progress: Progress

    def __call__(self, steps: int, step_size: float, stream: int | None) -> None:
        """Climb from a random start of the given stream, or from the clean points if it is None."""
        rows = self.found.rows[self.positions]
        clean, labels = self.problem.x[rows], self.problem.labels[rows]
        region = self.problem.threat.region(clean)
        x = clean if stream is None else region.random_start(self.problem.generators(rows, stream))
        for step in range(steps):
            if step == 0 and stream is None:  # the clean scores are known
                v = self.objective.cotangent(self.problem.clean_scores[rows], labels)
                gradient = self.problem.gradient(x, v, self.shape)
            else:
                scores, gradient = self.problem.scores_and_gradient(x, labels, self.objective, self.shape)
                self._offer(x, scores, labels)
            self.found.n_gradients[self.positions] += 1
            x = region.step(x, gradient, step_size)
            self.progress.step(len(rows))
        self._offer(x, self.problem.scores(x, self.shape), labels)

    def _offer(self, x: np.ndarray, scores: np.ndarray, labels: np.ndarray) -> None:
        values, broken = self.objective.values(scores, labels), self.objective.broken(scores, labels)
        self.found.offer(self.positions, x, values, broken)
        self.found.n_queries[self.positions] += 1
