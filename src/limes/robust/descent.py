"""Functional gradient descent of a kernel predictor on points that move: on all of them, or on a fixed set of centres.

In the lazy limit adversarial training follows df/dt = -K(., X'_t) r(f(X'_t)) with X'_t found against the current f.
`Growing` is that, step by step: every attacked point becomes a centre. `Fixed` projects each step onto the span of
K(., Z) for centres Z that stay, g = (K_ZZ + ridge I)^-1 K(Z, X') r; with damped directions it takes longer steps, since
the largest eigenvalues of K_ZZ, which bound them, are scaled down to the next one (EigenPro, Ma & Belkin 2017, arXiv
1703.10622).
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from limes.linalg.top import top_eigenpairs
from limes.machines.predictor import KernelPredictor

RIDGE = 1e-4
"""Of the projection onto fixed centres, as a multiple of the mean diagonal."""
_MOST_DAMPED = 200


@dataclass(eq=False)
class Fixed:
    """Coefficients of centres that stay, moved with momentum.

    Attributes:
        start: the predictor with coefficients 0.
        rate: length of a step, in units of training time.
        momentum: share of the last step that is added to the next.
        decay: of the running mean of the coefficients that is returned.
    """

    start: KernelPredictor
    rate: float
    momentum: float
    decay: float
    _factor: Any
    _top: np.ndarray
    _damping: np.ndarray
    coef: np.ndarray = field(init=False)
    velocity: np.ndarray = field(init=False)
    mean: np.ndarray = field(init=False)
    steps: int = 0

    def __post_init__(self) -> None:
        self.coef, self.velocity, self.mean = (np.zeros(self.start.coef.shape) for _ in range(3))

    @property
    def predictor(self) -> KernelPredictor:
        """The current f."""
        return self.start.with_coef(self.coef)

    def columns(self, z: np.ndarray) -> np.ndarray:
        """K between the centres and attacked points, (m, b)."""
        return getattr(self.start.net.kernel(self.start.centres, z, get=self.start.kind), self.start.kind)

    def scores(self, columns: np.ndarray) -> np.ndarray:
        """f at the points behind `columns`, (b, c)."""
        return columns.T @ self.coef

    def step(self, z: np.ndarray, residual: np.ndarray, columns: np.ndarray, share: float = 1.0) -> None:
        """Move against the residuals (b, c) at the points z; `share` scales the rate."""
        g = cho_solve(self._factor, columns @ residual / len(residual), check_finite=False)
        g -= self._top @ (self._damping[:, None] * (self._top.T @ g))
        self.velocity = self.momentum * self.velocity + g
        self.coef = self.coef - share * self.rate * self.velocity
        self.steps += 1
        decay = min(self.decay, self.steps / (self.steps + 9.0))  # a short memory first, so that the start is forgotten
        self.mean = decay * self.mean + (1 - decay) * self.coef

    def result(self) -> KernelPredictor:
        """The running mean of f."""
        return self.start.with_coef(self.mean)

    def stopped(self, coef: np.ndarray) -> KernelPredictor:
        """An earlier `result`, by its coefficients."""
        return self.start.with_coef(coef)

    def state(self) -> dict[str, np.ndarray]:
        """What a checkpoint holds."""
        return {"coef": self.coef, "velocity": self.velocity, "mean": self.mean, "steps": np.array(self.steps)}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Continue from a checkpoint."""
        self.coef, self.velocity, self.mean = state["coef"], state["velocity"], state["mean"]
        self.steps = int(state["steps"])


