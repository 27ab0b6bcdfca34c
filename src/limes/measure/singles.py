"""Usefulness and robustness of single features: each is a classifier, attacked along its own gradient.

A feature is h(x) p with a scalar h (see `limes.measure.basis`). At a point that it gets right, margin and cross-entropy
rise where |h| falls, so that the first-order step is -sign(h) grad h in the dual norm: one gradient of a scalar for
each feature, and these share the derivative of the kernel. Points that a feature gets wrong when clean count as
broken and are not attacked, as everywhere in limes.

Reference: Tsilivis & Kempe 2022, arXiv 2210.05577, section 4, and their notebook.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from limes.attacks import FGSM, PGD
from limes.attacks.problem import encode_labels
from limes.attacks.threat import Bounds, EpsLike, Region, Threat, parse_eps
from limes.core import memory as mem
from limes.core import precision
from limes.core.keys import KeyLike
from limes.core.progress import Progress, Quiet
from limes.core.types import Array
from limes.machines.predictor import KernelPredictor
from limes.measure.accuracy import CLEARLY, balanced_accuracy
from limes.measure.basis import FeatureBasis, Ranks

_BLOCK_BYTES = 1 << 27  # of the gradients of some features, at most
_MOST = 64  # features at once


@dataclass(frozen=True, eq=False)
class Singles:
    """What single features are worth; arrays (m,) are over the features measured.

    Attributes:
        ranks: of the features, 0 for the largest eigenvalue.
        eigenvalues: of all features (n,), the largest first.
        noise: eigenvalues up to this size are rounding.
        clean: accuracy on the test rows: usefulness.
        clean_balanced: the mean over classes of it, and `clean_error` its standard error over test rows.
        clean_error: (m,).
        robust: accuracy of the same classifier after the attack on its own gradient: robustness.
        robust_balanced: the mean over classes of it.
        n_test, n_classes: test rows and classes.
        centred: whether the kernel is centred.
        eps: radius, in the caller's units.
        settings: attack, box and key.
    """

    ranks: np.ndarray
    eigenvalues: np.ndarray
    noise: float
    clean: np.ndarray
    clean_balanced: np.ndarray
    clean_error: np.ndarray
    robust: np.ndarray
    robust_balanced: np.ndarray
    n_test: int
    n_classes: int
    centred: bool
    eps: float
    settings: dict[str, Any]

    @property
    def chance(self) -> float:
        """The balanced accuracy of a feature that knows nothing."""
        return 1 / self.n_classes

    @property
    def useful(self) -> np.ndarray:
        """Whether the balanced accuracy is above chance by two standard errors: (m,) bool."""
        return self.clean_balanced > self.chance + CLEARLY * self.clean_error

    @property
    def useful_not_robust(self) -> np.ndarray:
        """Whether a feature is useful, and under attack at chance or below it: (m,) bool."""
        return self.useful & (self.robust_balanced <= self.chance)

    @property
    def order(self) -> float:
        """Spearman's rank correlation of robust accuracy with rank: -1 where features are ordered by robustness.

        0 where all features are equally robust.
        """
        return spearman(self.ranks, self.robust)


def singles(
    basis: FeatureBasis,
    x: Array,
    y: Array,
    eps: EpsLike,
    *,
    ranks: Ranks = None,
    attack: FGSM | PGD | None = None,
    bounds: Bounds = None,
    key: KeyLike = 0,
    progress: Progress | None = None,
) -> Singles:
    """Accuracy of single features on test rows, clean and attacked.

    Args:
        basis: from `feature_basis`.
        x: (n, ...) test rows, in the caller's units.
        y: (n,) their labels.
        eps: radius of the attack in the caller's units, a number or a fraction.
        ranks: which features; None for all.
        attack: `FGSM` or `PGD` with its options; None for FGSM in l-inf.
        bounds: (low, high) of valid inputs, or None.
        key: of the attack's random starts.
        progress: told of every feature.

    Raises:
        InputError: for ranks that there are not, labels that the machine does not know, values outside of the box.
        MemoryRefused: if the gradients of one feature would not fit.

    Cost: for m features, n test rows of d numbers and N training rows, one kernel with its slopes, 2 n N d
        multiplications for each gradient, and a kernel between the attacked points (as many as features get right, at
        most m n) and the training rows. PGD: steps + 1 kernels with their slopes for each feature.
    """
    attack, chosen = attack or FGSM(), basis.ranks(ranks)
    threat = Threat(attack.norm, parse_eps(eps), bounds)
    x = np.ascontiguousarray(x, precision.float_dtype(np.asarray(x)))
    precision.require_finite(x)
    threat.check(x)
    columns = encode_labels(basis.machine, y, len(x))
    progress = progress or Quiet()
    at_once = _features_at_once(len(chosen), x)
    clean, robust = (np.zeros((len(chosen), len(x)), bool) for _ in range(2))
    progress.start("features", len(chosen))
    for start in range(0, len(chosen), at_once):
        part = chosen[start : start + at_once]
        rows = slice(start, start + len(part))
        if isinstance(attack, FGSM) and attack.loss != "mse" and not attack.targeted:
            clean[rows], robust[rows] = _one_step(basis, part, at_once, x, columns, threat)
        else:
            clean[rows], robust[rows] = _searched(basis, part, x, y, columns, attack, threat, key)
        progress.step(len(part))
    balanced, error = balanced_accuracy(clean, columns, basis.machine.n_outputs)
    return Singles(
        ranks=chosen,
        eigenvalues=basis.values,
        noise=basis.noise,
        clean=clean.mean(axis=1),
        clean_balanced=balanced,
        clean_error=error,
        robust=robust.mean(axis=1),
        robust_balanced=balanced_accuracy(robust, columns, basis.machine.n_outputs)[0],
        n_test=len(x),
        n_classes=basis.machine.n_outputs,
        centred=basis.centred,
        eps=threat.eps,
        settings={"attack": type(attack).__name__, **asdict(attack), "bounds": bounds, "key": key},
    )


def spearman(first: Array, second: Array) -> float:
    """Spearman's rank correlation, ties with their mean rank; 0 where one of the two is constant.

    Example:
        >>> spearman([0, 1, 2, 3], [0.9, 0.5, 0.1, 0.1]) < -0.9, spearman([0, 1], [0.5, 0.5])
        (True, 0.0)
    """
    from scipy.stats import rankdata

    a, b = (rankdata(values) - (len(values) + 1) / 2 for values in (first, second))
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size else 0.0


def _features_at_once(count: int, x: np.ndarray) -> int:
    """How many features' gradients fit, and the attacked points beside them."""
    one = 4 * x.nbytes  # gradients, their direction in float64, the points
    what = f"the gradients of a feature at {len(x)} rows"
    mem.require(one, what, "measure on fewer test rows")
    return int(np.clip(_BLOCK_BYTES // one, 1, min(_MOST, count)))


def _one_step(
    basis: FeatureBasis, ranks: np.ndarray, padded: int, x: np.ndarray, columns: np.ndarray, threat: Threat
) -> tuple[np.ndarray, np.ndarray]:
    """Which rows each feature gets right, clean and after FGSM: (m, n) bool. Padded, so that one shape is compiled."""
    directions = basis.directions(ranks) if len(ranks) == padded else _padded(basis, ranks, padded)
    high, low = (labels[:, None] for labels in basis.labels(ranks))
    h = directions.scores(x).T[: len(ranks)]
    clean = np.where(h > 0, high, low) == columns
    robust = np.zeros_like(clean)
    rows = np.flatnonzero(clean.any(axis=0))
    if not len(rows):
        return clean, robust
    gradients = directions.jacobian(x[rows])
    region = threat.region(x[rows])
    attacked = [
        _stepped(region.take(np.flatnonzero(right[rows])), -np.sign(values[right]), gradient[right[rows]])
        for right, values, gradient in zip(clean, h, gradients, strict=False)
    ]
    owner = np.repeat(np.arange(len(ranks)), [len(points) for points in attacked])
    after = directions.scores(np.concatenate(attacked))[np.arange(len(owner)), owner]
    where = np.nonzero(clean)
    robust[where] = np.where(after > 0, high[owner, 0], low[owner, 0]) == columns[where[1]]
    return clean, robust


def _padded(basis: FeatureBasis, ranks: np.ndarray, size: int) -> KernelPredictor:
    """The directions of some features, followed by those of others that nobody asks for."""
    others = np.setdiff1d(np.arange(len(basis)), ranks)[: size - len(ranks)]
    return basis.directions(np.concatenate([ranks, others]))


def _stepped(region: Region, signs: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    threat = region.threat
    step = threat.direction(gradient * signs.reshape(-1, *[1] * (gradient.ndim - 1)))
    return region.project(region.x + threat.eps * step)


def _searched(
    basis: FeatureBasis,
    ranks: np.ndarray,
    x: np.ndarray,
    y: Array,
    columns: np.ndarray,
    attack: FGSM | PGD,
    threat: Threat,
    key: KeyLike,
) -> tuple[np.ndarray, np.ndarray]:
    """The same by any attack, feature by feature."""
    clean, robust = [], []
    for rank in ranks:
        one = basis.single(int(rank))
        clean.append(one.scores(x).argmax(axis=1) == columns)
        found = attack(one, x, y, threat.eps, bounds=threat.bounds, key=key)
        robust.append(~found.success)
    return np.array(clean), np.array(robust)
