"""The evaluator's questions to itself: can its robust accuracy be believed?

Each check is a small function with a plain answer. The ideas are those of Carlini et al. 2019 (arXiv 1902.06705) and
Athalye et al. 2018 (arXiv 1802.00420): an attack that is too weak, or a model whose gradients are masked, gives itself
away by breaking a rule that every sound evaluation obeys.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from limes.attacks.gradient import PGD
from limes.attacks.losses import Objective
from limes.attacks.problem import Problem
from limes.core.progress import Progress, Quiet

MOST_POINTS = 128
_SHARE = 0.01


@dataclass(frozen=True)
class AuditCheck:
    """One question, and the answer.

    Attributes:
        name: what was asked, in a word or two.
        passed: whether the evaluation may be believed in this respect.
        detail: what was seen, with figures.
        remedy: what to do about it; empty where the check passed.
    """

    name: str
    passed: bool
    detail: str
    remedy: str = ""


def check_zero_radius(problem: Problem, attack: PGD) -> AuditCheck:
    """At eps = 0 the attack must return the clean points and their accuracy, exactly."""
    rows = _spread(np.arange(len(problem.x)))
    clean, labels = problem.x[rows], problem.labels[rows]
    before = problem.scores_of_all(clean).argmax(axis=1) == labels
    found = attack.search(problem.with_eps(0.0), rows, Quiet())
    after = problem.scores_of_all(found.x).argmax(axis=1) == labels
    moved, changed = int((found.x != clean).sum()), int((before != after).sum())
    return _check(
        "zero radius",
        moved == 0 and changed == 0,
        f"at eps 0, {moved} values moved and {changed} of {len(rows)} predictions changed",
        "the predictor or the attack is unsound: see that scores(x) depends on x alone and does not write into it",
    )


def check_more_steps(problem: Problem, attack: PGD, progress: Progress | None = None) -> AuditCheck:
    """Twice the steps must not help the defender, and must not break many more points either."""
    right = problem.clean_scores.argmax(axis=1) == problem.labels
    rows = _spread(np.flatnonzero(right))
    longer = replace(attack, steps=2 * attack.steps)
    once, twice = (a.search(problem, rows, progress or Quiet()).broken for a in (attack, longer))
    return compare_steps(once, twice, attack.steps)


def compare_steps(once: np.ndarray, twice: np.ndarray, steps: int) -> AuditCheck:
    """Compare which points an attack broke (n,) with `steps` and with twice as many.

    The noise is that of a paired comparison: the root of the number of points on which the two differ.
    """
    gained, lost = int((twice & ~once).sum()), int((once & ~twice).sum())
    beyond = abs(gained - lost) > max(2.0, 2.0 * (gained + lost) ** 0.5)
    remedy = (
        "the attack has not converged: raise steps"
        if gained > lost
        else "more steps help the defender: see that scores_vjp is the gradient of scores, or raise restarts"
    )
    detail = f"{2 * steps} steps break {gained} points that {steps} steps do not, and miss {lost} (of {len(once)})"
    return _check("more steps", not beyond, detail, remedy)


def check_gradient_free(per_attack: Mapping[str, np.ndarray], eps: np.ndarray, n: int) -> AuditCheck:
    """Attacks without the predictor's gradient must not break what PGD left standing.

    Args:
        per_attack: points that each attack was the first to break at each radius, PGD having gone first.
        eps: the radii.
        n: number of points.
    """
    others = [counts for name, counts in per_attack.items() if not name.startswith("pgd")]
    missed = np.sum(others, axis=0)
    worst = int(missed.argmax())
    return _check(
        "gradient-free",
        missed[worst] <= max(1, _SHARE * n),
        f"square and transfer break at most {int(missed[worst])} of {n} points that PGD missed (eps {eps[worst]:g})",
        "PGD is too weak, or gradient masking is suspected: raise restarts, then steps; if this stays, do not trust "
        "gradients of this model, raise queries and add a smooth stand-in of the model to surrogates",
    )


def check_gradients(problem: Problem) -> AuditCheck:
    """The margin of a correctly classified point must have a finite gradient in x that is not exactly zero."""
    rows = np.flatnonzero(problem.clean_scores.argmax(axis=1) == problem.labels)
    useless = 0
    for part, shape in problem.batches(rows):
        x, labels = problem.x[part], problem.labels[part]
        _, gradient = problem.scores_and_gradient(x, labels, Objective("margin"), shape)
        flat = gradient.reshape(len(part), -1)
        useless += int((~np.isfinite(flat).all(axis=1) | (flat == 0).all(axis=1)).sum())
    return _check(
        "gradients",
        useless <= _SHARE * len(rows),
        f"{useless} of {len(rows)} correctly classified points have a zero or non-finite gradient",
        "gradient attacks are blind there: use the scores before any rounding or saturation, a higher precision, or a "
        "differentiable version of the preprocessing",
    )


def check_ball_and_box(problem: Problem, x_adv: np.ndarray, radii: np.ndarray) -> AuditCheck:
    """Every returned point must lie within its radius (n,) of the clean one, and in the box, as floats.

    Written without the code that projects, in extended precision where the machine has it.
    """
    delta = np.abs(x_adv.astype(np.longdouble) - problem.x).reshape(len(x_adv), -1)
    size = delta.max(axis=1) if problem.threat.norm == "linf" else np.sqrt((delta**2).sum(axis=1))
    outside = size > radii
    if problem.threat.bounds is not None:
        low, high = problem.threat.bounds
        beyond = ((x_adv < low) | (x_adv > high)) & (x_adv != problem.x)
        outside |= beyond.reshape(len(x_adv), -1).any(axis=1)
    return _check(
        "ball and box",
        not outside.any(),
        f"{int(outside.sum())} of {len(x_adv)} returned points lie outside of the ball or the box",
        "this is an error in the attack, not in the model: report it",
    )


def check_deterministic(problem: Problem) -> AuditCheck:
    """The same points must get the same scores, bit for bit."""
    rows, shape = next(problem.batches(np.arange(len(problem.x))))
    first, second = (problem.scores(problem.x[rows], shape) for _ in range(2))
    different = int((first != second).any(axis=1).sum())
    return _check(
        "deterministic",
        different == 0,
        f"{different} of {len(rows)} points get other scores when asked again",
        "switch off dropout, noise and batch statistics; attack the expectation of a model that is random on purpose",
    )


def audit_checks(
    problem: Problem,
    attack: PGD,
    eps: np.ndarray,
    robust_accuracy: np.ndarray,
    per_attack: Mapping[str, np.ndarray],
    x_adv: np.ndarray,
    radii: np.ndarray,
    progress: Progress,
) -> tuple[AuditCheck, ...]:
    """All checks that make sense for the radii: at eps 0 alone there is nothing to attack.

    Cost: one gradient for each point, and three times the steps of `attack` on at most 128 of them.
    """
    checks = [check_deterministic(problem), check_zero_radius(problem, replace(attack, steps=2, restarts=1))]
    if (eps > 0).any():
        # where about half of the points stand, a stronger attack shows most
        clean = (problem.clean_scores.argmax(axis=1) == problem.labels).mean()
        distance = np.where(eps > 0, np.abs(robust_accuracy - clean / 2), np.inf)
        telling = problem.with_eps(float(eps[distance.argmin()]))
        checks += [
            check_ball_and_box(problem, x_adv, radii),
            check_gradients(problem),
            check_more_steps(telling, attack, progress),
            check_gradient_free(per_attack, eps, len(x_adv)),
        ]
    return tuple(checks)


def _check(name: str, passed: bool | np.bool_, detail: str, remedy: str) -> AuditCheck:
    return AuditCheck(name, bool(passed), detail, "" if passed else remedy)


def _spread(rows: np.ndarray) -> np.ndarray:
    """At most `MOST_POINTS` of the rows, evenly spread, since data often come sorted by class."""
    if len(rows) <= MOST_POINTS:
        return rows
    return rows[np.linspace(0, len(rows) - 1, MOST_POINTS).round().astype(int)]
