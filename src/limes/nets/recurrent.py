"""Recurrent layers: the recurrent NTK (Alemohammad et al. 2021, arXiv 2006.10246)."""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import jax
import jax.numpy as jnp

from limes.core.errors import NetError
from limes.kernels.coincidence import fingerprints
from limes.kernels.sequences import inside
from limes.kernels.state import Layout, State
from limes.nets.activation import Activation
from limes.nets.layer import Flow, Layer, Params, check_number, seed_key
from limes.nets.recurrent_rule import equal_steps, shared_mean

Readout = Literal["last", "mean_shared", "mean_per_step"]
READOUTS = ("last", "mean_shared", "mean_per_step")


@dataclass(frozen=True)
class Recurrent(Layer):
    """A stack of recurrent layers over the time axis, ending in one vector for each sequence.

    With h^{0,t} = x_t and g^{l,t} = w_std W_l h^{l,t-1} / sqrt(width) + u_std U_l h^{l-1,t} / sqrt(fan in) + b_std b_l,
    h^{l,t} = phi(g^{l,t}); weights are the same at all steps. The start h^{l,0} is h_std times standard normal, drawn
    for each sequence (equal sequences have equal starts) and not trained. A dense layer behind makes the outputs:

        last            h^{L,T}: the kernel between the last steps (the paper's).
        mean_shared     mean of h^{L,t} over steps, one read-out: the mean over all pairs of steps.
        mean_per_step   every step has a read-out of its own, over sqrt(T): the mean over equal steps.

    Kernel, for steps t and s: with S the covariance and T the NTK of g and (V, V') the dual activation,

        S^l[t,s] = w_std^2 V(S^l[t-1,s-1]) + u_std^2 V(S^{l-1}[t,s]) + b_std^2
        T^l[t,s] = S^l[t,s] + w_std^2 V' T^l[t-1,s-1] + u_std^2 V' T^{l-1}[t,s],

    where at t = s = 1 the first term is w_std^2 h_std^2 for a sequence with itself, and 0 for two, or if one of them is
    at its first step. Sequences of unequal lengths are given to the net as a pair (x, lengths).

    Attributes:
        activation: a layer such as `Erf()`, or its name.
        layers: number of layers L, at least 1.
        bidirectional: whether a second stack with weights of its own reads the sequences backwards; kernels add.
        w_std, u_std, b_std: of recurrent weights, input weights and biases. sqrt(2) is critical for relu.
        h_std: of the start.
        readout: "last", "mean_shared" or "mean_per_step".
        frozen: how many layers, from the first, are not trained.

    Raises:
        NetError: for values out of range.

    Cost: for a pair of sequences, L T steps for "last" and "mean_per_step", L T^2 for "mean_shared".
    """

    activation: Any = "relu"
    layers: int = 1
    bidirectional: bool = False
    w_std: float = math.sqrt(2)
    u_std: float = 1.0
    b_std: float = 0.0
    h_std: float = 0.0
    readout: Readout = "last"
    frozen: int = 0
    name: ClassVar[str] = "recurrent"
    needs_positions: ClassVar[bool] = True
    rare: ClassVar[tuple[str, ...]] = ("frozen",)

    def __post_init__(self) -> None:
        activation = Layer.registry.get(self.activation) if isinstance(self.activation, str) else None
        layer = activation() if activation is not None and issubclass(activation, Activation) else self.activation
        if not isinstance(layer, Activation):
            raise NetError(f"recurrent: activation must be an activation such as 'relu', not {self.activation!r}")
        object.__setattr__(self, "activation", layer)
        for field in ("w_std", "u_std", "b_std", "h_std"):
            object.__setattr__(self, field, check_number("recurrent", field, getattr(self, field), 0.0))
        for field, least in (("layers", 1), ("frozen", 0)):
            value = getattr(self, field)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise NetError(f"recurrent: {field} must be an integer of at least {least}, not {value!r}")
        if self.frozen > self.layers:
            raise NetError(f"recurrent: {self.frozen} of {self.layers} layers cannot be frozen")
        if not isinstance(self.bidirectional, bool):
            raise NetError(f"recurrent: bidirectional must be true or false, not {self.bidirectional!r}")
        if self.readout not in READOUTS:
            raise NetError(f"recurrent: readout must be one of {READOUTS}, not {self.readout!r}")

    def to_dict(self) -> dict[str, Any]:
        """The layer in the specification form; an activation with its default fields by name alone."""
        plain = not dataclasses.fields(self.activation)
        return super().to_dict() | ({"activation": self.activation.name} if plain else {})

    # The finite form

    def init(self, key: jax.Array, shape: tuple[int, ...], width: int) -> tuple[tuple[int, ...], Params]:
        """For each direction and layer: "w" (width, width), "u" (fan in, width), and "b" (width,) with b_std > 0."""
        if len(shape) != 2:
            raise NetError(f"recurrent needs sequences (n, time, channels), not inputs of shape {shape}")
        seed_key, *keys = jax.random.split(key, 1 + self._directions * self.layers)
        stacks = []
        for d in range(self._directions):
            stack = []
            for level in range(self.layers):
                w, u, b = jax.random.split(keys[d * self.layers + level], 3)
                fan_in = width if level else shape[-1]
                weights = {"w": jax.random.normal(w, (width, width)), "u": jax.random.normal(u, (fan_in, width))}
                stack.append(weights | ({"b": jax.random.normal(b, (width,))} if self.b_std > 0 else {}))
            stacks.append(stack)
        params: dict[str, Any] = {"stacks": stacks}
        if self.h_std > 0:
            params["seed"] = jax.random.uniform(seed_key, (2,))
        steps = shape[0] if self.readout == "mean_per_step" else 1
        return (steps * width * self._directions,), params

    def apply(self, params: Params, x: jax.Array) -> jax.Array:
        """(n, time, channels) -> (n, features)."""
        return self.apply_rows(params, x, fingerprints(x))

    def apply_rows(self, params: Params, x: jax.Array, ids: jax.Array) -> jax.Array:
        """Starts by the rows of the net's input."""
        return self.apply_sequences(params, x, jnp.full(x.shape[0], x.shape[1]), ids)

    def apply_sequences(self, params: Params, x: jax.Array, lengths: jax.Array, ids: jax.Array) -> jax.Array:
        """Each sequence up to its length."""
        if x.ndim != 3:
            raise NetError(f"recurrent needs sequences (n, time, channels), not a batch of shape {x.shape}")
        valid = inside(x.shape[1], lengths)
        outputs = []
        for d, stack in enumerate(params["stacks"]):
            y = x if d == 0 else _reversed(x, lengths)
            starts = [self._start(params, ids, d * self.layers + level, x.dtype) for level in range(self.layers)]
            outputs.append(self._run(stack, jnp.where(valid[..., None], y, 0.0), valid, starts))
        return jnp.concatenate(outputs, axis=-1) * math.sqrt(self._directions)

    def _start(self, params: Params, ids: jax.Array, number: int, dtype: Any) -> jax.Array:
        """h^{l,0}: (n, width), a fixed random function of the row."""
        width = params["stacks"][0][0]["w"].shape[0]
        if self.h_std == 0:
            return jnp.zeros((ids.shape[0], width), dtype)
        base = jax.random.fold_in(seed_key(params["seed"]), number)

        def draw(row: jax.Array) -> jax.Array:
            return jax.random.normal(jax.random.fold_in(jax.random.fold_in(base, row[0]), row[1]), (width,), dtype)

        return self.h_std * jax.vmap(draw)(ids)

    def _run(self, stack: list[Params], x: jax.Array, valid: jax.Array, starts: list[jax.Array]) -> jax.Array:
        steps, (n, time) = jnp.arange(x.shape[1]), valid.shape
        stack = jax.lax.stop_gradient(stack[: self.frozen]) + stack[self.frozen :]

        def step(h: list[jax.Array], t: jax.Array) -> tuple[list[jax.Array], jax.Array]:
            below, after = x[:, t], []
            for weights, before in zip(stack, h, strict=True):
                g = before @ weights["w"] * (self.w_std / math.sqrt(before.shape[1]))
                g = g + below @ weights["u"] * (self.u_std / math.sqrt(below.shape[1]))
                below = self.activation.phi(g + self.b_std * weights["b"] if "b" in weights else g)
                after.append(jnp.where(valid[:, t, None], below, before))
            return after, jnp.where(valid[:, t, None], below, 0.0)

        last, tops = jax.lax.scan(step, starts, steps)
        lengths = valid.sum(axis=1)[:, None]
        if self.readout == "last":
            return last[-1]
        if self.readout == "mean_shared":
            return tops.sum(axis=0) / lengths
        return jnp.moveaxis(tops, 0, 1).reshape(n, -1) * jnp.sqrt(time / lengths).astype(x.dtype)

    # The kernel rule

    @property
    def adjustable(self) -> tuple[str, ...]:
        """All standard deviations: nets that differ in these alone can share a compiled kernel."""
        return ("w_std", "u_std", "b_std", "h_std")

    def needs(self, after: Layout) -> Layout:
        """All pairs of steps for the shared mean, else equal steps (of sequences that are aligned)."""
        return "pairs" if self.readout == "mean_shared" else "position"

    def aligned(self, x: jax.Array, lengths: jax.Array) -> jax.Array:
        """Sequences with their ends, or for means their beginnings, at the same step; then those reversed, if wanted.

        So a kernel between equal steps is all that the recursion needs, whatever the lengths.
        """
        x = jnp.where(inside(x.shape[1], lengths)[..., None], x, 0.0)
        if self.readout == "last":
            forward, backward = _moved(x, x.shape[1] - lengths), x[:, ::-1]
        else:
            forward, backward = x, _reversed(x, lengths)
        return jnp.concatenate([forward, backward], axis=1) if self.bidirectional else forward

    def propagate(self, state: State) -> State:
        """The sum over directions of the stack's kernel, `limes.nets.recurrent_rule`."""
        if state.n_positions != 1:
            raise NetError("recurrent needs sequences (n, time, channels): add a channel axis with x[..., None]")
        rule = shared_mean if self.readout == "mean_shared" else equal_steps
        total = None
        for part in _directed(state, self._directions):
            values = rule(self, part)
            total = values if total is None else tuple(a + b for a, b in zip(total, values, strict=True))
        assert total is not None
        cross, left, right = total
        return State(cross, left, right, "vector", 0, state.same)

    def check(self, flow: Flow) -> Flow:
        """The output is that of an activation, without positions."""
        if flow.mixed:
            raise NetError("recurrent cannot follow flatten or pooling to a vector: there are no steps left")
        return Flow(gaussian=False, mixed=True, data=False)

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1


