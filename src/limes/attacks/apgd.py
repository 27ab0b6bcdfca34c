"""APGD: projected gradient ascent with momentum that chooses the length of its steps itself.

Reference: Croce & Hein 2020, arXiv 2003.01690, algorithm 1.
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from limes.attacks.losses import Duel, LossName, Objective, ranked_rivals, require_loss
from limes.attacks.pace import Pace
from limes.attacks.problem import Problem
from limes.attacks.result import AttackResult
from limes.attacks.search import BATCH_SIZE, Found, objective_of, require_count, run
from limes.attacks.threat import Bounds, EpsLike, Region, require_norm
from limes.core.errors import InputError
from limes.core.keys import KeyLike
from limes.core.progress import Progress
from limes.core.types import Array, AttackNorm, Predictor

_FORWARD = 0.75  # share of the new step; the rest repeats the last one


@dataclass(frozen=True)
class APGD:
    """Gradient ascent in the ball round the clean point, without a step size to choose.

    A step goes three quarters of the way of a projected gradient step and repeats a quarter of the last move. It is
    2 eps long at first; at checkpoints, where too few steps raised the loss, it is halved and the ascent goes back to
    the best point found. For l1 the steps are those of Frank & Wolfe, all the way to a corner of the ball at first. An
    example is left alone once it is broken.

    Attributes:
        norm: "linf", "l2" or "l1".
        steps: gradient steps of each ascent; below about 10 there are no checkpoints to speak of.
        restarts: ascents from other starts; a point that is broken takes no part in later ones.
        loss: "margin", "ce", "mse", or "dlr", see `FGSM`.
        random_start: start uniformly in the ball; otherwise the first ascents start at the clean point.
        targeted: labels are targets to be reached.
        rivals: attack so many wrong classes in turn, the most likely ones when clean first, each by the difference
            between its score and the right one; 0 to raise `loss` alone. It breaks points at which the steepest way is
            not towards the class that can be reached, at `rivals` times the cost. For the loss "margin".

    Raises:
        InputError: at construction, for options that cannot be; at the call as `PGD`, and for "dlr" with two classes.

    Cost: steps + 1 forward passes and `steps` gradients for each restart, rival and point that is not broken yet, plus
    one clean pass and one to re-predict.

    Reference: Croce & Hein 2020, arXiv 2003.01690. Deviations: the move before a return to the best point is not
    repeated; rivals are attacked by a difference of scores, not by a targeted "dlr"; for l1 the ball and its box are
    those of arXiv 2103.01208, but the steps are not: their sparse steps broke fewer points in 20 steps and as many in
    100.

    Example:
        >>> class Line:  # scores (-x, x)
        ...     n_outputs = 2
        ...     def scores(self, x):
        ...         return np.concatenate([-x, x], axis=1)
        ...     def scores_vjp(self, x, v):
        ...         return v[:, 1:] - v[:, :1]
        >>> result = APGD(steps=5)(Line(), np.array([[0.5], [2.0]]), [1, 1], eps=1.0)
        >>> result.success.tolist(), result.x_adv[1].tolist()
        ([True, False], [1.0])
    """

    norm: AttackNorm = "linf"
    steps: int = 50
    restarts: int = 1
    loss: LossName = "margin"
    random_start: bool = True
    targeted: bool = False
    rivals: int = 0

    def __post_init__(self) -> None:
        require_norm(self.norm)
        require_loss(self.loss)
        require_count(self.steps, "steps")
        require_count(self.restarts, "restarts")
        if self.rivals != 0:
            require_count(self.rivals, "rivals")
            if self.targeted or self.loss != "margin":
                raise InputError(
                    "rivals are wrong classes to be reached by the margin: use them with loss='margin' and "
                    f"targeted=False, not loss={self.loss!r} and targeted={self.targeted}"
                )

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
        turns = max(min(self.rivals, problem.predictor.n_outputs - 1), 1)
        progress.start(
            f"APGD on {'rivals' if self.rivals else self.loss}", len(rows) * self.restarts * turns * self.steps
        )
        objective = objective_of(self, problem.predictor)
        found = Found.clean(problem, objective, rows)
        ranking = ranked_rivals(problem.clean_scores[rows], problem.labels[rows])
        for turn in range(self.restarts * turns):
            stream = turn if turn >= turns or self.random_start else None
            standing = found.open()
            progress.step((len(rows) - len(standing)) * self.steps)
            for positions, _ in problem.batches(standing):
                labels = problem.labels[rows[positions]]
                pairs = np.stack([labels, ranking[positions, turn % turns]], axis=1) if self.rivals else None
                _Ascent(problem, objective, found, progress)(self.steps, positions, pairs, stream)
        return found


@dataclass(eq=False)
class _State:
    """Where the examples of a batch are that still stand; all arrays have one row for each."""

    positions: np.ndarray
    region: Region
    labels: np.ndarray
    pace: Pace
    x: np.ndarray
    before: np.ndarray
    value: np.ndarray
    best: np.ndarray
    best_value: np.ndarray
    best_gradient: np.ndarray

    def take(self, rows: np.ndarray) -> Self:
        parts = {name: a[rows] for name, a in vars(self).items() if isinstance(a, np.ndarray)}
        return replace(self, region=self.region.take(rows), pace=self.pace.take(rows), **parts)


@dataclass(frozen=True, eq=False)
class _Ascent:
    """Ascent of one batch; what it visits is offered to `found`."""

    problem: Problem
    objective: Objective
    found: Found
    progress: Progress

    def __call__(self, steps: int, positions: np.ndarray, pairs: np.ndarray | None, stream: int | None) -> None:
        """Climb from a random start of the given stream, or from the clean points if it is None.

        With `pairs`, (m, 2) right and rival columns, climb the difference of their scores.
        """
        problem, n = self.problem, len(positions)
        rows = self.found.rows[positions]
        region = problem.threat.region(problem.x[rows])
        x = region.x if stream is None else region.random_start(problem.generators(rows, stream))
        labels = problem.labels[rows] if pairs is None else pairs
        uphill = self.objective if pairs is None else Duel()
        lowest = np.full(n, -np.inf)
        first = 0.5 if problem.threat.norm == "l1" else 2.0  # for l1 half a radius is all of the way, see `Region.step`
        pace = Pace(first * region.radii, steps)
        state = _State(positions, region, labels, pace, x, x, lowest, x, lowest, np.zeros_like(x))
        for step in range(steps):
            shape = self._shape(state)
            scores, gradient = problem.scores_and_gradient(state.x, state.labels, uphill, shape)
            self.found.n_gradients[state.positions] += 1
            broken = self._offer(state, scores)
            value = uphill.values(scores, state.labels)
            state.pace.count((value > state.value) & (step > 0))
            better = value > state.best_value
            state.value = value
            state.best_value = np.where(better, value, state.best_value)
            state.best, state.best_gradient = state.best.copy(), state.best_gradient.copy()
            state.best[better], state.best_gradient[better] = state.x[better], gradient[better]
            if broken.any():
                self.progress.step(int(broken.sum()) * (steps - step))
                state, gradient = state.take(np.flatnonzero(~broken)), gradient[~broken]
                if not len(state.x):
                    return
            state = self._step(state, gradient, step)
            self.progress.step(len(state.x))
        self._offer(state, problem.scores(state.x, self._shape(state)))

    def _shape(self, state: _State) -> int:
        """At least a quarter of the batch size: gradients of small batches cost little, but each shape is compiled."""
        return self.problem.shape_for(max(len(state.x), self.problem.size // 4))

    @staticmethod
    def _step(state: _State, gradient: np.ndarray, step: int) -> _State:
        """The state at the next iterate."""
        x, before, value = state.x, state.before, state.value
        back = state.pace.check(step, state.best_value)
        if back.any():
            x, before, gradient = x.copy(), before.copy(), gradient.copy()
            x[back] = before[back] = state.best[back]
            gradient[back] = state.best_gradient[back]
            value = np.where(back, state.best_value, value)
        ahead = state.region.step(x, gradient, state.pace.length)
        if step > 0:
            ahead = state.region.project(x + _FORWARD * (ahead - x) + (1 - _FORWARD) * (x - before))
        return replace(state, x=ahead, before=x, value=value)

    def _offer(self, state: _State, scores: np.ndarray) -> np.ndarray:
        labels = self.problem.labels[self.found.rows[state.positions]]
        values, broken = self.objective.values(scores, labels), self.objective.broken(scores, labels)
        self.found.offer(state.positions, state.x, values, broken)
        self.found.n_queries[state.positions] += 1
        return broken
