"""Directed rounding: a point near a clean one, rounded so that it is never farther from it than asked.

Adding ``eps`` to a pixel and rounding to the nearest float leaves the ball about half of the time. Here the sum is
formed without error (Knuth's two-sum) and rounded towards the clean value, which is itself a float, so that every bound
which held before rounding holds after it.
"""

import numpy as np


def move(x: np.ndarray, step: np.ndarray | float) -> np.ndarray:
    """``x + step`` in the dtype of `x`, rounded towards `x`: exactly ``|move(x, step) - x| <= |step|``.

    Args:
        x: (...) float32 or float64, finite.
        step: float64, broadcastable to `x`.

    Cost: about a dozen element-wise passes in float64.

    Reference: Knuth, The Art of Computer Programming, vol. 2, 4.2.2, theorem B (the error of a sum is a float).

    Example:
        >>> x = np.array([0.1])
        >>> bool(abs(float(move(x, 0.3)[0]) - 0.1) <= 0.3)
        True
    """
    base = x.astype(np.float64)
    step = np.broadcast_to(np.asarray(step, dtype=np.float64), x.shape)
    total = base + step
    part = total - base
    lost = (base - (total - part)) + (step - part)  # total + lost == base + step, exactly
    overshot = np.sign(lost) * np.sign(step) < 0
    total = np.where(overshot, np.nextafter(total, base), total)
    if x.dtype == np.float64:
        return total
    rounded = total.astype(x.dtype)
    overshot = (rounded.astype(np.float64) - total) * np.sign(step) > 0
    return np.where(overshot, np.nextafter(rounded, x), rounded)


def round_up(value: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """The smallest float of `dtype` that is at least `value` (float64)."""
    rounded = value.astype(dtype)
    return np.where(rounded.astype(np.float64) < value, np.nextafter(rounded, dtype.type(np.inf)), rounded)


def round_down(value: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """The largest float of `dtype` that is at most `value` (float64)."""
    return -round_up(-value, dtype)
