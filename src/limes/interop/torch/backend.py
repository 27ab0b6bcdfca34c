"""What both directions of the bridge to PyTorch share: the package itself, layouts, evaluation mode."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from limes.core.errors import InputError, MissingPackage


def require_torch() -> Any:
    """The package `torch`.

    Raises:
        MissingPackage: saying what to install.
    """
    try:
        import torch
    except ImportError as error:
        raise MissingPackage("limes.interop.torch needs PyTorch: pip install 'limes[torch]'") from error
    return torch


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
