"""Robust accuracy as the worst case over a suite of attacks, which checks itself.

APGD on the margin from the clean point (exact for two linear classes without a box), on the cross-entropy from a random
start, and on the three likeliest wrong classes in turn; the gradient-free square attack; and transfer from surrogates:
each on the points that are still standing. A point that falls at one radius has fallen at every larger one, with the
same example.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from limes.attacks.apgd import APGD
from limes.attacks.audit import AuditCheck, audit_checks
from limes.attacks.gradient import PGD
from limes.attacks.problem import Problem, pose
from limes.attacks.search import BATCH_SIZE, Search
from limes.attacks.square import Square
from limes.attacks.threat import Bounds, EpsLike, Threat, parse_eps
from limes.attacks.transfer import Transfer
from limes.core import keys
from limes.core.checkpoint import Checkpoint
from limes.core.errors import InputError
from limes.core.progress import Progress, Quiet
from limes.core.shown import short_repr
from limes.core.types import Array, AttackNorm, Predictor

_RIVALS = 3


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

    __repr__ = short_repr

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
    attacks: Mapping[str, Search] | None = None,
    state: str | os.PathLike[str] | None = None,
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
        steps: gradient steps of each ascent.
        restarts: of each gradient attack.
        queries: of the square attack, for each point and radius.
        batch_size: the most points per call of the predictor.
        audit: whether to run the checks.
        attacks: further attacks, run after the others; by names that they have not.
        state: a file that is written after each attack at each radius; the same call goes on from it, and gives the
            same result as one that was never interrupted. The bits of the predictor's scores at `x` belong to it.
        progress: told of every step.

    Raises:
        InputError: for no points, NaN, points outside of the box, labels that do not fit, bad radii or options, or (as
            FormatError) a state of other data, another predictor or other settings.
        DtypeError: for points that are not float32 or float64.
        NumericalError: if the predictor returns scores that are not finite.

    Cost: for each radius and standing point at most 2 restarts (steps + 1) + queries + surrogates forward passes and
    2 restarts steps gradients, with three or more classes 5 in place of 2; a point that has fallen costs nothing more.
    The checks are described at `audit_checks`. Memory: two copies of `x`, besides one batch.
    """
    radii = _parse_radii(eps)
    margin = APGD(norm, steps, restarts, "margin", random_start=False)
    suite: dict[str, Search] = {"apgd-margin": margin, "apgd-ce": APGD(norm, steps, restarts, "ce")}
    rivals = APGD(norm, steps, restarts, "margin", rivals=_RIVALS)
    square = Square(norm, queries)
    problem = pose(predictor, x, y, Threat(norm, 0.0, bounds), key, batch_size)
    if problem.predictor.n_outputs > 2:
        suite["apgd-rivals"] = rivals
    suite["square"] = square
    for i, surrogate in enumerate(surrogates):
        source = pose(surrogate, x, y, problem.threat, key, batch_size)
        suite[f"transfer-{i}"] = Transfer(source, PGD(norm, steps, restarts, goal="loss"))
    others = _parse_attacks(attacks or {}, suite, norm)
    settings = {"steps": steps, "restarts": restarts, "queries": queries, "surrogates": len(surrogates)}

    progress = progress or Quiet()
    levels, order = np.unique(radii, return_inverse=True)
    parameters = settings | {
        "norm": norm,
        "key": keys.describe(key),
        "attacks": {k: repr(a) for k, a in others.items()},
    }
    kept = Checkpoint(state, parameters, _identity(problem, suite, levels), work="evaluation")
    x_adv, smallest, counts = _attack_levels(problem, suite | others, levels, kept, progress)
    broken = smallest <= radii[:, None]
    robust = (~broken).mean(axis=1)
    per_attack = {name: count[order] for name, count in counts.items()}
    checks: tuple[AuditCheck, ...] = ()
    if audit:
        reach = np.where(np.isfinite(smallest), smallest, 0.0)
        outcome = (radii, robust, per_attack, x_adv, reach)
        checks = audit_checks(problem, margin, tuple(others.values()), *outcome, progress)
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
        settings=settings | {"bounds": bounds, "batch_size": batch_size},
    )


def _attack_levels(
    problem: Problem, suite: Mapping[str, Search], levels: np.ndarray, kept: Checkpoint, progress: Progress
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Examples, the smallest radius that broke each point, and the points that each attack was the first to break."""
    right = problem.clean_scores.argmax(axis=1) == problem.labels
    at = kept.read() or {
        "x_adv": problem.x.copy(),
        "smallest": np.where(right, np.inf, 0.0),
        "counts": np.zeros((len(suite), len(levels)), dtype=np.int64),
        "done": np.zeros((len(suite), len(levels)), dtype=bool),
    }
    x_adv, smallest, counts, done = (at[name] for name in ("x_adv", "smallest", "counts", "done"))
    for level, eps in enumerate(levels):
        if eps == 0:
            continue
        posed = problem.with_eps(float(eps))
        for number, attack in enumerate(suite.values()):
            standing = np.flatnonzero(np.isinf(smallest))
            if done[number, level] or not len(standing):
                continue
            found = attack.search(posed.fold(number), standing, progress)
            rows, points = _confirm(problem, standing[found.broken], found.x[found.broken])
            x_adv[rows], smallest[rows], counts[number, level] = points, eps, len(rows)
            done[number, level] = True
            kept.write(at)
        progress.note(f"eps {eps:g}: robust accuracy {np.isinf(smallest).mean():.3f}")
    return x_adv, smallest, dict(zip(suite, counts, strict=True))


def _identity(problem: Problem, suite: Mapping[str, Search], levels: np.ndarray) -> dict[str, np.ndarray]:
    """What, beside the settings, decides an evaluation: points, labels, box, radii, and scores at the points."""
    sources = {name: a.source.clean_scores for name, a in suite.items() if isinstance(a, Transfer)}
    low, high = problem.threat.bounds or (np.empty(0), np.empty(0))
    data = {"x": problem.x, "labels": problem.labels, "scores": problem.clean_scores}
    return data | sources | {"levels": levels, "low": low, "high": high}


def _parse_attacks(attacks: Mapping[str, Search], suite: Mapping[str, Search], norm: str) -> dict[str, Search]:
    for name, attack in attacks.items():
        if name in suite:
            raise InputError(f"an attack named {name!r} belongs to the suite: choose another name")
        if attack.norm != norm:
            raise InputError(
                f"attack {name!r} is for norm={attack.norm!r}, the evaluation for {norm!r}: use one of them"
            )
    return dict(attacks)


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
