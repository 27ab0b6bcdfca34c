"""Transfer: adversarial points of a surrogate, tried on the predictor.

Reference: Papernot et al. 2017, arXiv 1602.02697.
"""

from dataclasses import dataclass, replace

import numpy as np

from limes.attacks.gradient import PGD
from limes.attacks.losses import LossName
from limes.attacks.problem import Problem
from limes.attacks.search import Found, objective_of
from limes.core.progress import Progress
from limes.core.types import AttackNorm


@dataclass(frozen=True, eq=False)
class Transfer:
    """PGD on a surrogate; the points that it ends at are tried on the predictor.

    Attributes:
        source: the same points and labels, posed for the surrogate.
        attack: PGD that moves every point (goal "loss"), also those that the surrogate gets wrong.

    Cost: that of `attack` on the surrogate, and one forward pass of the predictor for each point.
    """

    source: Problem
    attack: PGD

    @property
    def norm(self) -> AttackNorm:
        """The norm of the ball."""
        return self.attack.norm

    @property
    def loss(self) -> LossName:
        """The loss that is raised on the surrogate."""
        return self.attack.loss

    @property
    def targeted(self) -> bool:
        """Whether labels are targets."""
        return self.attack.targeted

    def search(self, problem: Problem, rows: np.ndarray, progress: Progress) -> Found:
        """Attack the examples `rows` of a problem."""
        objective = objective_of(self, problem.predictor)
        found = Found.clean(problem, objective, rows)
        standing = found.open()
        source = replace(self.source, threat=problem.threat, key=problem.key)
        x = self.attack.search(source, rows[standing], progress).x
        labels = problem.labels[rows[standing]]
        scores = problem.scores_of_all(x)
        found.offer(standing, x, objective.values(scores, labels), objective.broken(scores, labels))
        found.n_queries[standing] += 1
        return found
