"""The square attack: random search with windows of shrinking size, which needs scores and no gradients.

It is here to find what gradient attacks miss where gradients are masked. A proposal is kept where the loss grows.

Reference: Andriushchenko et al. 2020, arXiv 1912.00049.
"""

from dataclasses import dataclass

import numpy as np

from limes.attacks import windows
from limes.attacks.losses import LossName, require_loss
from limes.attacks.problem import Problem
from limes.attacks.result import AttackResult
from limes.attacks.search import BATCH_SIZE, Found, objective_of, require_count, run
from limes.attacks.threat import Bounds, EpsLike, Region, require_norm
from limes.core.errors import InputError
from limes.core.keys import KeyLike
from limes.core.progress import Progress
from limes.core.types import Array, AttackNorm, Predictor


@dataclass(frozen=True)
class Square:
    """Gradient-free random search on images (n, h, w, c), sequences (n, t, c) and vectors (n, d).

    Images are searched with square windows, sequences and vectors (and any other shape, flattened) with runs of
    neighbouring positions. An example is left alone once it is broken.

    Attributes:
        norm: "linf", "l2" or "l1".
        queries: the most forward passes on perturbed points of each example. The windows' schedule is that of the
            paper, scaled to this budget.
        p_init: share of the image that the first windows cover, in (0, 1].
        loss: "margin", "ce", "mse" or "dlr", see `FGSM`.
        targeted: labels are targets to be reached.

    Raises:
        InputError: at construction, for options that cannot be; at the call as `PGD`.

    Cost: up to `queries` forward passes for each point, plus one clean pass and one to re-predict; about
    8 queries (6 + channels) bytes of random numbers for each point of a batch.

    Reference: Andriushchenko et al. 2020, arXiv 1912.00049; for l1 as for l2 with sums in place of squares, as Croce &
    Hein 2021, arXiv 2103.01208. Deviations: the start for l2 and l1 is a plain grid of bumps; a proposal that would
    change nothing (l-inf) or cancel a value (l2, l1) flips its sign instead.
    """

    norm: AttackNorm = "linf"
    queries: int = 500
    p_init: float = 0.8
    loss: LossName = "margin"
    targeted: bool = False

    def __post_init__(self) -> None:
        require_norm(self.norm)
        require_loss(self.loss)
        require_count(self.queries, "queries")
        if not 0 < self.p_init <= 1:
            raise InputError(f"p_init is a share of the image and must lie in (0, 1], not {self.p_init!r}")

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
        """Attack `predictor` at `x`; arguments, result and errors as for `PGD`, and no gradient is asked for."""
        return run(self, predictor, x, y, eps, bounds, key, batch_size, progress)

    def search(self, problem: Problem, rows: np.ndarray, progress: Progress) -> Found:
        """Attack the examples `rows` of a problem."""
        progress.start("square", len(rows) * self.queries)
        objective = objective_of(self, problem.predictor)
        found = Found.clean(problem, objective, rows)
        standing = found.open()
        progress.step((len(rows) - len(standing)) * self.queries)
        for positions, _ in problem.batches(standing):
            walk = self._walk(problem, rows[positions], progress)
            found.offer(positions, walk.x, walk.values, walk.broken)
            found.n_queries[positions] += walk.n_queries
        return found

    def _walk(self, problem: Problem, rows: np.ndarray, progress: Progress) -> Found:
        """Search one batch; what comes back is where each walk ended, which may be worse than the clean point."""
        objective, labels = objective_of(self, problem.predictor), problem.labels[rows]
        region = problem.threat.region(problem.x[rows])
        draws = _Draws(self.norm, self.queries, problem.x.shape[1:], problem.generators(rows, stream=0))
        state = Found.clean(problem, objective, rows)
        state.values[:] = -np.inf  # so that the start is taken, whatever its loss
        state.n_queries[:] = 0
        for query in range(self.queries):
            live = state.open()
            if not len(live):
                progress.step(len(rows) * (self.queries - query))
                break
            share = windows.window_share(self.p_init, query / self.queries)
            around = region if len(live) == len(rows) else region.take(live)
            proposal = draws.propose(query, share, live, state.x[live], around)
            scores = problem.scores(proposal, problem.shape_for(len(live)))
            state.offer(live, proposal, objective.values(scores, labels[live]), objective.broken(scores, labels[live]))
            state.n_queries[live] += 1
            progress.step(len(rows))
        return state


class _Draws:
    """The random numbers of one batch, drawn example by example, and the proposals made of them."""

    def __init__(
        self, norm: AttackNorm, queries: int, shape: tuple[int, ...], generators: list[np.random.Generator]
    ) -> None:
        self._order = {"l2": 2, "l1": 1}.get(norm, 0)
        self._image = h, w, c = windows.image_shape(shape)
        start = (*windows.grid(h, w), c) if self._order else (w, c)
        each = (queries, (5 if self._order else 2) + c)
        self._start = np.stack([g.random(start) for g in generators])
        self._later = np.stack([g.random(each) for g in generators])

    def propose(self, query: int, share: float, live: np.ndarray, current: np.ndarray, region: Region) -> np.ndarray:
        """The points to ask for next, in place of `current`, for the examples `live` of the batch."""
        clean, eps = region.x.reshape(-1, *self._image), region.threat.eps
        if query == 0:
            u = self._start[live]
            moved = windows.bump_start(clean, eps, u, self._order) if self._order else windows.linf_start(clean, eps, u)
        else:
            sides, u = windows.window_sides(share, *self._image[:2]), self._later[live, query]
            around = current.reshape(clean.shape), clean, eps, sides, u
            moved = windows.bump_proposal(*around, self._order) if self._order else windows.linf_proposal(*around)
        return region.project(moved.reshape(region.x.shape))
