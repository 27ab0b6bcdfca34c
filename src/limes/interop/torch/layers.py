"""The layers of a torch module as norm bounds see them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from limes.core.errors import InputError
from limes.core.layer_weights import LayerWeights
from limes.interop.torch.backend import array, require_module, require_torch

_HARMLESS = ("ReLU", "Flatten", "Identity", "Dropout", "Dropout2d", "LeakyReLU")


def layers(module: Any, input_shape: Sequence[int]) -> tuple[LayerWeights, ...]:
    """The layers of an ``nn.Sequential`` for `limes.measure.norm_bounds`.

    Sequences in it are taken apart. Weight normalisation is seen through: weights are as they act.

    Args:
        module: of Conv1d, Conv2d, Linear, ReLU, LeakyReLU, Flatten, Dropout, AvgPool1d, AvgPool2d and
            AdaptiveAvgPool2d(1).
        input_shape: of one input as the module takes it: (channels, *positions) or (features,).

    Returns:
        Layers with channels last, as everywhere in limes.

    Raises:
        InputError: for other modules, dilation, groups, or weights that do not fit the input.
        MissingPackage: without PyTorch.

    Example:
        >>> import torch
        >>> from torch import nn
        >>> net = nn.Sequential(nn.Conv2d(1, 4, 2, bias=False), nn.ReLU(), nn.Flatten(), nn.Linear(64, 3))
        >>> [(l.kind, l.degree, l.bias) for l in layers(net, (1, 5, 5))]
        [('conv', 4, False), ('dense', 16, True)]
    """
    torch = require_torch()
    require_module(module)
    parts = list(_parts(module, torch))
    weight = next((p for p in module.parameters()), None)
    if weight is None:
        raise InputError("module has no weights: there are no norms to bound anything with")
    x = torch.zeros((1, *input_shape), dtype=weight.dtype, device=weight.device)
    found: list[LayerWeights] = []
    nodes: tuple[int, ...] = tuple(input_shape[1:]) if len(input_shape) > 1 else tuple(input_shape)
    training = module.training
    module.eval()
    try:
        with torch.no_grad():
            for name, part in parts:
                x = _run(name, part, x)
                made = _layer(f"{name} ({type(part).__name__})", part, nodes, tuple(x.shape[2:]), torch)
                if made is not None:
                    found.append(made)
                    nodes = made.positions
    finally:
        module.train(training)
    if not found or found[-1].kind != "dense":
        raise InputError("the theorem is about networks that end with a Linear layer, which this one does not")
    return tuple(found)


def _parts(module: Any, torch: Any, prefix: str = "") -> Any:
    if isinstance(module, torch.nn.Sequential):
        for name, child in module.named_children():
            yield from _parts(child, torch, f"{prefix}.{name}" if prefix else name)
    else:
        yield prefix or "module", module


def _run(name: str, part: Any, x: Any) -> Any:
    try:
        return part(x)
    except RuntimeError as error:
        raise InputError(f"{name} does not take an input of shape {tuple(x.shape[1:])}: {error}") from error


def _layer(name: str, part: Any, nodes: tuple[int, ...], after: tuple[int, ...], torch: Any) -> LayerWeights | None:
    nn, kind = torch.nn, type(part).__name__
    if isinstance(part, nn.Linear):
        weights = array(part.weight).T
        if nodes and after:
            raise InputError(f"{name} acts on the last axis of positions: put Flatten before it")
        return LayerWeights(name, "dense", _as_nodes(weights, nodes), nodes, (), part.bias is not None)
    if isinstance(part, nn.Conv1d | nn.Conv2d):
        if part.groups != 1 or any(d != 1 for d in part.dilation):
            raise InputError(f"{name} has groups or dilation, which norm bounds here do not cover")
        weights = np.moveaxis(array(part.weight), (0, 1), (-1, -2))  # (out, in, *window) to (*window, in, out)
        return LayerWeights(name, "conv", weights, tuple(part.kernel_size), after, part.bias is not None)
    if isinstance(part, nn.AvgPool1d | nn.AvgPool2d):
        size = part.kernel_size if isinstance(part.kernel_size, tuple) else (part.kernel_size,) * len(after)
        return LayerWeights(name, "pool", np.zeros(0), tuple(size), after)
    if isinstance(part, nn.AdaptiveAvgPool2d) and all(n == 1 for n in after):
        return LayerWeights(name, "pool", np.zeros(0), nodes, ())
    if kind not in _HARMLESS or (kind == "LeakyReLU" and abs(part.negative_slope) > 1):
        raise InputError(
            f"{name} is not covered by the theorem, which is about Linear, Conv1d, Conv2d, ReLU, Flatten and average "
            "pools: leave it out"
        )
    return None


def _as_nodes(weights: np.ndarray, nodes: tuple[int, ...]) -> np.ndarray:
    """Rows of a matrix behind Flatten, channel by channel there, in the order of positions with channels last."""
    count = int(np.prod(nodes)) if nodes else 1
    if count == 1 or len(weights) % count or len(weights) == count:
        return weights
    return weights.reshape(-1, count, weights.shape[1]).swapaxes(0, 1).reshape(len(weights), -1)
