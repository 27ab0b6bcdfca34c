"""The frame of every attack: input checked, best point kept, success recomputed from what is returned."""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Protocol, Self

import numpy as np

from limes.attacks.losses import LossName, Objective
from limes.attacks.problem import Problem, pose
from limes.attacks.result import AttackResult
from limes.attacks.threat import Bounds, EpsLike, Threat, parse_eps
from limes.core import keys
from limes.core.errors import InputError
from limes.core.progress import Progress, Quiet
from limes.core.types import Array, AttackNorm, Predictor

BATCH_SIZE = 256


class Search(Protocol):
    """What an attack is to the frame: norm, loss, and a search of some of a problem's points."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def norm(self) -> AttackNorm:
        """The norm of the ball."""
        ...

    @property
    def loss(self) -> LossName:
        """The loss that is raised."""
        ...

    @property
    def targeted(self) -> bool:
        """Whether labels are targets."""
        ...

    def search(self, problem: Problem, rows: np.ndarray, progress: Progress) -> "Found":
        """Attack the examples `rows` of the problem."""
        ...


@dataclass(eq=False)
class Found:
    """The best point so far of each attacked example; starts at the clean ones, so that nothing worse is returned.

    Attributes:
        rows: (m,) indices of the examples in the problem.
        x: (m, ...) best points.
        values: (m,) what the attack raises, at `x`.
        broken: (m,) whether `x` is what the attack wants.
        n_queries, n_gradients: (m,) cost so far.
        by_loss: rank by `values` alone; otherwise a broken point beats every other.
    """

    rows: np.ndarray
    x: np.ndarray
    values: np.ndarray
    broken: np.ndarray
    n_queries: np.ndarray
    n_gradients: np.ndarray
    by_loss: bool = False

    @classmethod
    def clean(cls, problem: Problem, objective: Objective, rows: np.ndarray, by_loss: bool = False) -> Self:
        """The clean points, which cost one forward pass."""
        scores, labels = problem.clean_scores[rows], problem.labels[rows]
        values, broken = objective.values(scores, labels), objective.broken(scores, labels)
        cost = np.ones(len(rows), dtype=np.int64)
        return cls(rows, problem.x[rows], values, broken, cost, np.zeros_like(cost), by_loss)

    def open(self) -> np.ndarray:
        """Positions in `rows` that are still worth attacking."""
        return np.arange(len(self.rows)) if self.by_loss else np.flatnonzero(~self.broken)

    def offer(self, positions: np.ndarray, x: np.ndarray, values: np.ndarray, broken: np.ndarray) -> None:
        """Keep the candidates that rank above what is held at `positions`."""
        held, was = self.values[positions], self.broken[positions]
        better = values > held
        if not self.by_loss:
            better = (broken & ~was) | ((broken == was) & better)
        taken = positions[better]
        self.x[taken], self.values[taken], self.broken[taken] = x[better], values[better], broken[better]


def objective_of(attack: Search, predictor: Predictor) -> Objective:
    """The attack's objective, with the targets that the predictor was trained on.

    Raises:
        InputError: for the loss "dlr" with two classes or with targets.
    """
    if attack.loss == "dlr" and predictor.n_outputs < 3:
        raise InputError("the loss 'dlr' compares three scores, and this predictor has two: use 'margin' or 'ce'")
    if attack.loss == "dlr" and attack.targeted:  # it is flat where the target has the third best score
        raise InputError("the loss 'dlr' has no targets: use 'margin' or 'ce', or APGD with rivals")
    one_hot = getattr(predictor, "targets", None) == "one_hot"
    return Objective(attack.loss, attack.targeted, one_hot)


def run(
    attack: Search,
    predictor: Predictor,
    x: Array,
    y: Array,
    eps: EpsLike,
    bounds: Bounds,
    key: keys.KeyLike,
    batch_size: int,
    progress: Progress | None,
) -> AttackResult:
    """Attack every point and re-predict what came out; see the attacks for arguments and errors."""
    threat = Threat(attack.norm, parse_eps(eps), bounds)
    problem = pose(predictor, x, y, threat, key, batch_size)
    objective = objective_of(attack, predictor)
    found = attack.search(problem, np.arange(len(problem.x)), progress or Quiet())
    scores = problem.scores_of_all(found.x)
    values = objective.values(scores, problem.labels)
    return AttackResult(
        x_adv=found.x,
        success=objective.broken(scores, problem.labels),
        loss=-values if attack.targeted else values,
        distance=threat.distance(found.x, problem.x),
        n_queries=found.n_queries,
        n_gradients=found.n_gradients,
        norm=attack.norm,
        eps=threat.eps,
        key=keys.describe(key),
        settings={"attack": type(attack).__name__, **asdict(attack), "bounds": bounds, "batch_size": batch_size},
    )


def require_count(value: int, name: str) -> None:
    """Refuse a number of steps, restarts or queries that is not an integer of at least 1.

    Raises:
        InputError: naming the argument and its value.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise InputError(f"{name} must be an integer of at least 1, not {value!r}")
