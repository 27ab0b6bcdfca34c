"""The numbers behind the figures, from what was found."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from limes.papers.estimates import estimates
from limes.papers.paper import Found

_WANTED = {
    "motion": ("velocity", "from_start"),
    "children": ("barrier", "barrier_test"),
    "frozen": ("net", "linear", "nonlinear", "probe"),
    "cone": ("growth",),
    "thresholds": ("barrier", "error"),
}
_AXES = {"motion": "epochs", "children": "times", "frozen": "times", "cone": "times", "thresholds": "rates"}


def curves(found: Found, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Means and standard errors over seeds."""
    numbers: dict[str, Any] = {"settings": settings["case"]}
    for quantity, names in _WANTED.items():
        if runs := found.get(quantity):
            entry: dict[str, Any] = {"at": np.asarray(next(iter(runs.values()))[_AXES[quantity]]).tolist()}
            entry |= {name: _line([run[name] for run in runs.values()]) for name in names}
            if quantity == "frozen":
                entry["parent"] = float(np.mean([run["parent"] for run in runs.values()]))
            numbers[quantity] = entry
    return numbers


def _line(per_seed: Sequence[np.ndarray]) -> dict[str, Any]:
    """A mean for each place, and its standard error (None with one seed)."""
    entries = estimates(np.array(per_seed))
    errors = None if len(per_seed) < 2 else [entry["standard_error"] for entry in entries]
    return {"mean": [entry["mean"] for entry in entries], "standard_error": errors}
