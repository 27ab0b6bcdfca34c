"""Repeated layers in a loop: so that a deep net takes no longer to compile than a shallow one.

XLA makes one loop over entries of a fully connected recursion, however deep it is. That is fast up to about a dozen
activations. Then compilation takes the square of the depth, and steps that are used twice are computed twice at every
level: 32 layers of gelu ran 500 times longer than eight.
"""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp

from limes.kernels.state import Cov, State
from limes.nets.layer import Layer

_MOST_UNROLLED = 12  # layers in a row that are left as they are: two for each activation
_MOST_BRIEF = 24  # the same for relu and its like, which are done in a few operations
_BODY = 8  # layers in the body of a loop
_LONGEST_PERIOD = 16


def repetition(layers: tuple[Layer, ...]) -> tuple[int, int]:
    """The period and the number of times for which the sequence begins with a repeated part: the longest such part.

    Example:
        >>> from limes.nets import mlp
        >>> repetition(mlp(5).layers)
        (2, 4)
    """
    best = (len(layers), 1)
    covered = 0
    for period in range(1, min(_LONGEST_PERIOD, len(layers) // 2) + 1):
        times = 1
        while layers[times * period : (times + 1) * period] == layers[:period]:
            times += 1
        if times > 1 and period * times > covered:
            best, covered = (period, times), period * times
    return best


def looped(layers: tuple[Layer, ...], state: State) -> tuple[int, State]:
    """Propagate through the repeated layers at the beginning of a sequence in a loop, where that pays.

    Args:
        layers: all of which want the layout of the state.
        state: before them.

    Returns:
        How many layers were taken (0 where it does not pay, or where a layer changes the shape of the state), and the
        state behind them.
    """
    period, times = repetition(layers)
    one = sum(layer.n_layers for layer in layers[:period])
    most = _MOST_BRIEF if all(layer.brief for layer in layers[:period]) else _MOST_UNROLLED
    if one * times <= most or times == 1:
        return 0, state
    together = max(1, _BODY // one)
    body_layers = layers[:period] * together

    def body(carry: State, _: None) -> tuple[State, None]:
        now = _unpacked(carry)
        for layer in body_layers:
            now = layer.propagate(now)
        return _packed(now), None

    start, rounds = _packed(state), times // together
    if rounds < 2 or _form(jax.eval_shape(body, start, None)[0]) != _form(start):
        return 0, state
    return rounds * together * period, _unpacked(jax.lax.scan(body, start, None, length=rounds)[0])


def _form(state: State) -> tuple[Any, ...]:
    leaves, structure = jax.tree.flatten(state)
    return structure, *((leaf.shape, leaf.dtype) for leaf in leaves)


def _packed(state: State) -> State:
    """Both kernels of a fully connected net as one complex number, see `limes.kernels.block.packed_block`."""
    if state.layout != "vector" or state.cross.ntk is None:
        return state
    return replace(state, cross=Cov(jax.lax.complex(state.cross.nngp, state.cross.ntk), None))


def _unpacked(state: State) -> State:
    if not jnp.iscomplexobj(state.cross.nngp):
        return state
    return replace(state, cross=Cov(jnp.real(state.cross.nngp), jnp.imag(state.cross.nngp)))
