"""Robust accuracy as the worst case over a suite of attacks, which checks itself.

PGD on cross-entropy from a random start, PGD on the margin from the clean point (exact for two linear classes without a
box), the gradient-free square attack, and transfer from surrogates, each on the points that are still standing. A point
that falls at one radius has fallen at every larger one, with the same example.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from limes.attacks.audit import AuditCheck, audit_checks
from limes.attacks.gradient import PGD
from limes.attacks.problem import Problem, pose
from limes.attacks.search import BATCH_SIZE, Search
from limes.attacks.square import Square
from limes.attacks.threat import Bounds, EpsLike, Threat, parse_eps
from limes.attacks.transfer import Transfer
from limes.core import keys
from limes.core.errors import InputError
from limes.core.progress import Progress, Quiet
from limes.core.types import Array, AttackNorm, Predictor


@dataclass(frozen=True, eq=False)
class EvaluationReport:
    """Worst-case accuracy at each radius.

    Attributes:
        eps: (k,) radii in the caller's units and order.
        robust_accuracy: (k,) share of points that no attack broke.
        standard_error: (k,) of `robust_accuracy`, binomial over the points.
        clean_accuracy: share of points classified correctly as they are.
        per_attack: for each attack, (k,) the number of points that it was the first to break at that radius; those
            broken at a smaller radius, or by an attack before it in the suite, are not tried again.
        broken: (k, n) whether a point is misclassified somewhere in its ball, the clean point included.
        smallest_eps: (n,) the smallest of the radii at which the point was broken; 0 if it is misclassified when clean,
            infinity if it was never broken.
        x_adv: (n, ...) for each broken point the example found at `smallest_eps`, which serves for the larger radii
            too; the clean point otherwise.
        audit: the evaluation's checks of itself; empty if they were not asked for.
        norm: "linf", "l2" or "l1".
        key: what the random numbers were made from.
        settings: options of the suite, the box and the batch size.
    """

    eps: np.ndarray
    robust_accuracy: np.ndarray
    standard_error: np.ndarray
    clean_accuracy: float
    per_attack: Mapping[str, np.ndarray]
    broken: np.ndarray
    smallest_eps: np.ndarray
    x_adv: np.ndarray
    audit: tuple[AuditCheck, ...]
    norm: AttackNorm
    key: int | list[int]
    settings: Mapping[str, Any]

    @property
    def failed(self) -> tuple[AuditCheck, ...]:
        """The checks that failed."""
        return tuple(check for check in self.audit if not check.passed)


def evaluate(
    predictor: Predictor,
    x: Array,
    y: Array,
    eps: EpsLike | Sequence[EpsLike] | np.ndarray,
    *,
    norm: AttackNorm = "linf",
    bounds: Bounds = None,
    key: keys.KeyLike = 0,
    surrogates: Sequence[Predictor] = (),
    steps: int = 20,
    restarts: int = 1,
    queries: int = 200,
    batch_size: int = BATCH_SIZE,
    audit: bool = True,
    progress: Progress | None = None,
) -> EvaluationReport:
    """Accuracy of `predictor` under the strongest of several attacks, for one or more radii.

    Args:
        predictor: any Predictor with two or more score columns.
        x: (n, ...) clean points, float32 or float64, in the caller's units.
        y: (n,) labels as in ``predictor.classes_``, else column indices.
        eps: one radius or several, in any order, in the caller's units ("8/255" or numbers).
        norm: "linf", "l2" or "l1".
        bounds: (low, high) of valid inputs, numbers or one value per feature; None for no box.
        key: an int or a JAX key.
        surrogates: other Predictors of the same labels, whose adversarial points are tried too.
        steps: gradient steps of each PGD run.
        restarts: runs of each PGD.
        queries: of the square attack, for each point and radius.
        batch_size: the most points per call of the predictor.
        audit: whether to run the checks.
        progress: told of every step.

    Raises:
        InputError: for no points, NaN, points outside of the box, labels that do not fit, bad radii or options.
        DtypeError: for points that are not float32 or float64.
        NumericalError: if the predictor returns scores that are not finite.

    Cost: for each radius and standing point at most 2 restarts (steps + 1) + queries + surrogates forward passes and
    2 restarts steps gradients; a point that has fallen costs nothing more. The checks are described at `audit_checks`.
    Memory: two copies of `x`, besides one batch.
    """
    radii = _parse_radii(eps)
    margin = PGD(norm, steps, restarts, "margin", random_start=False)
    suite: dict[str, Search] = {
        "pgd-ce": PGD(norm, steps, restarts, "ce"),
        "pgd-margin": margin,
        "square": Square(norm, queries),
    }
    problem = pose(predictor, x, y, Threat(norm, 0.0, bounds), key, batch_size)
    for i, surrogate in enumerate(surrogates):
        source = pose(surrogate, x, y, problem.threat, key, batch_size)
        suite[f"transfer-{i}"] = Transfer(source, PGD(norm, steps, restarts, goal="loss"))

    progress = progress or Quiet()
    levels, order = np.unique(radii, return_inverse=True)
    x_adv, smallest, counts = _attack_levels(problem, suite, levels, progress)
    broken = smallest <= radii[:, None]
    robust = (~broken).mean(axis=1)
    per_attack = {name: count[order] for name, count in counts.items()}
    checks: tuple[AuditCheck, ...] = ()
    if audit:
        reach = np.where(np.isfinite(smallest), smallest, 0.0)
        checks = audit_checks(problem, margin, radii, robust, per_attack, x_adv, reach, progress)
    return EvaluationReport(
        eps=radii,
        robust_accuracy=robust,
        standard_error=np.sqrt(robust * (1 - robust) / len(problem.x)),
        clean_accuracy=float((smallest > 0).mean()),
        per_attack=per_attack,
        broken=broken,
        smallest_eps=smallest,
        x_adv=x_adv,
        audit=checks,
        norm=norm,
        key=keys.describe(key),
        settings={
            "steps": steps,
            "restarts": restarts,
            "queries": queries,
            "surrogates": len(surrogates),
            "bounds": bounds,
            "batch_size": batch_size,
        },
    )


def _attack_levels(
    problem: Problem, suite: Mapping[str, Search], levels: np.ndarray, progress: Progress
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Examples, the smallest radius that broke each point, and the points that each attack was the first to break."""
    x_adv = problem.x.copy()
    right = problem.clean_scores.argmax(axis=1) == problem.labels
    smallest = np.where(right, np.inf, 0.0)
    counts = {name: np.zeros(len(levels), dtype=np.int64) for name in suite}
    for level, eps in enumerate(levels):
        if eps == 0:
            continue
        at = problem.with_eps(float(eps))
        for number, (name, attack) in enumerate(suite.items()):
            standing = np.flatnonzero(np.isinf(smallest))
            if not len(standing):
                break
            found = attack.search(at.fold(number), standing, progress)
            rows, points = _confirm(problem, standing[found.broken], found.x[found.broken])
            x_adv[rows], smallest[rows], counts[name][level] = points, eps, len(rows)
        progress.note(f"eps {eps:g}: robust accuracy {np.isinf(smallest).mean():.3f}")
    return x_adv, smallest, counts


def _confirm(problem: Problem, rows: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Those of the found points that are misclassified when predicted once more."""
    if not len(rows):
        return rows, x
    fooled = problem.scores_of_all(x).argmax(axis=1) != problem.labels[rows]
    return rows[fooled], x[fooled]


def _parse_radii(eps: Any) -> np.ndarray:
    values = [eps] if isinstance(eps, str) or np.ndim(eps) == 0 else list(eps)
    if not values:
        raise InputError("eps holds no radius: give at least one, for instance eps=['2/255', '8/255']")
    return np.array([parse_eps(value) for value in values])
