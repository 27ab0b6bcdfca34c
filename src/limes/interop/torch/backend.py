"""What both directions of the bridge to PyTorch share: the package itself, layouts, evaluation mode."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from limes.core.errors import InputError
from limes.interop import packages

SAME = 1e-3  # of the largest score: far above what the order of sums changes in float32, far below one dropped unit


def require_torch() -> Any:
    """The package `torch`.

    Raises:
        MissingPackage: saying what to install.
    """
    return packages.require("torch", "PyTorch", "'limes[torch]'")


def require_module(module: Any) -> Any:
    """`module`, if it is a ``torch.nn.Module``.

    Raises:
        InputError: for anything else.
        MissingPackage: without PyTorch.
    """
    if not isinstance(module, require_torch().nn.Module):
        raise InputError(f"module must be a torch.nn.Module, not {type(module).__name__}")
    return module


def channels_last(x: Any) -> Any:
    """A tensor (n, channels, *positions) as (n, *positions, channels); vectors (n, d) as they are."""
    return x.movedim(1, -1) if x.ndim > 2 else x


def channels_first(x: Any) -> Any:
    """A tensor (n, *positions, channels) as (n, channels, *positions); vectors (n, d) as they are."""
    return x.movedim(-1, 1) if x.ndim > 2 else x


def array(tensor: Any) -> np.ndarray:
    """A tensor as a NumPy array of 32 or 64 bits."""
    tensor = tensor.detach()
    return (tensor.float() if tensor.element_size() < 4 else tensor).cpu().numpy()


def require_same(first: Any, second: Any, when: str, way_out: str = "") -> None:
    """Refuse scores that differ by more than the order of sums explains.

    Raises:
        InputError: by how much.
    """
    one, two = array(first), array(second)
    gap, size = float(np.abs(one - two).max(initial=0.0)), float(np.abs(one).max(initial=0.0))
    if gap > SAME * size:
        raise InputError(
            f"the module gives other scores {when}, by up to {gap:.2g}, though it is in evaluation mode: find what is "
            f"random in it or looks at other rows{way_out}"
        )


@contextmanager
def evaluation_mode(module: Any) -> Iterator[None]:
    """Run the body with `module` in evaluation mode; each of its parts is back in its own mode afterwards."""
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training


def home(module: Any) -> tuple[Any, Any]:
    """Device and floating dtype of the parameters and buffers of a module: of the first that has one.

    The CPU and None for a module without any.
    """
    for tensor in (*module.parameters(), *module.buffers()):
        if tensor.is_floating_point():
            return tensor.device, tensor.dtype
    return require_torch().device("cpu"), None
