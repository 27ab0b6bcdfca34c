"""The layers of a network as bounds on norms see them: from a Net, from trees of weights, or from a list of arrays."""

import math
import re
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from limes.core.errors import InputError
from limes.core.layer_weights import LayerWeights
from limes.core.types import Array
from limes.nets import AvgPool, Conv, Dense, Flatten, GlobalAvgPool, LeakyRelu, Net, Relu
from limes.nets.conv import ConvLocal
from limes.nets.layer import Layer
from limes.nets.weights import effective
from limes.nets.windows import Padding, output_size

COVERED = "dense, conv, conv_local, relu, leaky_relu of slope at most 1, flatten, avg_pool and global_avg_pool"


def net_layers(net: Net, params: Sequence[Any], input_shape: Sequence[int]) -> tuple[LayerWeights, ...]:
    """The layers of a Net with its weights, as they act: scales of the parametrisation and of pruning are in them.

    Args:
        net: of dense, convolutional and locally connected layers, rectifiers, flatten and average pools.
        params: its weights.
        input_shape: of one input, without the batch.

    Raises:
        InputError: for a layer that the theorem does not cover: residual and recurrent ones, attention, layer norm,
            dropout, sums over positions, and activations that are not positively homogeneous with slope at most 1.

    Example:
        >>> from limes import nets
        >>> net = nets.cnn(depth=1, kernel=(2, 2), padding="VALID")
        >>> [(l.kind, l.degree) for l in net_layers(net, net.init(0, (5, 5, 1), 4, 3), (5, 5, 1))]
        [('conv', 4), ('dense', 16)]
    """
    shape = tuple(int(n) for n in input_shape)
    image = shape
    shape = shape if net.needs_positions else (math.prod(shape),)
    found: list[LayerWeights] = []
    nodes: tuple[int, ...] = shape[:-1] if net.needs_positions else _pixels(image)
    for i, (layer, weights) in enumerate(zip(net.layers, params, strict=True)):
        name = f"layer {i} ({layer.name})"
        if isinstance(layer, Dense | Conv):
            made, shape = _weighted(name, layer, weights, shape, nodes)
            found.append(made)
            nodes = made.positions
        elif isinstance(layer, AvgPool):
            _require_mean(name, layer)
            assert layer.strides is not None
            axes = zip(shape[:-1], layer.window, layer.strides, strict=True)
            nodes = tuple(output_size(*axis, layer.padding) for axis in axes)
            shape = (*nodes, shape[-1])
            found.append(LayerWeights(name, "pool", np.zeros(0), layer.window, nodes))
        elif isinstance(layer, GlobalAvgPool):
            _require_mean(name, layer)
            found.append(LayerWeights(name, "pool", np.zeros(0), shape[:-1], ()))
            shape, nodes = shape[-1:], ()
        elif isinstance(layer, Flatten):
            shape = (math.prod(shape),)
        elif not _harmless(layer):
            raise InputError(f"{name} is not covered by the theorem, which is about {COVERED}: leave it out")
    return _checked(found)


def _pixels(image: tuple[int, ...]) -> tuple[int, ...]:
    """Nodes of an input that is flattened: positions of an image, the features of a vector."""
    return image[:-1] if len(image) > 1 else image


def _require_mean(name: str, layer: Any) -> None:
    if not layer.average:
        raise InputError(f"{name} is not covered by the theorem: sums over positions are not, means are (avg_pool)")


def _harmless(layer: Layer) -> bool:
    return isinstance(layer, Relu) or (isinstance(layer, LeakyRelu) and abs(layer.alpha) <= 1)


def _weighted(
    name: str, layer: Dense | Conv, params: Any, shape: tuple[int, ...], nodes: tuple[int, ...]
) -> tuple[LayerWeights, tuple[int, ...]]:
    bias = "b" in params
    if isinstance(layer, Dense):
        w = np.asarray(effective(layer, params, shape[-1], 1)[0])
        if len(shape) > 1:  # on the channels of each position: a convolution of one position
            ones = (1,) * (len(shape) - 1)
            made = LayerWeights(name, "conv", w.reshape(*ones, *w.shape), ones, shape[:-1], bias)
            return made, (*shape[:-1], w.shape[1])
        return LayerWeights(name, "dense", w, nodes, (), bias), (w.shape[1],)
    w = np.asarray(effective(layer, params, shape[-1], math.prod(layer.kernel))[0])
    assert layer.strides is not None
    axes = zip(shape[:-1], layer.kernel, layer.strides, strict=True)
    positions = tuple(output_size(*axis, layer.padding) for axis in axes)
    kind = "local" if isinstance(layer, ConvLocal) else "conv"
    return LayerWeights(name, kind, w, layer.kernel, positions, bias), (*positions, w.shape[-1])


