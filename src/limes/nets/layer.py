"""What a layer is: one frozen dataclass with its finite form and its kernel rule side by side."""

import copy
import dataclasses
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from limes.core.errors import NetError
from limes.kernels.program import Step
from limes.kernels.state import Layout, State

Params = Any
"""A pytree of arrays; an empty tuple for layers without weights."""


@dataclass(frozen=True)
class Flow:
    """What is known of the units before a layer, without data: enough to refuse nets that have no Gaussian limit.

    Attributes:
        gaussian: whether they are jointly Gaussian in the limit, which activations need.
        mixed: whether position axes have been flattened or pooled away.
        data: whether they are the inputs themselves, of which there are finitely many.
    """

    gaussian: bool = False
    mixed: bool = False
    data: bool = True


@dataclass(frozen=True)
class Layer(ABC):
    """A map between layers of units.

    Subclasses are frozen dataclasses of plain values (printable, comparable, hashable, serialisable), set `name` (the
    word in specifications), and define the finite form (`init`, `apply`) and the kernel rule (`propagate`).
    """

    name: ClassVar[str]
    registry: ClassVar[dict[str, type["Layer"]]] = {}
    """All layers by their names in specifications: a subclass that sets `name` is known from then on."""
    needs_positions: ClassVar[bool] = False
    """Whether the layer acts on position axes, so that inputs are not flattened before the net."""
    fresh_weights: ClassVar[bool] = False
    """Whether each output goes through Gaussian weights that nothing else uses, as many outputs as `width` says."""
    linear: ClassVar[bool] = False
    """Whether the layer is a linear map without weights, behind which outputs of fresh weights stay uncorrelated."""
    random: ClassVar[bool] = False
    """Whether the layer draws masks for each row."""
    arithmetic: ClassVar[bool] = False
    """Whether the kernel rule consists of arithmetic and square roots, see `limes.kernels.compiling`."""
    brief: ClassVar[bool] = False
    """Whether the kernel rule is a few operations an entry, see `limes.nets.repeats`."""
    positive: ClassVar[bool] = False
    """Whether covariance and NTK between two inputs leave the layer as power series, with non-negative coefficients, in
    those that enter it, whatever the variances of the two: see `limes.kernels.zonal`."""
    rare: ClassVar[tuple[str, ...]] = ()
    """Fields that a specification leaves out where they have their defaults."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "name" in cls.__dict__:
            known = Layer.registry.get(cls.name, cls).__module__
            if known != cls.__module__ and known.startswith("limes.nets."):
                raise NetError(f"a layer named {cls.name!r} exists already, in {known}: choose another name")
            Layer.registry[cls.name] = cls

    @abstractmethod
    def init(self, key: jax.Array, shape: tuple[int, ...], width: int) -> tuple[tuple[int, ...], Params]:
        """Shape of the output (*positions, channels) and random weights for one input of shape `shape`."""

    @abstractmethod
    def apply(self, params: Params, x: jax.Array) -> jax.Array:
        """The finite layer on a batch (n, *positions, channels)."""

    def apply_rows(self, params: Params, x: jax.Array, ids: jax.Array) -> jax.Array:
        """`apply` where the rows of the net's input are known by their fingerprints (n, 2), as random layers need."""
        return self.apply(params, x)

    @abstractmethod
    def propagate(self, state: State) -> State:
        """The kernel rule: covariance and NTK after the layer from those before it."""

    def apply_sequences(self, params: Params, x: jax.Array, lengths: jax.Array, ids: jax.Array) -> jax.Array:
        """`apply_rows` to sequences (n, time, channels) of unequal lengths, for a layer that understands them.

        Raises:
            NetError: if the layer does not.
        """
        raise NetError(f"sequences of unequal lengths need a recurrent layer first, not {self.name}")

    def aligned(self, x: jax.Array, lengths: jax.Array) -> jax.Array:
        """Sequences of unequal lengths as the layer's kernel rule wants them.

        Raises:
            NetError: if the layer does not understand them.
        """
        raise NetError(f"sequences of unequal lengths need a recurrent layer first, not {self.name}")

    def needs(self, after: Layout) -> Layout:
        """The layout that `propagate` needs for the one that is needed after the layer ("position" or "pairs")."""
        return after

    @property
    def homogeneous(self) -> bool:
        """Whether all kernels grow by c where those that enter the layer do, for every c > 0."""
        return False

    @property
    def n_layers(self) -> int:
        """One, or the number of layers within."""
        return 1

    @property
    def adjustable(self) -> tuple[str, ...]:
        """Fields whose numbers only enter arithmetic in the kernel rule, so that traced ones serve as well."""
        return ()

    @property
    def pattern(self) -> "Layer":
        """The layer with those fields left open, to be compared with others and no more."""
        return self.adjusted(dict.fromkeys(self.adjustable, 0.0))

    def adjusted(self, fields: Mapping[str, Any]) -> "Layer":
        """A copy with other values of adjustable fields, unchecked."""
        if not fields:
            return self
        other = copy.copy(self)
        for field, value in fields.items():
            object.__setattr__(other, field, value)
        return other

    def steps(self, sizes: tuple[int, ...]) -> tuple[Step, ...] | None:
        """The layer as steps of a compiled recursion over positions of the given numbers; None where it has none."""
        return None

    def head(self, positions: int) -> tuple[bool, float] | None:
        """For a layer that ends the positions: whether it adds up all pairs of them, and the factor of that sum."""
        return None

    @abstractmethod
    def check(self, flow: Flow) -> Flow:
        """What is known after the layer.

        Raises:
            NetError: if the layer has no limit there, with the remedy.
        """

    def to_dict(self) -> dict[str, Any]:
        """The layer in the specification form: ``{"layer": name, field: value, ...}``."""
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        usual = {f.name: f.default for f in dataclasses.fields(self) if f.name in self.rare}
        shown = {k: _plain(v) for k, v in values.items() if k not in usual or v != usual[k]}
        return {"layer": self.name} | shown

    def shown(self) -> dict[str, Any]:
        """The fields that the printed form of a net shows."""
        return {field: value for field, value in self.to_dict().items() if field != "layer"}


