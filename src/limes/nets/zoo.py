"""Architectures by name."""

from collections.abc import Sequence

from limes.core.errors import NetError
from limes.nets.activation import Activation
from limes.nets.conv import Conv
from limes.nets.dense import Dense
from limes.nets.flatten import Flatten
from limes.nets.global_pool import GlobalAvgPool
from limes.nets.layer import Layer
from limes.nets.net import Net
from limes.nets.pool import AvgPool
from limes.nets.residual import Residual
from limes.nets.spec import make_layer
from limes.nets.windows import Padding

_MYRTLE = {5: (2, 1, 1), 7: (2, 2, 2), 10: (3, 3, 3)}
_HEADS = {"flatten": Flatten, "gap": GlobalAvgPool}


def _activation(activation: str | Layer) -> Layer:
    layer = activation if isinstance(activation, Layer) else make_layer(activation)
    if not isinstance(layer, Activation):
        raise NetError(f"activation must be an activation such as 'relu', not the layer {layer.name!r}")
    return layer


def _head(head: str) -> Layer:
    if head not in _HEADS:
        raise NetError(f"head must be 'flatten' or 'gap' (global average pooling), not {head!r}")
    return _HEADS[head]()


def _count(name: str, value: int, minimum: int = 1) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
        raise NetError(f"{name} must be an integer of at least {minimum}, not {value!r}")
    return value


def mlp(depth: int = 3, activation: str | Layer = "relu", w_std: float = 2**0.5, b_std: float = 0.0) -> Net:
    """Fully connected net with `depth` dense layers, the read-out included.

    Args:
        depth: number of dense layers, at least 1.
        activation: name or layer, between the dense layers.
        w_std: of every dense layer; sqrt(2) keeps the variance under relu.
        b_std: of every dense layer.

    Raises:
        NetError: for a depth below 1 or an unknown activation.

    Example:
        >>> print(mlp(depth=2))
        dense(w_std 1.414) > relu > dense(w_std 1.414)
    """
    between = _activation(activation)
    layers: list[Layer] = [Dense(w_std, b_std)]
    for _ in range(_count("depth", depth) - 1):
        layers += [between, Dense(w_std, b_std)]
    return Net(tuple(layers))


def cnn(
    depth: int = 3,
    head: str = "flatten",
    w_std: float = 2**0.5,
    b_std: float = 0.0,
    *,
    activation: str | Layer = "relu",
    kernel: Sequence[int] = (3, 3),
    padding: Padding = "SAME",
) -> Net:
    """Convolutional net: `depth` convolutions, each with its activation, then a head and a dense read-out.

    Args:
        depth: number of convolutions, at least 1.
        head: "flatten", or "gap" for global average pooling.
        w_std: of every layer with weights.
        b_std: of every layer with weights.
        activation: name or layer, after each convolution.
        kernel: window; (3,) for series.
        padding: "SAME", "VALID" or "CIRCULAR".

    Raises:
        NetError: for a depth below 1, an unknown head or activation, or a bad window.
    """
    one = [Conv(tuple(kernel), None, padding, w_std, b_std), _activation(activation)]
    return Net((*one * _count("depth", depth), _head(head), Dense(w_std, b_std)))


def myrtle(depth: int = 5, w_std: float = 2**0.5, b_std: float = 0.0, *, activation: str | Layer = "relu") -> Net:
    """Myrtle net of Shankar et al. 2020 (arXiv 2003.02237): 3 x 3 convolutions in three stages with pooling between.

    Average pooling over 2 x 2 follows the first two stages, global average pooling and a dense read-out the third; of
    32 x 32 images that is the same as the original's three pools of 8 x 8 positions to one.

    Args:
        depth: 5, 7 or 10 layers with weights: (2, 1, 1), (2, 2, 2) or (3, 3, 3) convolutions, and the read-out.
        w_std: of every layer with weights.
        b_std: of every layer with weights.
        activation: name or layer, after each convolution.

    Raises:
        NetError: for another depth, or an unknown activation.

    Example:
        >>> len(myrtle(7).layers)
        16
    """
    if depth not in _MYRTLE:
        raise NetError(f"depth of a Myrtle net must be one of {tuple(_MYRTLE)}, not {depth!r}")
    stage = [Conv((3, 3), None, "SAME", w_std, b_std), _activation(activation)]
    first, second, third = (stage * count for count in _MYRTLE[depth])
    pool = AvgPool((2, 2))
    return Net((*first, pool, *second, pool, *third, GlobalAvgPool(), Dense(w_std, b_std)))


def resnet(
    blocks: int | Sequence[int] = (2, 2, 2, 2),
    head: str = "flatten",
    w_std: float = 2**0.5,
    b_std: float = 0.0,
    *,
    activation: str | Layer = "relu",
    kernel: Sequence[int] = (3, 3),
) -> Net:
    """Pre-activation residual net without normalisation or strides: conv, residual blocks, activation, read-out.

    Each block's body is (activation, conv, activation, conv) with an identity shortcut; (2, 2, 2, 2) and (3, 4, 6, 3)
    blocks make the kernels of ResNet-18 and ResNet-34 of Fu & Wang 2024 (arXiv 2310.06112).

    Args:
        blocks: number of residual blocks, or their numbers in each stage (only the sum matters without strides).
        head: "flatten" or "gap".
        w_std: of every layer with weights.
        b_std: of every layer with weights.
        activation: name or layer.
        kernel: window of all convolutions.

    Raises:
        NetError: for fewer than one block, an unknown head or activation, or a bad window.
    """
    stages = [blocks] if isinstance(blocks, int) else list(blocks)
    total = sum(_count("blocks", n, 0) for n in stages)
    _count("blocks", total)
    phi, conv = _activation(activation), Conv(tuple(kernel), None, "SAME", w_std, b_std)
    block = Residual((phi, conv, phi, conv))
    return Net((conv, *[block] * total, phi, _head(head), Dense(w_std, b_std)))
