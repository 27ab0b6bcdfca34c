"""What claims and curves read of a run's results."""

import numpy as np

from limes.papers.pruned_ntk.scale import CASES, Case
from limes.papers.reading import Result


def power(case: Case) -> float:
    """alpha^k, k the number of pruned layers."""
    return case[2] ** len(case[1])


def words(case: Case) -> str:
    """A case for a reader."""
    hidden, masked, keep = case
    which = "all layers" if len(masked) == hidden + 1 else "hidden to hidden"
    return f"L = {hidden}, {which} pruned ({len(masked)}), alpha = {keep:g}"


def shared_exponent(result: Result, name: str) -> float:
    """The largest departure of a fitted exponent of alpha from the number of pruned layers, over pairs of cases."""
    worst = 0.0
    for i, (hidden, masked, keep) in enumerate(CASES):
        for j, (other_hidden, other_masked, other) in enumerate(CASES):
            if (hidden, masked) == (other_hidden, other_masked) and keep > other:
                slope = np.log(result[name][i] / result[name][j]) / np.log(keep / other)
                worst = max(worst, abs(slope - len(masked)))
    return float(worst)


def plane(result: Result) -> tuple[float, float]:
    """Exponents of the width and of alpha in the errors of one seed, by least squares in logarithms."""
    keeps, widths = np.log(result["keeps"]), np.log(result["widths"])
    errors = np.log(np.asarray(result["errors"]))
    rows = [(w, a, 1.0) for a in keeps for w in widths]
    found = np.linalg.lstsq(np.array(rows), errors.ravel(), rcond=None)[0]
    return float(found[0]), float(found[1])


def joint(result: Result) -> float:
    """Exponent of alpha times the width in the errors of one seed."""
    size = np.log(np.outer(result["keeps"], result["widths"])).ravel()
    return float(np.polyfit(size, np.log(np.asarray(result["errors"])).ravel(), 1)[0])


def constants(result: Result) -> np.ndarray:
    """Error times sqrt(alpha m): (shares, widths)."""
    return np.asarray(result["errors"]) * np.sqrt(np.outer(result["keeps"], result["widths"]))
