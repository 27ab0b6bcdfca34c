"""The attack of the published code of Adv-NTK, with its two flaws, so that its figures can be reported beside others.

Every step takes the gradient at the random start, never at the current point, so that ten steps are one; and the ball
is centred on the random start, so that a point moves by up to twice the radius. It is no attack within the stated
radius: use `limes.attacks.PGD` for that.
"""

from dataclasses import dataclass

import numpy as np

from limes.attacks import AttackResult
from limes.attacks.losses import LossName
from limes.attacks.problem import Problem
from limes.attacks.search import BATCH_SIZE, Found, objective_of, require_count, run
from limes.attacks.threat import Bounds, EpsLike, parse_eps
from limes.core.keys import KeyLike
from limes.core.progress import Progress
from limes.core.types import Array, Norm, Predictor


@dataclass(frozen=True)
class ReleasedPGD:
    """The published l-inf attack on the squared error: x_0 + clip(steps x step_size, eps) sign(gradient at x_0).

    x_0 is drawn uniformly from the ball. Every point is moved, right or wrong, and the last iterate is returned.

    Attributes:
        steps: as in the paper.
        step_size: in the caller's units; None for eps / 5, the paper's 1.6/255 at 8/255.

    Cost: one forward pass and one gradient for each point.

    Reference: the code of Fu & Wang 2024 (arXiv 2310.06112), its JAX attack.
    """

    steps: int = 10
    step_size: EpsLike | None = None

    def __post_init__(self) -> None:
        require_count(self.steps, "steps")
        if self.step_size is not None:
            parse_eps(self.step_size, "step_size")

    @property
    def norm(self) -> Norm:
        """l-inf."""
        return "linf"

    @property
    def loss(self) -> LossName:
        """The squared error to the targets of the predictor."""
        return "mse"

    @property
    def targeted(self) -> bool:
        """Never."""
        return False

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
        """Attack `predictor` at `x`; arguments and errors as for `limes.attacks.PGD`. `distance` may reach 2 eps."""
        return run(self, predictor, x, y, eps, bounds, key, batch_size, progress)

    def search(self, problem: Problem, rows: np.ndarray, progress: Progress) -> Found:
        """Attack the examples `rows` of a problem."""
        progress.start("released attack", len(rows))
        objective = objective_of(self, problem.predictor)
        found = Found.clean(problem, objective, rows, by_loss=True)
        eps = problem.threat.eps
        size = eps / 5 if self.step_size is None else parse_eps(self.step_size, "step_size")
        for positions, shape in problem.batches(found.open()):
            one = rows[positions]
            start = problem.threat.region(problem.x[one]).random_start(problem.generators(one, 0))
            _, gradient = problem.scores_and_gradient(start, problem.labels[one], objective, shape)
            moved = start + min(self.steps * size, eps) * np.sign(gradient).astype(start.dtype)
            low, high = problem.threat.box(problem.x[one])
            found.x[positions] = np.clip(moved, low, high)
            found.n_queries[positions] += 1
            found.n_gradients[positions] += 1
            progress.step(len(one))
        return found
