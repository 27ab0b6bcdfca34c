"""A net in the standard parametrisation of one width: the network that deep learning trains."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import jax
import numpy as np

from limes.core.errors import NetError
from limes.nets.conv import Conv
from limes.nets.dense import Dense
from limes.nets.layer import Layer
from limes.nets.net import Net
from limes.nets.residual import Residual


def standard(net: Net, input_shape: Sequence[int], width: int) -> Net:
    """The same network with its weights as they are, y = W x + b, W of variance w_std^2 / fan in.

    In the NTK parametrisation a network of large width hardly changes its features; trained at one rate in this one, at
    rates as deep learning takes them, it does. Functions at the start are the same in law, gradients are not: those of
    a layer with m inputs are sqrt(m) / w_std times as large.

    Each dense and convolutional layer gets ``parametrisation="standard"`` with `base_width` its number of input
    channels, so that the net is meant for this width alone.

    Args:
        net: the architecture.
        input_shape: shape of one input, without the batch.
        width: channels of every layer with weights but the last.

    Raises:
        NetError: for a layer with weights that has no standard parametrisation here: recurrent, self_attention.

    Example:
        >>> from limes import nets
        >>> net = standard(nets.mlp(2), (20,), width=50)
        >>> round(float(net.init(0, (20,), width=50)[0]["w"].std() * (20 / 2) ** 0.5), 1)
        1.0
    """
    shape = tuple(int(n) for n in input_shape)
    shape = shape if net.needs_positions else (int(np.prod(shape)),)
    return Net(_standard(net.layers, shape, width)[0])


def _standard(layers: tuple[Layer, ...], shape: tuple[int, ...], width: int) -> tuple[tuple[Layer, ...], Any]:
    """The layers for inputs of a shape, and the shape of what leaves them."""
    changed = []
    for layer in layers:
        found = layer
        if isinstance(layer, Dense | Conv):
            found = replace(layer, parametrisation="standard", base_width=float(shape[-1]))
        elif isinstance(layer, Residual):
            body, shortcut = (_standard(branch, shape, width)[0] for branch in (layer.body, layer.shortcut))
            found = Residual(body, shortcut)
        shape, params = _init(layer, shape, width)
        if found is layer and jax.tree.leaves(params):
            raise NetError(f"{layer.name} has weights, but no standard parametrisation")
        changed.append(found)
    return tuple(changed), shape


def _init(layer: Layer, shape: tuple[int, ...], width: int) -> tuple[tuple[int, ...], Any]:
    """`Layer.init` without its numbers."""
    found = []

    def draw(key: jax.Array) -> Any:
        after, params = layer.init(key, shape, width)
        found.append(after)
        return params

    params = jax.eval_shape(draw, jax.random.key(0))
    return found[0], params
