"""Deep nets in parts, repeated layers in a loop: so that they take little longer to compile than shallow ones.

XLA makes one loop over entries of a fully connected recursion, however deep it is. That is fast up to about a dozen
activations. Then compilation takes the square of the depth, and steps that are used twice are computed twice at every
level: 32 layers of gelu ran 500 times longer than eight. Barriers do not help, because XLA drops them on processors
before it joins loops; what it keeps apart are the bodies of loops.
"""

import functools
from collections.abc import Callable, Hashable, Sequence
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
Numbers = dict[tuple[int, str], jax.Array]
"""Of adjustable fields, by the place of their layer and their name."""
_Rule = Callable[[State, Numbers], State]


def repetition(layers: Sequence[Hashable]) -> tuple[int, int]:
    """The period and the number of times for which the sequence begins with a repeated part: the longest such part.

    Example:
        >>> repetition("ababac")
        (2, 2)
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
    period, times = repetition(_numbered(layers))
    if not _is_long(layers, period, times):
        return 0, state
    together = max(1, _BODY // sum(layer.n_layers for layer in layers[:period]))
    size, rounds = period * together, times // together
    numbers = _varying(layers, size, rounds)

    def body(carry: State, numbers: Numbers) -> tuple[State, None]:
        return _materialised(functools.partial(_through, layers[:size]), carry, numbers), None

    start, each = _packed(state), {key: jnp.asarray(x, state.left.nngp.dtype) for key, x in numbers.items()}
    of_one = {key: x[0] for key, x in each.items()}
    if rounds < 2 or _form(jax.eval_shape(body, start, of_one)[0]) != _form(start):
        return 0, state
    return rounds * size, _unpacked(jax.lax.scan(body, start, each, length=rounds)[0])


def switched(layers: tuple[Layer, ...], state: State) -> tuple[int, State]:
    """Propagate through a long sequence without repetition in a loop that chooses among all kinds of pairs of layers.

    For fully connected nets, up to where `looped` can take over; arguments and results as there.
    """
    kinds = _numbered(layers)
    end = next((i for i in range(1, len(layers)) if _is_long(layers[i:], *repetition(kinds[i:]))), len(layers))
    if state.layout != "vector" or sum(layer.n_layers for layer in layers[:end]) <= _most_unrolled(layers[:end]):
        return 0, state
    end -= end % 2
    pairs = list(zip(layers[0:end:2], layers[1:end:2], strict=True))
    chosen = list(dict.fromkeys((a.pattern, b.pattern) for a, b in pairs))
    which = jnp.asarray([chosen.index((a.pattern, b.pattern)) for a, b in pairs])
    fields = {(place, field) for pair in pairs for place, layer in enumerate(pair) for field in layer.adjustable}
    dtype = state.left.nngp.dtype
    numbers = {(at, field): jnp.asarray([_number(p[at], field) for p in pairs], dtype) for at, field in fields}
    rules = [functools.partial(_through, pair) for pair in chosen]

    def body(carry: State, step: tuple[jax.Array, Numbers]) -> tuple[State, None]:
        return jax.lax.switch(step[0], rules, carry, step[1]), None

    return end, _unpacked(jax.lax.scan(body, _packed(state), (which, numbers), length=len(pairs))[0])


def _number(layer: Layer, field: str) -> float:
    return getattr(layer, field) if field in layer.adjustable else 0.0


def _through(layers: tuple[Layer, ...], packed: State, numbers: Numbers) -> State:
    """A packed state behind layers, with numbers for their adjustable fields by place and name."""
    now = _unpacked(packed)
    for place, layer in enumerate(layers):
        own = {field: x for (at, field), x in numbers.items() if at == place and field in layer.adjustable}
        now = layer.adjusted(own).propagate(now)
    return _packed(now)


def _numbered(layers: tuple[Layer, ...]) -> list[int]:
    """The same number for layers that differ in adjustable fields alone."""
    known: dict[Layer, int] = {}
    return [known.setdefault(layer.pattern, len(known)) for layer in layers]


def _is_long(layers: tuple[Layer, ...], period: int, times: int) -> bool:
    """Whether a repetition at the beginning of a sequence is worth a loop."""
    most = _most_unrolled(layers[:period])
    return times > 1 and times * sum(layer.n_layers for layer in layers[:period]) > most


def _materialised(rule: _Rule, carry: State, numbers: Numbers) -> State:
    """rule(carry, numbers), where numbers that come from a table are read before, not anew for each entry.

    XLA would fuse the reading into the loop over entries, which is then not vectorised: eight times slower. Operands of
    a condition that it cannot decide are kept apart; this one holds unless a variance is not a number.
    """
    if not numbers:
        return rule(carry, numbers)

    def undefined(carry: State, numbers: Numbers) -> State:
        shapes = jax.eval_shape(rule, carry, numbers)
        return jax.tree.map(lambda leaf: jnp.full(leaf.shape, jnp.nan, leaf.dtype), shapes)

    return jax.lax.cond(jnp.all(carry.left.nngp[:1] >= 0), rule, undefined, carry, numbers)


def _varying(layers: tuple[Layer, ...], size: int, rounds: int) -> dict[tuple[int, str], list[float]]:
    """Numbers that differ from round to round, by the place of their layer in a round and their field."""
    found = {}
    for place in range(size):
        for field in layers[place].adjustable:
            values = [getattr(layers[r * size + place], field) for r in range(rounds)]
            if len(set(values)) > 1:
                found[place, field] = values
    return found


def _most_unrolled(layers: tuple[Layer, ...]) -> int:
    return _MOST_BRIEF if all(layer.brief for layer in layers) else _MOST_UNROLLED


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
