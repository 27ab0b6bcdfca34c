"""Layers after one another: the one place that walks a sequence."""

from typing import Any

import jax

from limes.core.errors import NetError
from limes.kernels.state import Layout, State
from limes.nets.layer import Flow, Layer, Params
from limes.nets.repeats import looped, switched


def as_layers(owner: str, layers: Any) -> tuple[Layer, ...]:
    """A tuple of layers from layers, nets, or iterables of them.

    Raises:
        NetError: for anything else.
    """
    found: list[Layer] = []
    for item in layers:
        inner = getattr(item, "layers", None)
        if isinstance(item, Layer):
            found.append(item)
        elif isinstance(inner, tuple):
            found.extend(inner)
        else:
            raise NetError(
                f"{owner} is made of layers, not of {item!r}: write for instance nets.Relu() with parentheses"
            )
    return tuple(found)


def check_all(layers: tuple[Layer, ...], flow: Flow) -> Flow:
    """`Layer.check` through the sequence."""
    for layer in layers:
        flow = layer.check(flow)
    return flow


def layouts(layers: tuple[Layer, ...], after: Layout) -> list[Layout]:
    """The layout that is needed before each layer, and after the last, for one that is needed in the end."""
    needed: list[Layout] = [after]
    for layer in reversed(layers):
        needed.append(layer.needs(needed[-1]))
    return needed[::-1]


def propagate_all(layers: tuple[Layer, ...], state: State, after: Layout = "position") -> State:
    """`Layer.propagate` through the sequence, each layer in the smallest layout that serves it and those after it."""
    *before, last = layouts(layers, after)
    i = 0
    while i < len(layers):
        state = state.in_layout(before[i])
        alike = next((j for j in range(i, len(layers)) if before[j] != before[i]), len(layers))
        taken, state = looped(layers[i:alike], state)
        if not taken:
            taken, state = switched(layers[i:alike], state)
        if not taken:
            state, taken = layers[i].propagate(state), 1
        i += taken
    return state.in_layout(last)


def init_all(
    layers: tuple[Layer, ...], key: jax.Array, shape: tuple[int, ...], widths: list[int]
) -> tuple[tuple[int, ...], list[Params]]:
    """`Layer.init` through the sequence, one key and one width a layer."""
    params = []
    for layer, layer_key, width in zip(layers, jax.random.split(key, len(layers)), widths, strict=True):
        shape, p = layer.init(layer_key, shape, width)
        params.append(p)
    return shape, params


def apply_all(layers: tuple[Layer, ...], params: list[Params], x: jax.Array, ids: jax.Array) -> jax.Array:
    """`Layer.apply_rows` through the sequence, for rows of the net's input with the given fingerprints."""
    for layer, p in zip(layers, params, strict=True):
        x = layer.apply_rows(p, x, ids)
    return x
