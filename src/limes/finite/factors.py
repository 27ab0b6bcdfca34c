"""Weights whose derivative is an outer product: those that a network multiplies once with what comes from the input.

For y = A W with activations A (m, k), one row for each position, and the derivative D (m, h) of an output in y, the
derivative in W is A^T D. Two of them have the inner product sum over m, m' of (A A'^T) * (D D'^T), which for a dense
layer (m = 1) costs k + h multiplications in place of k h. A convolution is the same with the windows of its input as A.

Between the weight and its product there may be scalar factors and changes of shape: these keep inner products, up to
the square of the factor.

Reference: Novak, Sohl-Dickstein & Schoenholz 2022 (arXiv 2206.08720), section 3.3, structured derivatives.
"""

import itertools
import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from limes.finite.jaxpr import Operation, Slot, Trace

_REARRANGE = ("transpose", "reshape", "squeeze", "expand_dims", "rev", "copy")


@dataclass(frozen=True, eq=False)
class Factor:
    """A weight in a product.

    Attributes:
        leaf: its number among the arguments of the trace.
        number: of the operation that multiplies it.
        operation: that operation.
        position: which argument of it the weight is.
        scales: slots of the scalars that multiply the weight before.
        divisors: slots of those that divide it.
        positions: m.
        inputs: k.
        outputs: h.
    """

    leaf: int
    number: int
    operation: Operation
    position: int
    scales: tuple[Slot, ...]
    divisors: tuple[Slot, ...]
    positions: int
    inputs: int
    outputs: int

    @property
    def zeros(self) -> jax.Array:
        """What is added to the result of the product, to differentiate in."""
        return jnp.zeros(self.operation.result.shape, self.operation.result.dtype)

    def activations(self, values: Mapping[Slot, Any]) -> jax.Array:
        """A (m, k), times the scalar factors of the weight."""
        a = values[self.operation.inputs[1 - self.position]]
        rows = _windows(a, self.operation) if self.operation.name == "conv_general_dilated" else self._rows(a)
        for slot in self.scales:
            rows = rows * values[slot]
        for slot in self.divisors:
            rows = rows / values[slot]
        return rows

    def cotangents(self, d: jax.Array) -> jax.Array:
        """D (m, h) from the derivative in the result of the product."""
        if self.operation.name == "conv_general_dilated":
            batch, feature, *space = self.operation.equation.params["dimension_numbers"].out_spec
            return d.transpose(batch, *space, feature).reshape(self.positions, self.outputs)
        return d.reshape(self.positions, self.outputs) if self.position else d.reshape(self.outputs, self.positions).T

    def _rows(self, a: jax.Array) -> jax.Array:
        contracted = self.operation.equation.params["dimension_numbers"][0][1 - self.position]
        kept = [axis for axis in range(a.ndim) if axis not in contracted]
        return a.transpose(*kept, *contracted).reshape(self.positions, self.inputs)


def find(traced: Trace, n_leaves: int) -> tuple[Factor, ...]:
    """The factors among the first `n_leaves` arguments of a function of one example."""
    readers: dict[Slot, list[tuple[int, int]]] = defaultdict(list)
    for number, operation in enumerate(traced.operations):
        for position, slot in enumerate(operation.inputs):
            readers[slot].append((number, position))
    for result in traced.results:
        readers[result].append((-1, -1))
    found = (_follow(traced, leaf, readers) for leaf in range(n_leaves))
    return tuple(factor for factor in found if factor is not None)


def _follow(traced: Trace, leaf: int, readers: Mapping[Slot, list[tuple[int, int]]]) -> Factor | None:
    """From a weight to its product, as long as it is read once."""
    slot, scales, divisors = traced.arguments[leaf], [], []
    while len(readers.get(slot, ())) == 1:
        number, position = readers[slot][0]
        if number < 0:
            return None
        operation = traced.operations[number]
        other = operation.inputs[1 - position] if len(operation.inputs) == 2 else None
        if operation.name == "mul" and other is not None and operation.shape(1 - position) == ():
            scales.append(other)
        elif operation.name == "div" and other is not None and position == 0 and operation.shape(1) == ():
            divisors.append(other)
        elif operation.name not in _REARRANGE:
            sizes = _sizes(operation, position)
            return sizes and Factor(leaf, number, operation, position, tuple(scales), tuple(divisors), *sizes)
        slot = operation.outputs[0]
    return None


def _sizes(operation: Operation, position: int) -> tuple[int, int, int] | None:
    """m, k and h, or None where the operation is no product that this file knows."""
    parameters = operation.equation.params
    if operation.name == "dot_general":
        contracted, batched = parameters["dimension_numbers"]
        shape = operation.shape(position)
        inputs = math.prod(shape[axis] for axis in contracted[position])
        if batched[0]:
            return None
        return math.prod(operation.shape(1 - position)) // max(inputs, 1), inputs, math.prod(shape) // max(inputs, 1)
    if operation.name == "conv_general_dilated" and position == 1:
        numbers = parameters["dimension_numbers"]
        plain = parameters["feature_group_count"] == parameters["batch_group_count"] == 1
        if not plain or set(parameters["lhs_dilation"]) != {1} or operation.shape(0)[numbers.lhs_spec[0]] != 1:
            return None
        kernel, outputs = operation.shape(1), operation.shape(1)[numbers.rhs_spec[0]]
        return math.prod(operation.result.shape) // outputs, math.prod(kernel) // outputs, outputs
    return None


def _windows(a: jax.Array, operation: Operation) -> jax.Array:
    """The windows that a convolution sees, (positions, window x channels)."""
    parameters = operation.equation.params
    numbers = parameters["dimension_numbers"]
    batch, feature, *space = numbers.lhs_spec
    a = a.transpose(batch, *space, feature)[0]
    padding = [*((low, high, 0) for low, high in parameters["padding"]), (0, 0, 0)]
    a = jax.lax.pad(a, jnp.zeros((), a.dtype), padding)
    window = [operation.shape(1)[axis] for axis in numbers.rhs_spec[2:]]
    sizes = [operation.result.shape[axis] for axis in numbers.out_spec[2:]]
    parts = []
    for offset in itertools.product(*(range(n) for n in window)):
        start = [o * step for o, step in zip(offset, parameters["rhs_dilation"], strict=True)]
        strides = parameters["window_strides"]
        stop = [s + (n - 1) * stride + 1 for s, n, stride in zip(start, sizes, strides, strict=True)]
        part = jax.lax.slice(a, [*start, 0], [*stop, a.shape[-1]], [*strides, 1])
        parts.append(part.reshape(-1, a.shape[-1]))
    return jnp.concatenate(parts, axis=-1)