def fixed(
    start: KernelPredictor,
    batch_size: int,
    n_rows: int,
    n_damped: int | None,
    momentum: float,
    decay: float,
    rate: float,
    rng: np.random.Generator,
) -> Fixed:
    """Prepare descent on fixed centres.

    The largest stable step on batches of b rows is 2 / (beta / b + lambda / n) with lambda the largest eigenvalue of
    K_ZZ that is not damped and beta the largest diagonal entry once the damping is done; `rate` is a share of half of
    it, and momentum divides it by 1 / (1 - momentum), so that the effective rate does not depend on momentum.

    Args:
        start: net, kind and centres (m, ...) with coefficients 0.
        batch_size: points a step.
        n_rows: rows that batches are drawn from.
        n_damped: directions that are damped, at most a quarter of the rows; 0 for the projected gradient; None for
            those with lambda / n > beta / (4 b), up to 200: damping more allows steps at most a quarter longer.
        momentum: in [0, 1).
        decay: of the running mean.
        rate: share of the stable rate.
        rng: of the subspace iteration.

    Cost: a kernel of m centres, m^3 / 3 multiplications, 12 m^2 bytes.
    """
    gram = getattr(start.net.kernel(start.centres, get=start.kind), start.kind)
    m, diagonal = len(gram), np.diagonal(gram).astype(np.float64)
    most = min(_MOST_DAMPED if n_damped is None else n_damped, n_rows // 4)
    values, vectors = top_eigenpairs(gram, min(most + 1, m), rng)
    if n_damped is None:
        most = int(np.sum(values[:most] / n_rows > diagonal.max() / (4 * batch_size)))
    bound, values, vectors = float(values[most]), values[:most], vectors[:, :most]
    beta = float((diagonal - vectors**2 @ (values - bound)).max())
    wide = gram.astype(np.float64, order="F")
    del gram
    wide[np.diag_indices(m)] += RIDGE * diagonal.mean()
    factor = cho_factor(wide, lower=True, overwrite_a=True, check_finite=False)
    stable = 1.0 / (beta / batch_size + bound / m * max(1.0, m / n_rows))
    damping = 1.0 - bound / np.maximum(values, bound)
    return Fixed(start, rate * (1 - momentum) * stable, momentum, decay, factor, vectors, damping)


@dataclass(eq=False)
class Growing:
    """Every attacked point becomes a centre: functional gradient descent as it is.

    Attributes:
        start: net and kind, with room for all centres to come.
        rate: length of a step, in units of training time.
    """

    start: KernelPredictor
    rate: float
    coef: np.ndarray = field(init=False)
    centres: np.ndarray = field(init=False)
    steps: int = 0
    _used: int = 0

    def __post_init__(self) -> None:
        self.coef, self.centres = np.zeros(self.start.coef.shape), np.array(self.start.centres)

    @property
    def _room(self) -> int:
        """Centres that are computed with, the last ones of weight zero: a power of two, so that few are compiled."""
        return min(len(self.coef), max(128, 1 << max(self._used - 1, 0).bit_length()))

    def _first(self, count: int) -> KernelPredictor:
        s = self.start
        return KernelPredictor(s.net, s.kind, self.centres[:count], self.coef[:count], s.affine, s.classes_, s.targets)

    @property
    def predictor(self) -> KernelPredictor:
        """The current f."""
        return self._first(self._room)

    def columns(self, z: np.ndarray) -> np.ndarray:
        """K between the centres so far, padded, and attacked points."""
        return getattr(self.start.net.kernel(self.centres[: self._room], z, get=self.start.kind), self.start.kind)

    def scores(self, columns: np.ndarray) -> np.ndarray:
        """f at the points behind `columns`, (b, c)."""
        return columns.T @ self.coef[: len(columns)]

    def step(self, z: np.ndarray, residual: np.ndarray, columns: np.ndarray, share: float = 1.0) -> None:
        """Move against the residuals (b, c) at the points z; `share` scales the rate."""
        new = slice(self._used, self._used + len(z))
        self.centres[new], self.coef[new] = z, -share * self.rate * residual / len(z)
        self._used, self.steps = new.stop, self.steps + 1

    def result(self) -> KernelPredictor:
        """The f of the last step."""
        return self._first(self._used)

    def stopped(self, coef: np.ndarray) -> KernelPredictor:
        """An earlier `result`, by its coefficients."""
        return self._first(len(coef))

    def state(self) -> dict[str, np.ndarray]:
        """What a checkpoint holds."""
        return {
            "centres": self.centres[: self._used],
            "coef": self.coef[: self._used],
            "steps": np.array(self.steps),
        }

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Continue from a checkpoint."""
        self._used, self.steps = len(state["coef"]), int(state["steps"])
        self.centres[: self._used], self.coef[: self._used] = state["centres"], state["coef"]