def _moved(x: jax.Array, shift: jax.Array) -> jax.Array:
    """Each sequence `shift` steps later, with zeros before it."""
    index = jnp.arange(x.shape[1]) - shift[:, None]
    return jnp.where((index >= 0)[..., None], jnp.take_along_axis(x, jnp.maximum(index, 0)[..., None], axis=1), 0.0)


def _reversed(x: jax.Array, lengths: jax.Array) -> jax.Array:
    """Each sequence backwards within its length."""
    index = lengths[:, None] - 1 - jnp.arange(x.shape[1])
    return jnp.where((index >= 0)[..., None], jnp.take_along_axis(x, jnp.maximum(index, 0)[..., None], axis=1), 0.0)


def _directed(state: State, directions: int) -> list[State]:
    """The state for each reading direction: reversed in time, or the halves that `Recurrent.aligned` has made."""
    if directions == 1:
        return [state]
    axes = (-1,) if state.layout == "position" else (-2, -1)
    if state.lengths is None:
        return [state, state.map_each(lambda cov: cov.map(lambda k: jnp.flip(k, axes)))]
    time = state.cross.nngp.shape[-1] // 2

    def half(steps: slice) -> State:
        return state.map_each(lambda cov: cov.map(lambda k: k[(..., *(steps,) * len(axes))]))

    return [half(slice(None, time)), half(slice(time, None))]
