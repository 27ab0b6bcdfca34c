"""Files of weights, of any network: read without running code from them."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from limes.beyond.tails import Layout
from limes.core.arrays import read_npz
from limes.core.errors import FormatError
from limes.interop import torch

_TORCH = (".pt", ".pth", ".bin", ".ckpt")
_PICKLES = (".pkl", ".pickle", ".joblib", ".p")
SORTED = ("safetensors", "npz of arrays")
"""Kinds whose arrays may be in the order of their names and not of the layers."""
_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
_WAYS = "an .npz of arrays, a torch state_dict (.pt), .safetensors, or a network that limes saved"


@dataclass(frozen=True, eq=False)
class WeightFile:
    """Weights as they were read.

    Attributes:
        name: of the file.
        source: its path.
        kind: what it is, in words.
        arrays: by name, in the order of the file.
        layout: of its weights, see `limes.beyond.tails.weight_vectors`.
        notes: what a reader should know.
    """

    name: str
    source: str
    kind: str
    arrays: dict[str, np.ndarray]
    layout: Layout
    notes: tuple[str, ...] = ()


def read_weights(path: str | Path) -> WeightFile:
    """Read a file of weights.

    Args:
        path: an .npz of arrays, as JAX has them, (..., in, out); a torch ``state_dict()`` in .pt, .pth, .bin or .ckpt,
            read with ``weights_only=True``; .safetensors, as torch has them, (out, in, ...); an .npz that limes saved,
            of a network.

    Raises:
        FormatError: if the file is missing, damaged, a pickle, or of an unknown kind; and for a kernel machine, which
            holds training rows and no weights.
        MissingPackage: for a file of torch without PyTorch.

    Example:
        >>> np.savez("net.npz", first=np.zeros((3, 20)))
        >>> read_weights("net.npz").layout
        'in_out'
    """
    file = Path(path)
    if file.is_dir():
        raise FormatError(f"{path} is a folder, as orbax writes them: save one file, {_WAYS}")
    if not file.is_file():
        raise FormatError(f"there is no file {path}")
    about: dict[str, Any] = {"name": file.name, "source": str(path)}
    if file.suffix in _TORCH:
        return WeightFile(kind="torch state_dict", arrays=torch.read_state(file), layout="out_in", **about)
    if file.suffix == ".safetensors":
        return WeightFile(kind="safetensors", arrays=_safetensors(file), layout="out_in", **about)
    if file.suffix in _PICKLES or _first_byte(file) == b"\x80":
        raise FormatError(f"{path} is a pickle, which may run code when it is read: save {_WAYS}")
    if file.suffix != ".npz":
        raise FormatError(f"{path} is of a kind that is not read: {_WAYS} are")
    arrays = read_npz(file)
    if "__meta__" not in arrays:
        return WeightFile(kind="npz of arrays", arrays=arrays, layout="in_out", **about)
    machine = _machine(file, arrays["__meta__"])
    weights = {name: a for name, a in arrays.items() if name.startswith("weights")}
    if not weights:
        raise FormatError(
            f"{path} holds no weights of a network but {machine}: a kernel machine has training rows in their place"
        )
    return WeightFile(kind=f"{machine}, saved by limes", arrays=weights, layout="in_out", **about)


def _first_byte(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(1)


def _machine(path: Path, header: np.ndarray) -> str:
    try:
        return str(json.loads(header.tobytes()).get("machine", "something else"))
    except (ValueError, AttributeError, RecursionError) as error:
        raise FormatError(
            f"{path} has an array __meta__ that limes did not write ({error}): save it under another name"
        ) from error


def _safetensors(path: Path) -> dict[str, np.ndarray]:
    """Floating arrays: eight bytes for the length of a JSON header, the header, then all numbers."""
    content = path.read_bytes()
    try:
        length = int.from_bytes(content[:8], "little")
        header, start = json.loads(content[8 : 8 + length]), 8 + length
        found = {}
        for name, entry in header.items():
            if name == "__metadata__" or entry["dtype"] not in _TYPES:
                continue
            low, high = entry["data_offsets"]
            dtype, shape = np.dtype(_TYPES[entry["dtype"]]), tuple(entry["shape"])
            if high - low != dtype.itemsize * math.prod(shape) or start + high > len(content):
                raise ValueError(f"{name} has other bytes than its shape says")
            flat = np.frombuffer(content, dtype, math.prod(shape), start + low)
            if entry["dtype"] == "BF16":  # the upper half of a float32
                flat = (flat.astype(np.uint32) << 16).view(np.float32)
            found[name] = flat.reshape(shape)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise FormatError(f"{path} is damaged, or no safetensors file ({error})") from error
    return found
