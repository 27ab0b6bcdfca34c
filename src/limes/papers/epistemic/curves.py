"""The numbers behind the figures, from what was found."""

from collections.abc import Mapping
from statistics import fmean
from typing import Any

import numpy as np

from limes.papers.epistemic.ensembles import METHODS
from limes.papers.epistemic.posterior import BINS
from limes.papers.epistemic.reading import cases
from limes.papers.estimates import estimate
from limes.papers.paper import Found
from limes.papers.reading import Result


def curves(found: Found, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Variances by n, histograms and exponents of shares, parts of the variance, methods beside each other, the toy."""
    made = cases(found, "posterior-")
    return {
        "contraction": [_contraction(case) for case in made if case["inputs"] == 3],
        "histograms": _histograms(found),
        "exponents": [_exponents(case) for case in made if case["n"] == max(c["n"] for c in made)],
        "parts": _parts(found),
        "methods": [_methods(case) for case in cases(found, "data-")],
        "toy": {name: found["gated"][0][name] for name in ("inputs", "prior", "n", "function", "weights")},
    }


def _contraction(case: Result) -> dict[str, Any]:
    function = estimate(np.array(case["scaled"]) / case["n"])
    return {"n": case["n"], "function": function, "weights": estimate(case["weights"])}


def _histograms(found: Found) -> dict[str, Any]:
    raw = cases(found, "posterior-", inputs=3)[-1]
    cones = {case["width"]: case for case in cases(found, "cone-", inputs=3)}
    return {
        "centres": ((np.arange(BINS) + 0.5) / BINS).tolist(),
        "n": {"raw": raw["n"]} | {width: case["n"] for width, case in cones.items()},
        "half_angle": {width: case["half_angle"] for width, case in cones.items()},
        "raw": raw["histogram"],
        **{width: case["histogram"] for width, case in cones.items()},
    }


def _exponents(case: Result) -> dict[str, Any]:
    both = {name: estimate(case[name]) for name in ("exponent", "balanced")}
    return {"inputs": case["inputs"], "n": case["n"]} | both


def _parts(found: Found) -> list[dict[str, Any]]:
    """Discrete, scaling and split, means over seeds."""
    bars = [(f"r = 1, m = 2,\nn = {case['n']:,}", case) for case in cases(found, "posterior-", inputs=3)]
    bars += [(f"r = m = {case['neurons']},\nn = {case['n']:,}", case) for case in cases(found, "chambers")]
    bars += [(f"r = 2, m = 4,\nn = {case['n']:,}", case) for case in cases(found, "ensembles-")]
    return [{"label": label, "parts": np.mean(case["parts"], axis=0).tolist()} for label, case in bars]


def _methods(case: Result) -> dict[str, Any]:
    judged = {
        method: {name: fmean(one[name] for one in case["methods"][method]) for name in ("variance", "error", "covered")}
        for method in METHODS
    }
    return {"n": case["n"], "methods": judged}