def _plain(value: Any) -> Any:
    if isinstance(value, Layer):
        return value.to_dict()
    return [_plain(v) for v in value] if isinstance(value, tuple) else value


def seed_key(seed: jax.Array) -> jax.Array:
    """A key from a seed among the weights: two floats, so that a tree of weights is differentiable as a whole."""
    bits = jax.lax.bitcast_convert_type(jax.lax.stop_gradient(seed).astype(jnp.float32), jnp.uint32)
    return jax.random.wrap_key_data(bits, impl="threefry2x32")


def check_number(layer: str, field: str, value: Any, minimum: float = -math.inf) -> float:
    """A finite float, at least `minimum`.

    Raises:
        NetError: otherwise.
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not (math.isfinite(number) and number >= minimum):
        bound = "" if minimum == -math.inf else f" of at least {minimum:g}"
        raise NetError(f"{layer}: {field} must be a finite number{bound}, not {value!r}")
    return number


def check_integers(layer: str, field: str, value: Any, length: int | None = None) -> tuple[int, ...]:
    """A tuple of positive integers, of length 1 or 2 where no `length` is given.

    Raises:
        NetError: otherwise.
    """
    values = tuple(value) if isinstance(value, list | tuple) else (value,)
    right_length = len(values) in (1, 2) if length is None else len(values) == length
    if not right_length or not all(isinstance(v, int) and not isinstance(v, bool) and v > 0 for v in values):
        wanted = "one or two" if length is None else str(length)
        raise NetError(f"{layer}: {field} must be {wanted} positive integers, not {value!r}")
    return values
