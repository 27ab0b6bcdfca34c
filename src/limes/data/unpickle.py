"""Reading the pickles of CIFAR-10 batches without running what a pickle may ask to run.

A pickle is a program: it may name any importable callable and call it. Here each name that such batches use is answered
by an inert stand-in, which records plain bytes and shapes, and every other name is refused. Not even NumPy's own
reconstruction functions are called, so a hostile file can build nothing but containers, numbers, text and bytes.
"""

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from limes.core.errors import FormatError

_DTYPES = ("u1", "i1", "i2", "i4", "i8")


class _Refused(pickle.UnpicklingError):
    """A pickle asked for something that data batches do not hold."""


class _Dtype:
    """Stands in for numpy.dtype: keeps the type code."""

    def __init__(self, code: Any, *_flags: Any) -> None:
        code = code.decode() if isinstance(code, bytes) else code
        if code not in _DTYPES:
            raise _Refused(f"an array of type {code!r}")
        self.dtype = np.dtype(code)

    def __setstate__(self, state: tuple) -> None:
        if state[1] in (">", b">"):
            raise _Refused("an array in big-endian order")


class _Array:
    """Stands in for numpy.ndarray and for the functions that build one: keeps shape, type and bytes."""

    def __init__(self, *_arguments: Any) -> None:
        self.array: np.ndarray | None = None

    def __setstate__(self, state: tuple) -> None:
        _version, shape, dtype, fortran, values = state
        if isinstance(values, str):  # protocol 2 of Python 2, read as text
            values = values.encode("latin1")
        self.array = np.frombuffer(values, dtype.dtype).reshape(shape, order="F" if fortran else "C")


class _FromBuffer(_Array):
    """Stands in for the function that rebuilds an array from a buffer (protocol 5)."""

    def __init__(self, values: Any, dtype: _Dtype, shape: tuple, order: str) -> None:
        self.array = np.frombuffer(values, dtype.dtype).reshape(shape, order="F" if order == "F" else "C")


class _Bytes:
    """Stands in for bytes() as protocol 2 writes empty bytes; takes no size, which could be huge."""

    def __new__(cls) -> Any:
        return b""


class _Encode:
    """Stands in for _codecs.encode, by which protocol 2 writes bytes as text."""

    def __new__(cls, text: str, encoding: str) -> Any:
        if encoding != "latin1":
            raise _Refused(f"text in encoding {encoding!r}")
        return text.encode("latin1")


_STAND_INS: dict[str, type] = {
    "_codecs.encode": _Encode,
    "__builtin__.bytes": _Bytes,
    "builtins.bytes": _Bytes,
    "numpy.dtype": _Dtype,
    "numpy.ndarray": _Array,
    "numpy.core.multiarray._reconstruct": _Array,
    "numpy._core.multiarray._reconstruct": _Array,
    "numpy.core.numeric._frombuffer": _FromBuffer,
    "numpy._core.numeric._frombuffer": _FromBuffer,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> type:
        """The stand-in for a name, or refusal."""
        stand_in = _STAND_INS.get(f"{module}.{name}")
        if stand_in is None:
            raise _Refused(f"{module}.{name}")
        return stand_in


def read_plain_pickle(path: Path) -> dict[str, Any]:
    """A pickled dict of numbers, text, lists and arrays; its keys come back as text.

    Raises:
        FormatError: if the file is missing, truncated, no pickle, no dict, or asks for anything beyond plain data,
            in which case nothing of what it asks for has been run.
    """
    if not path.is_file():
        raise FormatError(f"there is no file {path}")
    try:
        with path.open("rb") as file:
            content = _Unpickler(file, encoding="bytes").load()
    except _Refused as error:
        raise FormatError(f"{path} asks for {error}, which data batches do not hold: nothing of it was run") from error
    except Exception as error:  # a damaged pickle can make the unpickler raise nearly anything
        raise FormatError(f"{path} is no pickle, or is truncated or damaged ({error}): fetch it again") from error
    if not isinstance(content, dict):
        raise FormatError(f"{path} holds a {type(content).__name__}, not the dict of a data batch")
    return {_text(key): value.array if isinstance(value, _Array) else value for key, value in content.items()}


def _text(key: Any) -> str:
    return key.decode("latin1") if isinstance(key, bytes) else str(key)
