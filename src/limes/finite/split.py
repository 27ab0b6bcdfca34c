"""Derivatives that split into a part for each output and a part for each example: D[x, r] = C[r] * M[x].

Before the last non-linearity they always do: linear layers behind it give C, the same for all examples, and its slope
gives M, the same for all outputs. The sum over outputs of inner products of such derivatives is

    sum over r of <D[x, r], D[x', r]> = sum over weights of (sum over r of C[r]^2) M[x] M[x']
                                      = <E[x], E[x']>  with  E[x] = sqrt(sum over r of C[r]^2) * M[x],

which is one inner product in place of as many as there are outputs, and one row to hold in place of as many.

Where D stands at several positions m and meets activations, positions of one example meet those of another: C must be
the same at all positions, as behind a mean over positions.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from limes.finite.jaxpr import Operation, Slot, Trace

_MOVES = ("transpose", "reshape", "squeeze", "expand_dims", "rev", "copy", "broadcast_in_dim")
_SUMS = ("add", "add_any")

Values = Mapping[Slot, Any]


@dataclass(frozen=True, eq=False)
class Split:
    """The two parts of a value.

    Attributes:
        source: a slot that depends on the output and on no example.
        moves: operations that only rearrange or repeat it, which give C.
        own: M, from all values.
    """

    source: Slot
    moves: tuple[Operation, ...]
    own: Callable[[Values], jax.Array]

    def common(self, values: Values) -> jax.Array:
        """C, from all values."""
        c = values[self.source]
        for move in self.moves:
            (c,) = move(c)
        return c

    def is_uniform(self, axis: int) -> bool:
        """Whether C is known to be the same along an axis."""
        varying = None
        for move in self.moves:
            varying = _moved(move, varying)
        return varying is not None and axis not in varying


class Splitter:
    """Finds the parts of values of a traced function of one example and one output.

    Args:
        traced: the function.
        example: slot of the example.
        output: slot of what picks the output; the values asked for are linear in it.
    """

    def __init__(self, traced: Trace, example: Slot, output: Slot) -> None:
        self._constants = traced.constants
        self._makers = {slot: operation for operation in traced.operations for slot in operation.outputs}
        self._by_example = _reached(traced, example)
        self._by_output = _reached(traced, output)

    def is_constant(self, slot: Slot) -> bool:
        """Whether a value is the same for all examples."""
        return slot not in self._by_example

    def split(self, slot: Slot, shape: tuple[int, ...], dtype: Any) -> Split | None:
        """The parts of a value of a shape, or None where it has none that are known.

        Paths from one slot to the value, as those of both sides of a leaky ReLU, are followed up to that slot.
        """
        operation = self._makers.get(slot)
        found = self._parts(operation) if operation is not None and slot in self._by_output else None
        if found is None and self.is_constant(slot):
            return Split(slot, (), lambda values: jnp.ones(shape, dtype))
        return found

    def _parts(self, operation: Operation) -> Split | None:
        """Those of the result of an operation, from those of its arguments."""
        linear = [i for i, argument in enumerate(operation.inputs) if argument in self._by_output]
        if not _is_move(operation) and not self._is_elementwise(operation, linear):
            return None
        parts = {i: self._argument(operation, i) for i in linear}
        known = {i: part for i, part in parts.items() if part is not None}
        if len(known) < len(parts) or len({(part.source, part.moves) for part in known.values()}) != 1:
            return None
        first = known[linear[0]]
        moves = (*first.moves, operation) if _is_move(operation) else first.moves
        return Split(first.source, moves, _applied(operation, known))

    def _argument(self, operation: Operation, position: int) -> Split | None:
        shape, dtype = operation.shape(position), operation.equation.invars[position].aval.dtype
        return self.split(operation.inputs[position], shape, dtype)

    def _is_elementwise(self, operation: Operation, linear: list[int]) -> bool:
        """Whether it multiplies what is linear in the output by something else, or adds up only that."""
        if operation.name in ("mul", "neg"):
            return len(linear) == 1
        if operation.name == "div":
            return linear == [0]
        if operation.name in _SUMS:
            return len(linear) == len(operation.inputs)
        cases = range(1, len(operation.inputs))
        others = (operation.inputs[i] for i in cases if i not in linear)
        return operation.name == "select_n" and 0 not in linear and all(self._is_zero(slot) for slot in others)

    def _is_zero(self, slot: Slot) -> bool:
        if slot in self._constants:
            value = self._constants[slot]
            return not isinstance(value, Tracer) and not np.any(np.asarray(value))
        maker = self._makers.get(slot)
        return maker is not None and _is_move(maker) and self._is_zero(maker.inputs[0])


def _is_move(operation: Operation) -> bool:
    """Whether it only rearranges or repeats entries."""
    if operation.name == "reduce_sum":  # that of a bias, over a batch of one
        return all(operation.shape(0)[axis] == 1 for axis in operation.equation.params["axes"])
    return operation.name in _MOVES


def _reached(traced: Trace, start: Slot) -> set[Slot]:
    """All slots whose values depend on that one."""
    found = {start}
    for operation in traced.operations:
        if not found.isdisjoint(operation.inputs):
            found.update(operation.outputs)
    return found


def _applied(operation: Operation, parts: Mapping[int, Split]) -> Callable[[Values], jax.Array]:
    """The operation on M in place of what is linear in the output."""

    def own(values: Values) -> jax.Array:
        arguments = [parts[i].own(values) if i in parts else values[s] for i, s in enumerate(operation.inputs)]
        return operation(*arguments)[0]

    return own


def _moved(move: Operation, varying: frozenset[int] | None) -> frozenset[int]:
    """Axes along which the result of a rearrangement may vary, from those of its argument; None stands for all."""
    before, after, parameters = move.shape(0), tuple(move.result.shape), move.equation.params
    varies = frozenset(i for i, size in enumerate(before) if size > 1 and (varying is None or i in varying))
    if move.name == "broadcast_in_dim":
        return frozenset(parameters["broadcast_dimensions"][i] for i in varies)
    if move.name == "transpose":
        return frozenset(i for i, axis in enumerate(parameters["permutation"]) if axis in varies)
    if move.name in ("rev", "copy"):
        return varies
    return _reshaped(before, after, varies)


def _reshaped(before: tuple[int, ...], after: tuple[int, ...], varies: frozenset[int]) -> frozenset[int]:
    """The axes after a change of shape: runs of axes with equal numbers of entries stand for each other."""
    if 0 in before:
        return frozenset(range(len(after)))
    found: set[int] = set()
    i = j = 0
    while i < len(before) and j < len(after):
        first, then = i + 1, j + 1
        while math.prod(before[i:first]) != math.prod(after[j:then]):
            if math.prod(before[i:first]) < math.prod(after[j:then]):
                first += 1
            else:
                then += 1
        if not varies.isdisjoint(range(i, first)):
            found.update(range(j, then))
        i, j = first, then
    return frozenset(found)
