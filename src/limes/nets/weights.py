"""What layers with Gaussian weights share: dense, conv and conv_local have these fields and this rule."""

import math
import warnings
from dataclasses import replace
from typing import ClassVar, Literal, Protocol

import jax
import jax.numpy as jnp

from limes.core.errors import LimitWarning, NetError
from limes.kernels.program import POINT, Sliding, Window
from limes.kernels.state import Cov
from limes.nets.layer import Flow, Params, check_number

Parametrisation = Literal["ntk", "standard"]
RARE = ("trainable", "keep", "rescale", "parametrisation", "base_width")
"""Fields that a specification leaves out at their defaults."""


class Weighted(Protocol):
    """A layer y = (weights x) + bias; the fields are explained in `limes.nets.dense.Dense`."""

    name: ClassVar[str]

    @property
    def w_std(self) -> float:
        """Standard deviation of the weights."""
        ...

    @property
    def b_std(self) -> float:
        """Standard deviation of the biases."""
        ...

    @property
    def trainable(self) -> bool:
        """Whether they are trained."""
        ...

    @property
    def keep(self) -> float:
        """Share of the weights that pruning leaves."""
        ...

    @property
    def rescale(self) -> bool:
        """Whether those are divided by sqrt(keep)."""
        ...

    @property
    def parametrisation(self) -> Parametrisation:
        """What the NTK is taken in."""
        ...

    @property
    def base_width(self) -> float:
        """Inputs of the layer in the base network."""
        ...


def check_weights(layer: Weighted) -> None:
    """Bring the fields to plain numbers.

    Raises:
        NetError: for a value out of range.
    """
    name = layer.name
    set_field = object.__setattr__
    set_field(layer, "w_std", check_number(name, "w_std", layer.w_std, 0.0))
    set_field(layer, "b_std", check_number(name, "b_std", layer.b_std, 0.0))
    set_field(layer, "keep", check_number(name, "keep", layer.keep, 0.0))
    set_field(layer, "base_width", check_number(name, "base_width", layer.base_width, 0.0))
    for field in ("trainable", "rescale"):
        if not isinstance(getattr(layer, field), bool):
            raise NetError(f"{name}: {field} must be true or false, not {getattr(layer, field)!r}")
    if not 0 < layer.keep <= 1:
        raise NetError(f"{name}: keep is the share of weights that stay, above 0 and at most 1, not {layer.keep:g}")
    if layer.parametrisation not in ("ntk", "standard"):
        raise NetError(f"{name}: parametrisation must be 'ntk' or 'standard', not {layer.parametrisation!r}")
    if layer.base_width == 0:
        raise NetError(f"{name}: base_width must be above 0")


def draw(layer: Weighted, key: jax.Array, shape: tuple[int, ...], b_shape: tuple[int, ...], window: int) -> Params:
    """Weights of the given shape and, with b_std > 0, biases. Pruned weights are zero, and so is their gradient."""
    w_key, b_key = jax.random.split(key)
    w = jax.random.normal(w_key, shape)
    if layer.keep < 1:
        w = w * jax.random.bernoulli(jax.random.fold_in(w_key, 1), layer.keep, shape)
    standard = layer.parametrisation == "standard"
    params = {"w": w * (layer.w_std / math.sqrt(layer.base_width * window)) if standard else w}
    if layer.b_std > 0:
        b = jax.random.normal(b_key, b_shape)
        params["b"] = b * layer.b_std if standard else b
    return params


def effective(layer: Weighted, params: Params, channels: int, window: int) -> tuple[jax.Array, jax.Array | None]:
    """Weights and biases that act on an input: scaled, and constants to differentiation where they are not trained."""
    w, b = params["w"], params.get("b")
    if layer.keep < 1:
        w = jnp.where(w != 0, w, 0.0)  # the derivative of a pruned weight is zero
    if not layer.trainable:
        w, b = jax.lax.stop_gradient((w, b))
    standard = layer.parametrisation == "standard"
    scale = math.sqrt(layer.base_width / channels) if standard else layer.w_std / math.sqrt(channels * window)
    if layer.keep < 1 and layer.rescale:
        scale /= math.sqrt(layer.keep)
    return w * scale, b if b is None or standard else b * layer.b_std


def after_weights(layer: Weighted, cov: Cov, window: int = 1) -> Cov:
    """Covariance and NTK after the layer, from the input's mean products (over the window, in a convolution).

    With y = w_std W x / sqrt(fan in) + b_std b and W, b standard normal: K' = w_std^2 K + b_std^2. The gradients in W
    and b have inner product K', those in the layers below contribute w_std^2 Theta (Jacot et al. 2018, arXiv
    1806.07572). Of pruned weights, only those kept count in all three, which amounts to keep w_std^2 (Yang & Wang
    2023, arXiv 2203.14328); rescaling takes that back. In the standard parametrisation y = sqrt(N / channels) W x + b,
    where the entries of W have variance w_std^2 / (N window): their gradients have inner product N window K, that of b
    is 1 (Sohl-Dickstein et al. 2020, arXiv 2001.07301).
    """
    step = as_step(layer, replace(POINT, size=(window, 1)))
    nngp = step.weight * cov.nngp + step.bias
    if cov.ntk is None:
        return Cov(nngp, None)
    below = step.weight * cov.ntk
    if step.own is step.weight and step.own_bias is step.bias:  # they may be traced: see `Layer.adjustable`
        return Cov(nngp, nngp + below)
    return Cov(nngp, step.own * cov.nngp + step.own_bias + below if layer.trainable else below)


def as_step(layer: Weighted, sliding: Sliding = POINT) -> Window:
    """The numbers of `after_weights`, with a window and its padding."""
    share = layer.keep if layer.keep < 1 and not layer.rescale else 1.0
    weight, bias = layer.w_std**2 * share, layer.b_std**2
    own, own_bias = weight, bias
    if not layer.trainable:
        own, own_bias = 0.0, 0.0
    elif layer.parametrisation == "standard":
        own, own_bias = layer.base_width * math.prod(sliding.size) * share, 1.0 if bias > 0 else 0.0
    return Window(sliding.size, sliding.strides, sliding.before, sliding.after, weight, bias, own, own_bias)


def flow_after(layer: Weighted, flow: Flow) -> Flow:
    """Fresh Gaussian weights make the output Gaussian; pruned ones do where they act on infinitely many inputs."""
    if flow.data and layer.keep < 1:
        warnings.warn(
            f"{layer.name}: with keep {layer.keep:g} on the inputs themselves, units are Gaussian given the pruned "
            "weights only, and the kernel is off by an error that no width removes unless the inputs have many "
            "features: leave the first layer whole (keep=1)",
            LimitWarning,
            stacklevel=6,
        )
    return replace(flow, gaussian=True, data=False)
