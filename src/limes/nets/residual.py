"""Residual blocks: the sum of a body and a shortcut."""

from dataclasses import dataclass, replace
from typing import ClassVar

import jax

from limes.core.errors import NetError
from limes.kernels.coincidence import fingerprints
from limes.kernels.state import Layout, State
from limes.nets.compose import apply_all, as_layers, check_all, init_all, layouts, propagate_all
from limes.nets.layer import Flow, Layer, Params


@dataclass(frozen=True)
class Residual(Layer):
    """body(x) + shortcut(x).

    The branches' outputs are uncorrelated because one of them ends in fresh zero-mean weights, so covariances and NTKs
    add. In a finite net an identity shortcut needs as many channels before the block as in the body.

    Attributes:
        body: layers, ending in a dense or conv layer.
        shortcut: layers; empty for the identity.

    Raises:
        NetError: if the body is empty or is not a sequence of layers.
    """

    body: tuple[Layer, ...]
    shortcut: tuple[Layer, ...] = ()
    name: ClassVar[str] = "residual"

    def __post_init__(self) -> None:
        object.__setattr__(self, "body", as_layers("residual", self.body))
        object.__setattr__(self, "shortcut", as_layers("residual", self.shortcut))
        if not self.body:
            raise NetError("residual: the body has no layers; without one the block is its shortcut alone")

    @property
    def needs_positions(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Whether a layer of either branch does."""
        return any(layer.needs_positions for layer in self.body + self.shortcut)

    @property
    def n_layers(self) -> int:
        """Those of the body and the shortcut."""
        return sum(layer.n_layers for layer in self.body + self.shortcut)

    @property
    def random(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Whether a layer of either branch draws masks."""
        return any(layer.random for layer in self.body + self.shortcut)

    @property
    def arithmetic(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Whether the rules of both branches consist of arithmetic and square roots."""
        return all(layer.arithmetic for layer in self.body + self.shortcut)

    @property
    def positive(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Whether the kernels of both branches are such power series."""
        return all(layer.positive for layer in self.body + self.shortcut)

    @property
    def homogeneous(self) -> bool:
        """Whether both branches are."""
        return all(layer.homogeneous for layer in self.body + self.shortcut)

    def init(self, key: jax.Array, shape: tuple[int, ...], width: int) -> tuple[tuple[int, ...], Params]:
        """Weights of both branches, each layer of the given width."""
        keys = jax.random.split(key)
        out, body = init_all(self.body, keys[0], shape, [width] * len(self.body))
        short, shortcut = (
            init_all(self.shortcut, keys[1], shape, [width] * len(self.shortcut)) if self.shortcut else (shape, [])
        )
        if out != short:
            raise NetError(
                f"residual: the body gives {out} and the shortcut {short}: put a dense or conv layer before the block, "
                "or into the shortcut"
            )
        return out, {"body": body, "shortcut": shortcut}

    def apply(self, params: Params, x: jax.Array) -> jax.Array:
        """body(x) + shortcut(x)."""
        return self.apply_rows(params, x, fingerprints(x))

    def apply_rows(self, params: Params, x: jax.Array, ids: jax.Array) -> jax.Array:
        """body(x) + shortcut(x)."""
        body, short = ((getattr(self, name), params[name]) for name in ("body", "shortcut"))
        return apply_all(*body, x, ids) + apply_all(*short, x, ids)

    def needs(self, after: Layout) -> Layout:
        """The larger of what the branches need."""
        return "pairs" if "pairs" in (layouts(self.body, after)[0], layouts(self.shortcut, after)[0]) else "position"

    def propagate(self, state: State) -> State:
        """Sum of the branches' covariances and NTKs."""
        body, short = (propagate_all(layers, state, state.layout) for layers in (self.body, self.shortcut))
        if body.same is None or short.same is None:  # rows and their copies part in one branch, so in the sum
            body, short = body.closed(body.same), short.closed(short.same)
        if body.cross.nngp.shape != short.cross.nngp.shape:
            raise NetError(
                f"residual: the body leaves positions {body.cross.nngp.shape[2:]} and the shortcut "
                f"{short.cross.nngp.shape[2:]}: give both the same strides and padding"
            )
        total = {side: getattr(body, side) + getattr(short, side) for side in ("cross", "left", "right")}
        return replace(body, **total)

    def check(self, flow: Flow) -> Flow:
        """The body must end in fresh weights, and neither branch may end the positions."""
        body, short = check_all(self.body, flow), check_all(self.shortcut, flow)
        if body.mixed != flow.mixed or short.mixed != flow.mixed:
            raise NetError("residual: flatten and pooling belong after the block, not into it")
        if not (_fresh(self.body) or _fresh(self.shortcut)):
            raise NetError(
                "residual: the body must end in a dense or conv layer, else its output and the shortcut's correlate"
            )
        return replace(flow, gaussian=body.gaussian and short.gaussian, data=False)


def _fresh(layers: tuple[Layer, ...]) -> bool:
    """Whether the output of a branch goes through weights that nothing else uses."""
    last = next((layer for layer in reversed(layers) if not layer.linear), None)
    if isinstance(last, Residual):
        return _fresh(last.body) and _fresh(last.shortcut)
    return last is not None and last.fresh_weights
