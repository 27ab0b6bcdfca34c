"""What a certificate returns."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from limes.core.shown import short_repr
from limes.core.types import Norm


@dataclass(frozen=True, eq=False)
class Certificate:
    """Radii within which the prediction of a machine cannot change.

    Attributes:
        radius: (n,) in the caller's units: every input of the box at most so far from x has the label of x. At most the
            width of the box; infinite where there is no box and nothing can change the label.
        method: (n,) which method gave the radius: "joint", "norm", "interval"; "none" where none gave one.
        label: (n,) the predicted labels that the radii are about (column indices for machines without classes).
        margin: (n,) the predicted score less the largest other one, at x.
        norm: "linf" or "l2".
        settings: methods, bounds, tolerance, number of shells.
    """

    radius: np.ndarray
    method: np.ndarray
    label: np.ndarray
    margin: np.ndarray
    norm: Norm
    settings: Mapping[str, Any]

    __repr__ = short_repr
