"""The evaluator's questions to itself: can its robust accuracy be believed?

Each check is a small function with a plain answer, and looks at one thing, so that its failure names the cause. The
ideas are those of Carlini et al. 2019 (arXiv 1902.06705) and Athalye et al. 2018 (arXiv 1802.00420): an attack that is
too weak, or a model whose gradients are masked, gives itself away by breaking a rule that every sound evaluation obeys.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from limes.attacks.apgd import APGD
from limes.attacks.columns import unnamed
from limes.attacks.gradient import PGD
from limes.attacks.losses import Objective
from limes.attacks.problem import Problem, pad
from limes.attacks.search import Search
from limes.core.progress import Progress, Quiet

MOST_POINTS = 128
_SHARE = 0.01
_STEPS = (0.1, 0.01, 0.001)  # lengths at which slopes are measured, in radii
_GRADIENT_FREE = ("square", "transfer")


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


def check_input_untouched(problem: Problem) -> AuditCheck:
    """Asking for scores and gradients must leave the arrays that were handed over as they were."""
    rows, shape = next(problem.batches(np.arange(len(problem.x))))
    clean, predictor = problem.x[rows], problem.predictor
    v = Objective("margin").cotangent(problem.clean_scores[rows], problem.labels[rows])
    given = pad(clean, shape), pad(clean, shape), pad(v, shape), pad(clean, shape)
    before = [a.copy() for a in given]
    with unnamed():
        predictor.scores(given[0])
        predictor.scores_vjp(given[1], given[2])
        together = getattr(predictor, "scores_and_vjp", None)
        if together is not None:
            together(given[3], lambda scores: pad(v, shape))
    changed = sum(int((a != b).sum()) for a, b in zip(given, before, strict=True))
    return _check(
        "input untouched",
        changed == 0,
        f"the predictor changed {changed} values of the arrays that it was given",
        "attacks hand over copies, so the figures hold, but other callers lose their data: let scores and scores_vjp "
        "copy x before they write into it",
    )


def check_batches(problem: Problem) -> AuditCheck:
    """A point's scores must not depend on the other points of its batch, beyond rounding and what noise there is."""
    rows, shape = next(problem.batches(np.arange(len(problem.x))))
    first, again = (problem.scores(problem.x[rows], shape) for _ in range(2))
    parts = [part for part in np.array_split(rows, 2) if len(part)]
    other = np.concatenate([problem.scores(problem.x[part], problem.shape_for(len(part))) for part in parts])
    noise = np.abs(first - again).max()
    tolerance = 10 * noise + 1e-3 * (first.max() - first.min())
    different = int((np.abs(first - other) > tolerance).any(axis=1).sum())
    return _check(
        "batches",
        different == 0,
        f"{different} of {len(rows)} points get other scores in smaller batches",
        "each point must be scored on its own: use the running averages of batch normalisation, not the batch's own",
    )


def check_zero_radius(problem: Problem, attacks: Sequence[Search]) -> AuditCheck:
    """At eps = 0 an attack must return the clean points, exactly."""
    rows = _spread(np.arange(len(problem.x)))
    still = problem.with_eps(0.0)
    moved = sum(int((a.search(still, rows, Quiet()).x != problem.x[rows]).sum()) for a in attacks)
    return _check(
        "zero radius",
        moved == 0,
        f"at eps 0, {moved} values moved on {len(rows)} points",
        "the attack adds something that does not shrink with eps: see that it projects onto the ball of problem.threat",
    )


def check_ball_and_box(problem: Problem, x_adv: np.ndarray, radii: np.ndarray) -> AuditCheck:
    """Every returned point must lie within its radius (n,) of the clean one, and in the box, as floats.

    Written without the code that projects, in extended precision where the machine has it.
    """
    delta = np.abs(x_adv.astype(np.longdouble) - problem.x).reshape(len(x_adv), -1)
    size = {
        "linf": lambda: delta.max(axis=1),
        "l2": lambda: np.sqrt((delta**2).sum(axis=1)),
        "l1": lambda: delta.sum(axis=1),
    }[problem.threat.norm]()
    outside = size > radii
    farthest = float(np.max(size[radii > 0] / radii[radii > 0], initial=0.0))
    if problem.threat.bounds is not None:
        low, high = problem.threat.bounds
        beyond = ((x_adv < low) | (x_adv > high)) & (x_adv != problem.x)
        outside |= beyond.reshape(len(x_adv), -1).any(axis=1)
    return _check(
        "ball and box",
        not outside.any(),
        f"{int(outside.sum())} of {len(x_adv)} returned points lie outside of the ball or the box; the farthest moved "
        f"{farthest:.3g} times its radius",
        "this is an error in the attack, not in the model: the ball is round the clean point, and a perturbation is "
        "added once; if the attack is that of limes, report it",
    )


def check_gradients(problem: Problem) -> AuditCheck:
    """The margin of a correctly classified point must have a finite gradient in x that is not exactly zero."""
    rows = _right(problem)
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


