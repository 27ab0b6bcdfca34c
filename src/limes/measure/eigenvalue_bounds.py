"""Bounds on the smallest eigenvalue of a kernel matrix, each with what it is worth.

A lower bound is "rigorous" where it holds for every matrix of its kind, up to the rounding of float64; "worst case"
where it knows of the data no more than how close the closest two are, and its constants are recalled; "in a region"
where it bounds the quadratic form for some vectors only, so that it bounds the eigenvalue if the eigenvector is one of
them, and says nothing otherwise.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from limes.core.errors import InputError
from limes.core.types import Array
from limes.measure.kernels import square

Side = Literal["lower", "upper"]
Status = Literal["rigorous", "worst case", "in a region"]


@dataclass(frozen=True)
class EigenvalueBound:
    """A bound on the smallest eigenvalue.

    Attributes:
        name: how it is made.
        value: the figure.
        side: "lower" or "upper".
        status: see the module.
        applies: for "in a region", whether the eigenvector lies in the region: the flag without which the value must
            not be read as a bound. True for the others.

    Raises:
        InputError: for a bound in a region without its flag.

    Example:
        >>> print(EigenvalueBound("Gershgorin", 0.25, "lower", "rigorous"))
        Gershgorin: at least 0.25 (rigorous)
        >>> print(EigenvalueBound("p0 - min p", 0.25, "lower", "in a region", applies=False))
        p0 - min p: 0.25 is no bound on the eigenvalue, whose eigenvector is outside of the region
    """

    name: str
    value: float
    side: Side
    status: Status
    applies: bool | None = None

    def __post_init__(self) -> None:
        if self.applies is None:
            if self.status == "in a region":
                raise InputError(f"the bound {self.name} is one in a region only: say whether the eigenvector is there")
            object.__setattr__(self, "applies", True)

    def __str__(self) -> str:
        if not self.applies:
            outside = "the eigenvalue, whose eigenvector is outside of the region"
            return f"{self.name}: {self.value:.4g} is no bound on {outside}"
        word = "at least" if self.side == "lower" else "at most"
        where = "rigorous here, the eigenvector is in the region" if self.status == "in a region" else self.status
        return f"{self.name}: {word} {self.value:.4g} ({where})"


def matrix_bounds(kernel: Array) -> list[EigenvalueBound]:
    """Bounds that any symmetric matrix has: Gershgorin's from below, diagonal and 2 x 2 blocks from above.

    Args:
        kernel: (n, n).

    Raises:
        InputError: for another shape.

    Cost: n^2 operations, and four matrices of n x n in memory.

    Example:
        >>> for bound in matrix_bounds([[2.0, 0.5], [0.5, 1.0]]):
        ...     print(bound)
        Gershgorin: at least 0.5 (rigorous)
        smallest diagonal entry: at most 1 (rigorous)
        closest pair: at most 0.7929 (rigorous)
    """
    k = square(kernel)
    diagonal = np.diagonal(k)
    gershgorin = float((2 * diagonal - np.abs(k).sum(axis=1)).min())
    bounds = [
        EigenvalueBound("Gershgorin", gershgorin, "lower", "rigorous"),
        EigenvalueBound("smallest diagonal entry", float(diagonal.min()), "upper", "rigorous"),
    ]
    if len(k) > 1:
        half = 0.5 * (diagonal[:, None] - diagonal)
        blocks = 0.5 * (diagonal[:, None] + diagonal) - np.hypot(half, k)
        np.fill_diagonal(blocks, np.inf)
        bounds.append(EigenvalueBound("closest pair", float(blocks.min()), "upper", "rigorous"))
    return bounds


def separation(gram: np.ndarray) -> float:
    """delta = min over i != j of min(|x_i - x_j|, |x_i + x_j|) for rows of length 1.

    Args:
        gram: (n, n) cosines.
    """
    cosines = np.abs(gram)
    np.fill_diagonal(cosines, -1.0)
    return math.sqrt(max(2.0 - 2.0 * float(cosines.max()), 0.0))


def worst_case_bound(bias: float, gram: np.ndarray) -> EigenvalueBound:
    """exp(-B^2/2) delta / (100 n^2), from the separation of the rows alone.

    The form for B = 0 is that of Oymak & Soltanolkotabi 2020, for B > 0 of Song, Yang & Zhang 2021; constants are
    recalled, not read.

    Args:
        bias: B, at least 0.
        gram: (n, n) cosines.

    Raises:
        InputError: for a bias below 0.
    """
    if bias < 0:
        raise InputError(f"the worst case is known for biases of at least 0, not {bias:g}")
    value = math.exp(-0.5 * bias * bias) * separation(gram) / (100 * len(gram) ** 2)
    return EigenvalueBound("separation", value, "lower", "worst case")