def weight_layers(
    weights: Sequence[Array],
    input_shape: Sequence[int],
    *,
    strides: int | Sequence[int] = 1,
    padding: Padding | Sequence[Padding] = "VALID",
    biases: bool = False,
) -> tuple[LayerWeights, ...]:
    """The layers of a relu network from the weights alone, first to last, channels last.

    Args:
        weights: a convolution (*window, in, out), a locally connected layer (*positions, *window, in, out), a dense
            layer (in, out); by their number of axes. Flatten stands before the first dense layer.
        input_shape: (*positions, channels), or (features,).
        strides: of the convolutions, one for all or one for each.
        padding: likewise.
        biases: whether there are biases, which the norms leave out.

    Raises:
        InputError: for arrays that fit neither each other nor the input.

    Example:
        >>> import numpy as np
        >>> layers = weight_layers([np.ones((3, 3, 1, 8)), np.ones((26 * 26 * 8, 10))], (28, 28, 1))
        >>> [(l.kind, l.window) for l in layers]
        [('conv', (3, 3)), ('dense', (26, 26))]
    """
    shape = tuple(int(n) for n in input_shape)
    rank = len(shape) - 1
    arrays = [np.asarray(w) for w in weights]
    count = sum(w.ndim > 2 for w in arrays)
    steps, pads = _each("strides", strides, count), _each("padding", padding, count)
    nodes, channels, found = (shape[:-1] if rank else shape), shape[-1], []
    for i, w in enumerate(arrays):
        name = f"layer {i}"
        if w.ndim == 2:
            features = math.prod(nodes) * channels if rank and not _flat(found) else channels
            _require_fit(name, w, w.shape[0], features)
            found.append(LayerWeights(name, "dense", w, nodes, (), biases))
            nodes, channels = (), w.shape[1]
            continue
        local = w.ndim == 2 * rank + 2
        if _flat(found) or not rank or w.ndim not in (rank + 2, 2 * rank + 2):
            raise InputError(
                f"{name} has weights of shape {w.shape}, which are no dense (in, out), convolution (*window, in, out) "
                f"or local layer (*positions, *window, in, out) on {rank} position axes"
            )
        window = w.shape[-2 - rank : -2]
        axes = zip(nodes, window, (next(steps),) * rank, (next(pads),) * rank, strict=True)
        nodes = tuple(output_size(*axis) for axis in axes)
        _require_fit(name, w, w.shape[-2], channels)
        if local and w.shape[:rank] != nodes:
            raise InputError(f"{name} has filters for {w.shape[:rank]} positions, but its output has {nodes}")
        found.append(LayerWeights(name, "local" if local else "conv", w, window, nodes, biases))
        channels = w.shape[-1]
    return _checked(found)


def tree_layers(params: Any, input_shape: Sequence[int], **options: Any) -> tuple[LayerWeights, ...]:
    """The layers of a relu network from a tree of weights as Flax has it: {"Conv_0": {"kernel", "bias"}, ...}.

    Convolutions stand before dense layers, and each kind in the order of the numbers in its names; give `weight_layers`
    a list where that is not the order of the network.

    Args:
        params: a tree whose arrays are named "kernel" or "w", with "bias" or "b" beside them.
        input_shape, **options: as for `weight_layers`; whether there are biases is read off the tree.

    Raises:
        InputError: for arrays of other names, such as the scale of a normalisation, which no norm bound covers; and
            what `weight_layers` raises.

    Example:
        >>> import numpy as np
        >>> tree = {"Dense_0": {"kernel": np.ones((18, 2))}, "Conv_0": {"kernel": np.ones((2, 2, 1, 2))}}
        >>> [l.kind for l in tree_layers(tree, (4, 4, 1))]
        ['conv', 'dense']
    """
    found, biased = [], False
    for path, leaf in jax.tree_util.tree_flatten_with_path(params)[0]:
        parts = re.findall(r"\w+", jax.tree_util.keystr(path, simple=True, separator="."))
        last = next((word for word in reversed(parts) if word != "value"), "")
        if last in ("bias", "b"):
            biased = True
        elif last in ("kernel", "w"):
            numbers = [int(n) for n in re.findall(r"\d+", ".".join(parts))]
            found.append((-np.ndim(leaf) if np.ndim(leaf) == 2 else -99, numbers, ".".join(parts), leaf))
        else:
            raise InputError(
                f"{'.'.join(parts)} is no weight of a dense or convolutional layer (kernel, w) and no bias: norm "
                "bounds cover neither normalisation nor embeddings"
            )
    ordered = sorted(found, key=lambda entry: entry[:3])
    return weight_layers([entry[3] for entry in ordered], input_shape, biases=biased, **options)


def _flat(found: Sequence[LayerWeights]) -> bool:
    return bool(found) and found[-1].kind == "dense"


def _each(name: str, given: Any, count: int) -> Any:
    if isinstance(given, str | int):
        return iter([given] * count)
    if len(given) != count:
        raise InputError(f"{name} has {len(given)} entries for {count} convolutions")
    return iter(given)


def _require_fit(name: str, w: np.ndarray, inputs: int, given: int) -> None:
    if inputs != given:
        raise InputError(f"{name} has weights of shape {w.shape} for {inputs} inputs, but gets {given}")


def _checked(found: Sequence[LayerWeights]) -> tuple[LayerWeights, ...]:
    if not found or found[-1].kind != "dense":
        raise InputError("the theorem is about networks that end with a dense layer, which this one does not")
    return tuple(found)