def check_slope(problem: Problem) -> AuditCheck:
    """A small step along the gradient of the margin must raise it, at random points of the balls.

    Steps of a tenth, a hundredth and a thousandth of the radius are tried, and one that rises will do. Where a linear
    function would rise by less than rounding, nothing is concluded.
    """
    rows, objective = _spread(_right(problem)), Objective("margin")
    wrong = 0
    for part, shape in problem.batches(rows):
        labels, region = problem.labels[part], problem.threat.region(problem.x[part])
        x = region.random_start(problem.generators(part, 0))
        scores, gradient = problem.scores_and_gradient(x, labels, objective, shape)
        gradient = np.where(np.isfinite(gradient), gradient, 0).astype(np.float64)
        rounding = 64 * np.finfo(scores.dtype).eps * np.abs(scores).max(axis=1)
        told, rises = np.zeros((2, len(part)), dtype=bool)
        for share in _STEPS:
            moved = region.project(x + share * problem.threat.eps * problem.threat.direction(gradient))
            expected = (gradient * (moved.astype(np.float64) - x)).reshape(len(part), -1).sum(axis=1)
            rise = objective.values(problem.scores(moved, shape), labels) - objective.values(scores, labels)
            told |= expected > rounding
            rises |= (expected > rounding) & (rise > 0)
        wrong += int((told & ~rises).sum())
    return _check(
        "slope",
        wrong <= max(1, _SHARE * len(rows)),
        f"at {wrong} of {len(rows)} points no small step along the gradient raises the margin",
        "scores_vjp is not the gradient of scores: see its sign, and that both use the same preprocessing and weights",
    )


def check_more_steps(problem: Problem, attack: PGD | APGD, progress: Progress | None = None) -> AuditCheck:
    """Twice the steps must not help the defender, and must not break many more points either."""
    rows = _spread(_right(problem))
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
        else "more steps help the defender: raise restarts, and see what the other checks say about gradients"
    )
    detail = f"{2 * steps} steps break {gained} points that {steps} steps do not, and miss {lost} (of {len(once)})"
    return _check("more steps", not beyond, detail, remedy)


def check_gradient_free(per_attack: Mapping[str, np.ndarray], eps: np.ndarray, n: int) -> AuditCheck:
    """Attacks without the predictor's gradient must not break what the gradient attacks left standing.

    Args:
        per_attack: points that each attack was the first to break at each radius, gradient attacks having gone first.
        eps: the radii.
        n: number of points.
    """
    missed = np.sum([counts for name, counts in per_attack.items() if name.startswith(_GRADIENT_FREE)], axis=0)
    worst = int(missed.argmax())
    return _check(
        "gradient-free",
        missed[worst] <= max(1, _SHARE * n),
        f"square and transfer break at most {int(missed[worst])} of {n} points that gradient attacks missed "
        f"(eps {eps[worst]:g})",
        "gradient attacks are too weak, or gradient masking is suspected: raise restarts, then steps; if this stays, "
        "do not trust gradients of this model, raise queries and add a smooth stand-in of the model to surrogates",
    )


def audit_checks(
    problem: Problem,
    attack: PGD | APGD,
    others: Sequence[Search],
    eps: np.ndarray,
    robust_accuracy: np.ndarray,
    per_attack: Mapping[str, np.ndarray],
    x_adv: np.ndarray,
    radii: np.ndarray,
    progress: Progress,
) -> tuple[AuditCheck, ...]:
    """All checks that make sense for the radii: at eps 0 alone there is nothing to attack.

    Cost: one gradient for each point, and three times the steps of `attack` on at most 128 of them; and one run of each
    of the `others`, attacks that are not those of limes.
    """
    checks = [
        check_deterministic(problem),
        check_input_untouched(problem),
        check_batches(problem),
        check_zero_radius(problem, [replace(attack, steps=2, restarts=1), *others]),
    ]
    if (eps > 0).any():
        # where about half of the points stand, a stronger attack shows most
        clean = (problem.clean_scores.argmax(axis=1) == problem.labels).mean()
        distance = np.where(eps > 0, np.abs(robust_accuracy - clean / 2), np.inf)
        telling = problem.with_eps(float(eps[distance.argmin()]))
        checks += [
            check_ball_and_box(problem, x_adv, radii),
            check_gradients(problem),
            check_slope(telling),
            check_more_steps(telling, attack, progress),
            check_gradient_free(per_attack, eps, len(x_adv)),
        ]
    return tuple(checks)


def _check(name: str, passed: bool | np.bool_, detail: str, remedy: str) -> AuditCheck:
    return AuditCheck(name, bool(passed), detail, "" if passed else remedy)


def _right(problem: Problem) -> np.ndarray:
    """The points that are classified correctly when clean."""
    return np.flatnonzero(problem.clean_scores.argmax(axis=1) == problem.labels)


def _spread(rows: np.ndarray) -> np.ndarray:
    """At most `MOST_POINTS` of the rows, evenly spread, since data often come sorted by class."""
    if len(rows) <= MOST_POINTS:
        return rows
    return rows[np.linspace(0, len(rows) - 1, MOST_POINTS).round().astype(int)]
