"""Arithmetic of sliding windows: padding, and box sums over position axes."""

from collections.abc import Sequence
from typing import Literal

import jax
import jax.numpy as jnp

from limes.core.errors import NetError
from limes.kernels.program import Sliding

Padding = Literal["SAME", "VALID", "CIRCULAR"]
PADDINGS = ("SAME", "VALID", "CIRCULAR")


def pads(size: int, window: int, stride: int, padding: Padding) -> tuple[int, int]:
    """Positions added before and after an axis: none for VALID; for SAME and CIRCULAR as XLA's SAME, odd one last.

    Raises:
        NetError: if no window fits.

    Example:
        >>> pads(5, 2, 2, "SAME"), pads(5, 3, 1, "CIRCULAR")
        ((0, 1), (1, 1))
    """
    if padding == "VALID":
        if window > size:
            raise NetError(f"a VALID window of {window} does not fit an axis of {size}: use padding='SAME'")
        return 0, 0
    total = max((-(-size // stride) - 1) * stride + window - size, 0)
    return total // 2, total - total // 2


def output_size(size: int, window: int, stride: int, padding: Padding) -> int:
    """Number of windows along an axis."""
    return (size + sum(pads(size, window, stride, padding)) - window) // stride + 1


def sliding(sizes: Sequence[int], windows: Sequence[int], strides: Sequence[int], padding: Padding) -> Sliding | None:
    """A window over positions of one or two axes for compiled loops, which know no padding by wrapping."""
    if padding == "CIRCULAR":
        return None
    axes = [(k, s, *pads(n, k, s, padding)) for n, k, s in zip(sizes, windows, strides, strict=True)]
    (k1, s1, b1, a1), (k2, s2, b2, a2) = [*axes, (1, 1, 0, 0)][:2]
    return Sliding((k1, k2), (s1, s2), (b1, b2), (a1, a2))


def pad_axis(x: jax.Array, axis: int, window: int, stride: int, padding: Padding) -> jax.Array:
    """Pad one axis with zeros (SAME), by wrapping (CIRCULAR), or not at all (VALID)."""
    before, after = pads(x.shape[axis], window, stride, padding)
    if before == after == 0:
        return x
    widths = [(0, 0)] * x.ndim
    widths[axis] = (before, after)
    return jnp.pad(x, widths, mode="wrap" if padding == "CIRCULAR" else "constant")


def box_sum(x: jax.Array, axes: tuple[int, ...], window: int, stride: int, padding: Padding) -> jax.Array:
    """Sum over a window that slides along all `axes` at once: out[p, q] = sum_o x[s p + o, s q + o].

    With one axis this is a box filter; with two axes (the same position axis of two inputs) a filter along the
    diagonal. Written as shifted adds: XLA's one-channel convolution is 40 times slower on a CPU.

    Cost: `window` additions an entry.
    """
    for axis in axes:
        x = pad_axis(x, axis, window, stride, padding)
    total = None
    for offset in range(window):
        part = x
        for axis in axes:
            stop = x.shape[axis] - window + offset + 1
            part = jax.lax.slice_in_dim(part, offset, stop, stride, axis)
        total = part if total is None else total + part
    assert total is not None
    return total
