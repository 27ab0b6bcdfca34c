"""The empirical NTK of a torch module, by torch.func: no round trip through JAX."""

import math
from typing import Any

import numpy as np

from limes.core import memory as mem
from limes.core.errors import InputError
from limes.interop.torch import backend

_SOME = 1 << 28  # bytes of derivatives of a tile
_HELD = 3  # tiles of derivatives at once: two, and one on its way from torch's own layout


def empirical_ntk(
    module: Any,
    x1: Any,
    x2: Any = None,
    trace: bool = True,
    *,
    output: int | None = None,
    memory: str | int | None = None,
    tile: int | None = None,
) -> Any:
    """The empirical NTK of a torch module: inner products of the gradients of its outputs in its parameters.

    Theta(x, x')[a, b] = sum over parameters w of (d f_a(x) / d w) (d f_b(x') / d w), by Jacobian contraction, tile by
    tile. Parameters with requires_grad=False are constants. The module is in evaluation mode for the call, and left as
    it was.

    Args:
        module: a ``torch.nn.Module`` that maps (n, ...) to (n, c).
        x1: (n1, ...), a tensor as the module takes it (images with channels first, as a rule), or a NumPy array.
        x2: (n2, ...); None stands for x1, and half of the work.
        trace: whether to give the mean over outputs a = b, as `limes.finite.empirical_ntk` does.
        output: one output to give the kernel of, in place of all.
        memory: limit in bytes or as "6GB", for modules on the CPU; default `limes.core.memory.limit`.
        tile: rows of a tile; default by memory.

    Returns:
        (n1, n2) with `trace` or `output`, otherwise (n1, n2, c, c): a tensor in the dtype and on the device of the
        parameters, or a NumPy array where `x1` is one.

    Raises:
        InputError: for what is no module, modules without trainable parameters, outputs that are no (n, c), or that
            change from call to call or with the rest of the batch.
        MemoryRefused: where the derivatives of a pair of rows or the result do not fit.
        MissingPackage: without PyTorch.

    Cost: c passes backward for each example and pair of tiles, 2 n1 n2 c operations for each parameter (c^2 for all
    pairs of outputs).

    Example:
        >>> import torch
        >>> _ = torch.manual_seed(0)
        >>> module = torch.nn.Sequential(torch.nn.Linear(3, 16), torch.nn.ReLU(), torch.nn.Linear(16, 2))
        >>> empirical_ntk(module, torch.eye(3)).shape
        torch.Size([3, 3])
    """
    torch = backend.require_torch()
    backend.require_module(module)
    with backend.evaluation_mode(module), torch.no_grad():
        device, dtype = backend.home(module)
        first = _batch(x1, device, dtype)
        second = first if x2 is None else _batch(x2, device, dtype)
        trained = {name: p.detach() for name, p in module.named_parameters() if p.requires_grad}
        if not trained:
            raise InputError("the module has no parameters that require gradients: nothing to differentiate in")
        outputs = _outputs(module, first)
        if output is not None and output not in range(outputs):
            raise InputError(f"output must be one of 0 to {outputs - 1}, a column of the module, not {output!r}")
        rows, full = (outputs if output is None else 1), output is None and not trace
        shape = (len(first), len(second), *((rows, rows) if full else ()))
        gradients = rows * sum(p.numel() * p.element_size() for p in trained.values())
        result = math.prod(shape) * dtype.itemsize
        tile = _tile(len(first), len(second), gradients, result, memory if device.type == "cpu" else "1 TB", tile)
        out = torch.empty(shape, dtype=dtype, device=device)
        _fill(out, first, second, x2 is None, _derivatives(module, trained, output), tile)
    return out if torch.is_tensor(x1) else out.cpu().numpy()


def _tile(n1: int, n2: int, gradients: int, result: int, memory: str | int | None, tile: int | None) -> int:
    """Rows of a tile, whose gradients take `gradients` bytes each; refused where they do not fit."""
    if tile is None:
        room = (mem.limit(memory) - result) // (_HELD * gradients)
        tile = max(1, min(_SOME // gradients, room))
    tile = min(tile, max(n1, n2))
    what = f"an empirical NTK of {n1} x {n2} rows, with {tile} rows and {gradients} bytes of gradients each at a time,"
    mem.require(result + _HELD * tile * gradients, what, "ask for one output, or for fewer rows", memory)
    return tile


def _fill(out: Any, first: Any, second: Any, symmetric: bool, derive: Any, tile: int) -> None:
    """Block by block; those above the diagonal are copied where both batches are one."""
    full = out.ndim == 4
    for i in range(0, len(first), tile):
        mine = derive(first[i : i + tile])
        for j in range(0, i + 1 if symmetric else len(second), tile):
            theirs = mine if symmetric and i == j else derive(second[j : j + tile])
            block = _contract(mine, theirs, full)
            out[i : i + tile, j : j + tile] = block
            if symmetric and j < i:
                out[j : j + tile, i : i + tile] = block.permute(1, 0, 3, 2) if full else block.T


def _derivatives(module: Any, trained: dict[str, Any], output: int | None) -> Any:
    """A function of a batch that gives (n, r, size) for each parameter."""
    torch = backend.require_torch()
    functional_call, jacrev, vmap = torch.func.functional_call, torch.func.jacrev, torch.func.vmap
    fixed = dict(module.named_buffers()) | {name: p for name, p in module.named_parameters() if name not in trained}

    def one(parameters: dict[str, Any], x: Any) -> Any:
        scores = functional_call(module, {**fixed, **parameters}, (x[None],))[0]
        return scores if output is None else scores[output : output + 1]

    jacobians = vmap(jacrev(one), in_dims=(None, 0))
    return lambda x: [j.flatten(2) for j in jacobians(trained, x).values()]


def _contract(first: list[Any], second: list[Any], full: bool) -> Any:
    """Summed over parameters: the mean over outputs, or all pairs."""
    (n1, r, _), n2 = first[0].shape, len(second[0])
    if not full:
        return sum(a.flatten(1) @ b.flatten(1).T for a, b in zip(first, second, strict=True)) / r
    total: Any = sum(a.flatten(0, 1) @ b.flatten(0, 1).T for a, b in zip(first, second, strict=True))
    return total.reshape(n1, r, n2, r).permute(0, 2, 1, 3)


def _batch(x: Any, device: Any, dtype: Any) -> Any:
    torch = backend.require_torch()
    x = torch.as_tensor(np.array(x) if isinstance(x, np.ndarray) else x)
    if x.ndim == 0 or not x.numel():
        raise InputError(f"a batch of shape {tuple(x.shape)} holds no examples: give a tensor (n, ...)")
    return x.detach().to(device=device, dtype=dtype if x.is_floating_point() else x.dtype)


def _outputs(module: Any, x: Any) -> int:
    """Number of outputs, after a look at whether a row has outputs of its own, and the same ones again."""
    probe = x[:3]
    out, again, alone = module(probe), module(probe), [module(row[None]) for row in probe]
    if getattr(out, "ndim", 0) != 2 or len(out) != len(probe):
        raise InputError(f"the module returned {type(out).__name__} for {len(probe)} rows: it must be (n, outputs)")
    backend.require_same(out, again, "when it is called again with the same input")
    backend.require_same(out, backend.require_torch().cat(alone), "for a row alone than for the same row in a batch")
    return out.shape[1]
