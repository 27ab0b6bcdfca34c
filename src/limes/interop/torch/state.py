"""The weights in a file that ``torch.save`` wrote, without running code from it."""

import os
import pickle
import re
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

from limes.core.errors import FormatError, MissingPackage
from limes.interop.torch import backend

_WRAPPERS = ("state_dict", "model_state_dict", "model")
"""Names under which training scripts put a state dict beside other things."""
_SAFE = (2, 6)
_DAMAGED = (
    pickle.UnpicklingError,
    struct.error,
    RuntimeError,
    EOFError,
    ValueError,
    LookupError,
    AttributeError,
    TypeError,
    OverflowError,
)
"""What torch.load raises at files that are torn or were made up."""


def read_state(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Tensors of a saved ``state_dict()`` as arrays, by name, floating ones in float32 or float64.

    Args:
        path: a file of ``torch.save(module.state_dict(), path)``, or of a dict that holds it as "state_dict",
            "model_state_dict" or "model". It is loaded with ``weights_only=True``, so that a file of a whole module,
            which would have to run code, is refused.

    Raises:
        FormatError: if the file is missing, damaged, holds more than weights, no tensors, or sparse or quantised ones.
        MissingPackage: without PyTorch, or with one before 2.6, where a file could run code in spite of
            ``weights_only=True`` (CVE-2025-32434).
    """
    torch = backend.require_torch()
    _require_safe(str(torch.__version__))
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise FormatError(f"there is no file {path}") from error
    except _DAMAGED as error:
        raise FormatError(
            f"{path} is damaged, or holds more than weights, and reading that could run code from the file: write it "
            "with torch.save(module.state_dict(), path)"
        ) from error
    for name in _WRAPPERS:
        if isinstance(found, Mapping) and isinstance(found.get(name), Mapping):
            found = found[name]
    tensors = {str(k): v for k, v in found.items() if torch.is_tensor(v)} if isinstance(found, Mapping) else {}
    if not tensors:
        raise FormatError(f"{path} holds no tensors by name: write it with torch.save(module.state_dict(), path)")
    return {name: _array(path, name, tensor) for name, tensor in tensors.items()}


def _require_safe(version: str) -> None:
    if tuple(int(part) for part in re.findall(r"\d+", version)[:2]) < _SAFE:
        raise MissingPackage(
            f"PyTorch {version} may run code from a file although it is asked not to (CVE-2025-32434): "
            "pip install 'torch>=2.6'"
        )


def _array(path: str | os.PathLike[str], name: str, tensor: Any) -> np.ndarray:
    try:
        tensor = tensor.detach()
        if tensor.is_floating_point() and tensor.element_size() < 4:
            tensor = tensor.float()  # NumPy has no bfloat16
        return tensor.numpy()
    except (TypeError, RuntimeError) as error:
        raise FormatError(
            f"{path}: {name} is sparse, quantised or otherwise no plain array ({error}): save it dense, as floats"
        ) from error
