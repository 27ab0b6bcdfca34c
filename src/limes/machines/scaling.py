"""The fixed affine input map of a machine."""

from typing import Literal

import numpy as np

from limes.core.errors import InputError
from limes.core.types import Affine

Scale = Literal["standard", "unit"]


def fit_affine(x: np.ndarray, scale: Scale | None, weights: np.ndarray | None = None) -> Affine | None:
    """The map z = (x - shift) * scale that a machine applies before its kernel, or None.

    Columns of a table are mapped one by one; images and series channel by channel, so that their shape survives. What
    is constant in the training data is shifted and not scaled.

    Args:
        x: (n, features...).
        scale: None, "standard" (mean 0 and standard deviation 1) or "unit" (the training range becomes [0, 1]).
        weights: (n,) of the rows, above 0; None for equal ones.

    Raises:
        InputError: for an unknown scale.
    """
    if scale is None:
        return None
    axes = tuple(range(x.ndim - 1)) if x.ndim > 2 else (0,)
    if scale == "standard":
        shift, spread = _moments(x, axes, weights)
    elif scale == "unit":
        shift = x.min(axis=axes).astype(np.float64)
        spread = x.max(axis=axes).astype(np.float64) - shift
    else:
        raise InputError(f"scale must be None, 'standard' or 'unit', not {scale!r}")
    rounding = np.finfo(x.dtype).eps * np.maximum(np.abs(shift), 1e-30)
    return Affine(shift, 1.0 / np.where(spread > 10 * rounding, spread, 1.0))


def _moments(x: np.ndarray, axes: tuple[int, ...], weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation over axes, the first of which has weights."""
    if weights is None:
        return x.mean(axis=axes, dtype=np.float64), x.std(axis=axes, dtype=np.float64)

    def mean(values: np.ndarray) -> np.ndarray:
        return np.average(values.mean(axis=axes[1:], dtype=np.float64), axis=0, weights=weights)

    shift = mean(x)
    return shift, np.sqrt(mean((x - shift) ** 2))


def scaled(x: np.ndarray, scale: Scale | None) -> np.ndarray:
    """Rows as the kernel of a machine with this `scale` that is fitted to them sees them."""
    affine = fit_affine(x, scale)
    return x if affine is None else affine(x)
