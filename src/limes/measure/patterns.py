"""Which rectified units of a network are on: the pattern that decides on which linear piece an input lies."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from limes.core import precision
from limes.core.errors import InputError
from limes.core.types import Array
from limes.kernels.coincidence import fingerprints
from limes.nets import Net, Residual, ShiftedRelu
from limes.nets.layer import Layer
from limes.nets.rectifiers import Rectifier


def activation_pattern(net: Net, params: Any, x: Array) -> np.ndarray:
    """Whether each rectified unit gets a positive input; shifted ones, an input above their threshold.

    Units at their clip count as on.

    Args:
        net: with relu, leaky_relu, abs or shifted_relu.
        params: its weights.
        x: (n, features...).

    Returns:
        (n, units), units of all layers and positions.

    Raises:
        InputError: for a net without such a layer.

    Cost: a forward pass.

    Example:
        >>> from limes import nets
        >>> net = nets.mlp(3)
        >>> activation_pattern(net, net.init(0, (4,), width=8), np.eye(4, dtype="float32")).shape
        (4, 16)
    """
    dtype = np.dtype(jax.tree.leaves(params)[0].dtype)
    with precision.scope(dtype):
        rows = jnp.asarray(x, dtype)
        found: list[np.ndarray] = []
        _walk(net.layers, params, net.prepare(rows), fingerprints(rows), found)
    if not found:
        raise InputError(f"the net has no rectified units, whose pattern could be read: {net}")
    return np.concatenate(found, axis=1)


def hamming_distance(first: Array, second: Array) -> float:
    """Share of entries in which two patterns differ.

    Raises:
        InputError: for patterns of different shapes.
    """
    first, second = np.asarray(first), np.asarray(second)
    if first.shape != second.shape:
        raise InputError(f"patterns of shape {first.shape} and {second.shape} cannot be compared")
    return float(np.mean(first != second))


def _walk(layers: tuple[Layer, ...], params: Any, x: jax.Array, ids: jax.Array, found: list[np.ndarray]) -> jax.Array:
    for layer, p in zip(layers, params, strict=True):
        if isinstance(layer, Residual):
            body = _walk(layer.body, p["body"], x, ids, found)
            x = body + _walk(layer.shortcut, p["shortcut"], x, ids, found)
            continue
        after = layer.apply_rows(p, x, ids)
        if isinstance(layer, Rectifier | ShiftedRelu):
            on = (after if isinstance(layer, ShiftedRelu) else x) > 0
            found.append(np.asarray(on).reshape(len(on), -1))
        x = after
    return x
