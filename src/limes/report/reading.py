"""What the figures of `limes robustify` say, in sentences that claim no more than the standard errors allow."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from limes.report.formats import format_estimate, format_number

_NORMS = {"linf": "ℓ∞", "l2": "ℓ2"}


class Estimate(NamedTuple):
    """A mean, its standard error, and the value of each seed."""

    mean: float
    se: float
    per_seed: tuple[float, ...] = ()

    def __str__(self) -> str:
        return format_estimate(self.mean, self.se)


class Stop(NamedTuple):
    """Accuracy of a flow at one time, or at the time that each seed chose."""

    clean: Estimate
    robust: Estimate


def estimate(entry: Mapping[str, Any]) -> Estimate:
    """An estimate from its JSON form; a missing standard error is NaN."""
    se = entry.get("standard_error")
    return Estimate(float(entry["mean"]), math.nan if se is None else float(se), tuple(entry.get("per_seed", ())))


def as_time(value: Any) -> float:
    """A time from its JSON form, where infinity is the string "inf"."""
    return float(value)


def threat(settings: Mapping[str, Any]) -> str:
    """The threat in symbols, such as ``ℓ∞ ε = 0.05``."""
    return f"{norm(settings)} ε = {format_number(float(settings['eps']))}"


def norm(settings: Mapping[str, Any]) -> str:
    """The symbol of the norm."""
    return _NORMS.get(str(settings.get("norm")), str(settings.get("norm", "")))


def plain_flow(metrics: Mapping[str, Any]) -> Stop | None:
    """Accuracy at t = infinity, or None where it was not measured."""
    return _at_times(metrics.get("curve", ()), [math.inf])


def chosen_stop(metrics: Mapping[str, Any]) -> Stop | None:
    """Accuracy at the time that validation chose, for each seed its own; None where it was not measured."""
    chosen = metrics.get("chosen")
    if not chosen:
        return None
    curve, times = metrics.get("curve", ()), [as_time(t) for t in chosen.get("per_seed", ())]
    return _at_times(curve, times) or _at_times(curve, [as_time(chosen["time"])])


def difference(a: Estimate, b: Estimate) -> Estimate:
    """``a - b``, with the larger of two standard errors: of independent estimates, and paired over the seeds.

    A paired error over three or five seeds is often too small by chance; the independent one can be checked by a reader
    from the two figures shown.
    """
    gap = Estimate(a.mean - b.mean, math.hypot(a.se, b.se))
    if len(a.per_seed) == len(b.per_seed) > 1:
        paired = _over_seeds([p - q for p, q in zip(a.per_seed, b.per_seed, strict=True)])
        return paired._replace(se=max(paired.se, gap.se))
    return gap


def is_clear(gap: Estimate) -> bool:
    """Whether a difference is larger than two of its standard errors; an unknown error makes nothing clear."""
    return abs(gap.mean) > 2 * gap.se


def error_source(settings: Mapping[str, Any]) -> str:
    """What the standard errors are over."""
    seeds = len(settings.get("seeds", ()))
    if seeds > 1:
        return f"± is one standard error over {seeds} seeds."
    points = settings.get("n_test")
    return f"± is one standard error over the {points:,} test points; one seed was run." if points else ""


def sentences(metrics: Mapping[str, Any]) -> list[str]:
    """The reading of a result, most important first."""
    found: list[str] = []
    plain, stop, settings = plain_flow(metrics), chosen_stop(metrics), metrics.get("settings", {})
    reach = threat(settings) if "eps" in settings else "the attack"
    if plain:
        found.append(
            f"Trained to convergence, the network is right on {plain.clean} of the test points as they are, and on "
            f"{plain.robust} when each may be changed within {reach}."
        )
    if plain and stop:
        found.append(_about_stop(plain, stop, as_time(metrics["chosen"]["time"])))
    best = stop or plain
    frequent = most_frequent_share(metrics)
    if best and frequent is not None and best.robust.mean <= frequent:
        found.append(
            f"That is no better than always naming the most frequent class, which is right on {frequent:.3f}: at this "
            "radius the network holds nothing against the attack. A smaller radius would tell more."
        )
    if len(metrics.get("table", ())) > 2:
        found.append(_about_defences(metrics["table"]))
    return found


def most_frequent_share(metrics: Mapping[str, Any]) -> float | None:
    """Accuracy of always naming the most frequent class, by the class counts of the data."""
    counts = list(metrics.get("data", {}).get("classes", {}).values())
    return max(counts) / sum(counts) if counts and sum(counts) else None


def _about_stop(plain: Stop, stop: Stop, time: float) -> str:
    gain = difference(stop.robust, plain.robust)
    if math.isinf(time) and gain.mean == 0:
        return "Validation chose to train to convergence: none of the earlier times tried is more robust."
    cost = difference(stop.clean, plain.clean)
    more = "more" if gain.mean > 0 else "less"
    text = f"Stopped at t = {format_number(time)}, as validation chose, it keeps {stop.robust} under attack, "
    if gain.mean == 0:
        return text + "the same as at convergence."
    text += f"{abs(gain.mean):.3f} {more} than at convergence (standard error of the difference {gain.se:.3f})"
    if math.isnan(gain.se):
        text += "; without a standard error this decides nothing"
    elif not is_clear(gain):
        text += "; that is within two standard errors, so these data do not show that the stop matters"
    else:
        text += f"; that is beyond two standard errors, so the early stop {'helps' if gain.mean > 0 else 'hurts'} here"
    word = "costs" if cost.mean < 0 else "gains"
    clean = f"it {word} {abs(cost.mean):.3f}" if abs(cost.mean) >= 0.0005 else "it changes nothing"
    return f"{text}. On unchanged inputs {clean}."


def _about_defences(table: Sequence[Mapping[str, Any]]) -> str:
    rows = sorted(table, key=lambda row: -row["robust"]["mean"])
    first, second = (estimate(row["robust"]) for row in rows[:2])
    text = f"Of the {len(rows)} defences compared, {rows[0]['defence']} has the highest worst-case accuracy, {first}"
    if is_clear(difference(first, second)):
        return f"{text}, beyond two standard errors above the next, {rows[1]['defence']} ({second})."
    return f"{text}; the next, {rows[1]['defence']} ({second}), is within two standard errors of it."


def _at_times(curve: Sequence[Mapping[str, Any]], times: Sequence[float]) -> Stop | None:
    """Accuracy at one time, or of each seed at its own time."""
    by_time = {as_time(point["time"]): point for point in curve}
    if not times or any(t not in by_time for t in times):
        return None
    if len(set(times)) == 1:
        point = by_time[times[0]]
        return Stop(estimate(point["clean"]), estimate(point["robust"]))
    clean, robust = ([estimate(by_time[t][part]).per_seed for t in times] for part in ("clean", "robust"))
    if any(len(seeds) != len(times) for seeds in (*clean, *robust)):
        return None
    return Stop(*(_over_seeds([seeds[i] for i, seeds in enumerate(part)]) for part in (clean, robust)))


def _over_seeds(values: Sequence[float]) -> Estimate:
    n = len(values)
    return Estimate(float(np.mean(values)), float(np.std(values, ddof=1)) / math.sqrt(n), tuple(values))
