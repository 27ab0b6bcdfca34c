"""What claims and curves read of a run's results."""

from typing import Any

from limes.papers.paper import Found

Result = dict[str, Any]


def cases(found: Found, prefix: str, **asked: Any) -> list[Result]:
    """Results of steps that hold all seeds, whose quantity starts with `prefix`, with some settings; in order of n."""
    results = [by_seed[0] for quantity, by_seed in found.items() if quantity.startswith(prefix)]
    results = [r for r in results if all(r[name] == value for name, value in asked.items())]
    return sorted(results, key=lambda r: (r.get("inputs", 0), r["n"]))


def within(case: Result, values: Any) -> dict[str, Any]:
    """The `values` and `seeds` of a claim, of a step that holds all seeds."""
    return {"values": tuple(float(v) for v in values), "seeds": tuple(case["seeds"])}


def mixed(entry: Result) -> str:
    """A certificate in words."""
    words = "certified" if entry["certified"] else "not certified"
    return f"{words}: R-hat {entry['rhat']:.3f}, {entry['ess']:.0f} effective draws"


def mean(values: Any) -> float:
    """The mean of some numbers."""
    values = [float(v) for v in values]
    return sum(values) / len(values)
