"""A traced function as a flat list of operations that can be evaluated with additions to some of their results.

``jax.jit`` inside of the function is opened; functions with derivative rules of their own, loops and branches stay
single operations.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
from jax.extend import core

Slot = int
"""Where a value is kept during an evaluation."""


@dataclass(frozen=True, eq=False)
class Operation:
    """One primitive operation.

    Attributes:
        equation: JAX's own, with primitive, parameters and shapes.
        within: the jaxpr that it is an equation of.
        inputs: slots of its arguments.
        outputs: slots of its results.
    """

    equation: Any
    within: Any
    inputs: tuple[Slot, ...]
    outputs: tuple[Slot, ...]

    def __call__(self, *values: Any) -> list[Any]:
        """The results, by way of a function of this operation alone: how primitives are bound is JAX's own affair."""
        pairs = zip(self.equation.invars, values, strict=True)
        variables = {atom: value for atom, value in pairs if not isinstance(atom, core.Literal)}
        alone = {"eqns": [self.equation], "invars": list(variables), "outvars": list(self.equation.outvars)}
        body = self.within.replace(**alone, constvars=[], effects=self.equation.effects)
        return list(core.jaxpr_as_fun(core.ClosedJaxpr(body, []))(*variables.values()))

    @property
    def name(self) -> str:
        """Name of the primitive."""
        return self.equation.primitive.name

    def shape(self, position: int) -> tuple[int, ...]:
        """Shape of an argument."""
        return tuple(self.equation.invars[position].aval.shape)

    @property
    def result(self) -> Any:
        """Shape and dtype of the first result."""
        aval = self.equation.outvars[0].aval
        return jax.ShapeDtypeStruct(aval.shape, aval.dtype)


@dataclass(frozen=True, eq=False)
class Trace:
    """A function with one or several results.

    Attributes:
        operations: in order.
        constants: slots that hold the same value in every evaluation.
        arguments: slots of the arguments, flattened.
        results: slots of the results, flattened.
    """

    operations: tuple[Operation, ...]
    constants: Mapping[Slot, Any]
    arguments: tuple[Slot, ...]
    results: tuple[Slot, ...]

    def evaluate(self, arguments: Sequence[Any], additions: Mapping[int, Any]) -> dict[Slot, Any]:
        """All values; `additions` are added to the first result of the operations with these numbers."""
        values = dict(self.constants) | dict(zip(self.arguments, arguments, strict=True))
        for number, operation in enumerate(self.operations):
            results = operation(*(values[slot] for slot in operation.inputs))
            if number in additions:
                results[0] = results[0] + additions[number]
            values.update(zip(operation.outputs, results, strict=True))
        return values

    @property
    def flops(self) -> float:
        """Multiplications and additions of one evaluation, about."""
        return sum(flops_of(operation.equation) for operation in self.operations)


def trace(function: Callable[..., Any], *arguments: Any) -> Trace:
    """Trace a function from trees of arrays, of which only shapes and dtypes count, to a tree of arrays."""
    closed = jax.make_jaxpr(function)(*arguments)
    builder = _Builder()
    slots = [builder.new() for _ in closed.jaxpr.invars]
    results = builder.add(closed, slots)
    return Trace(tuple(builder.operations), builder.constants, tuple(slots), tuple(results))


class _Builder:
    """Numbers the values of nested functions in one row."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self.constants: dict[Slot, Any] = {}
        self._count = 0

    def new(self) -> Slot:
        self._count += 1
        return self._count - 1

    def constant(self, value: Any) -> Slot:
        slot = self.new()
        self.constants[slot] = value
        return slot

    def add(self, closed: Any, arguments: Sequence[Slot]) -> list[Slot]:
        """Append the operations of a traced function; the slots of its results."""
        known = dict(zip(closed.jaxpr.invars, arguments, strict=True))
        known |= {var: self.constant(value) for var, value in zip(closed.jaxpr.constvars, closed.consts, strict=True)}

        def slot_of(atom: Any) -> Slot:
            return self.constant(atom.val) if isinstance(atom, core.Literal) else known[atom]

        for equation in closed.jaxpr.eqns:
            inputs = [slot_of(atom) for atom in equation.invars]
            if equation.primitive is core.primitives.jit_p:
                outputs = self.add(equation.params["jaxpr"], inputs)
            else:
                outputs = [self.new() for _ in equation.outvars]
                self.operations.append(Operation(equation, closed.jaxpr, tuple(inputs), tuple(outputs)))
            known |= dict(zip(equation.outvars, outputs, strict=True))
        return [slot_of(atom) for atom in closed.jaxpr.outvars]


def flops_of(equation: Any) -> float:
    """Multiplications and additions of an operation: products exactly, loops as often as they run, others by size."""
    inner = list(core.jaxprs_in_params(equation.params))
    if inner:
        return equation.params.get("length", 1) * sum(flops_of(e) for body in inner for e in body.eqns)
    size = float(sum(math.prod(getattr(var.aval, "shape", ())) for var in equation.outvars))
    if equation.primitive.name == "dot_general":
        (contracted, _), _ = equation.params["dimension_numbers"]
        return 2 * size * math.prod(equation.invars[0].aval.shape[axis] for axis in contracted)
    if equation.primitive.name == "conv_general_dilated":
        kernel = equation.invars[1].aval.shape
        return 2 * size * math.prod(kernel) / kernel[equation.params["dimension_numbers"].rhs_spec[0]]
    return size
