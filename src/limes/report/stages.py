"""Stored results of the stages of a run: a dict of arrays and plain values in one npz file."""

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from limes.core.arrays import load_npz, save_npz
from limes.core.errors import FormatError, InputError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_RESERVED = ("__meta__", "file", "allow_pickle")  # np.savez takes the last two for itself


def check_name(name: str) -> None:
    """Refuse a stage name that would not be a plain file name.

    Raises:
        InputError: if it holds anything but letters, digits, ``_``, ``.`` and ``-``.
    """
    if not _NAME.fullmatch(name):
        raise InputError(f"{name!r} cannot name a stage: use letters, digits, '_', '.' and '-'")


def split(result: Mapping[str, Any]) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays and JSON values of a stage's result, both exactly as they will be read back.

    Raises:
        InputError: for a value that is neither an array nor JSON, naming its key.
    """
    arrays, values = {}, {}
    for key, value in result.items():
        if not isinstance(key, str) or key in _RESERVED or "/" in key:
            raise InputError(f"{key!r} cannot name a part of a stage's result: choose another name")
        if hasattr(value, "__array__") and getattr(value, "shape", ()) != ():
            arrays[key] = np.asarray(value)
        else:
            values[key] = _round_trip(key, value)
    return arrays, values


def save(path: Path, result: Mapping[str, Any], config: str) -> dict[str, Any]:
    """Write a result atomically and return it as `load` will give it back. `config` is the hash it belongs to."""
    arrays, values = split(result)
    save_npz(path, arrays, {"stage": path.stem, "config": config, "values": values})
    return {**arrays, **values}


def load(path: Path, config: str) -> dict[str, Any]:
    """Read a result.

    Raises:
        FormatError: if the file is damaged, foreign, or belongs to another configuration.
    """
    try:
        arrays, meta = load_npz(path)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise FormatError(f"{path} has a damaged header ({error})") from error
    if meta.get("config") != config or "values" not in meta:
        raise FormatError(f"{path} was written for another configuration")
    return {**arrays, **meta["values"]}


def jsonable(value: Any, strict: bool = False) -> Any:
    """The value in JSON's types: NumPy scalars and arrays as Python numbers and lists.

    Args:
        value: what to convert.
        strict: also replace what JSON has no word for: infinity by the string "inf", NaN by None.

    Raises:
        TypeError: for objects that JSON cannot hold.
    """
    if isinstance(value, np.generic) or hasattr(value, "__array__"):
        value = np.asarray(value).tolist()
    if isinstance(value, Mapping):
        return {str(k): jsonable(v, strict) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(v, strict) for v in value]
    if strict and isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{type(value).__name__} is neither an array nor JSON")


def _round_trip(key: str, value: Any) -> Any:
    try:
        return json.loads(json.dumps(jsonable(value)))
    except TypeError as error:
        raise InputError(f"{key!r} cannot be stored with a stage: {error}") from error
