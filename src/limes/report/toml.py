"""Writing TOML: the standard library reads it (``tomllib``), but does not write it.

Covers what configurations hold: strings, integers, floats, booleans, lists, and dicts nested to any depth. A key whose
value is None is left out, because TOML has no null. Dicts become ``[tables]``; dicts inside lists (layers of a net)
become inline tables.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from limes.core.errors import InputError

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def dumps(values: Mapping[str, Any]) -> str:
    """TOML text of a nested dict; ``tomllib.loads`` gives the same values back, without those that are None.

    Raises:
        InputError: for a value that TOML cannot hold, naming its key.

    Example:
        >>> print(dumps({"eps": 0.05, "time": float("inf"), "net": {"depth": 3}}), end="")
        eps = 0.05
        time = inf
        <BLANKLINE>
        [net]
        depth = 3
    """
    return "\n".join(_table(plain(values), ())).lstrip("\n") + "\n"


def plain(value: Any, where: str = "config") -> Any:
    """The value as TOML gives it back: NumPy scalars as Python's, tuples as lists, None left out of dicts.

    Raises:
        InputError: for a value that TOML cannot hold; `where` is the name used in the message.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise InputError(f"{where} has the key {key!r}, but keys of a configuration are strings")
        return {key: plain(v, f"{where}.{key}") for key, v in value.items() if v is not None}
    if isinstance(value, list | tuple):
        return [plain(v, f"{where}[{i}]") for i, v in enumerate(value)]
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, str) and not any("\ud800" <= c <= "\udfff" for c in value):
        return value
    raise InputError(
        f"{where} is {value!r} of type {type(value).__name__}, which a configuration file cannot hold: "
        "use valid text, numbers, booleans, lists and dicts"
    )


def _table(values: dict[str, Any], path: tuple[str, ...]) -> list[str]:
    """Lines of one table; its own values come first, since what follows a header belongs to that header."""
    lines = ["", f"[{'.'.join(map(_key, path))}]"] if path else []
    lines += [f"{_key(k)} = {_value(v)}" for k, v in values.items() if not isinstance(v, dict)]
    for key, value in values.items():
        if isinstance(value, dict):
            lines += _table(value, (*path, key))
    return lines


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _string(key)


def _string(text: str) -> str:
    """JSON's escapes are valid in TOML, which also wants DEL escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else str(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + "}"
    return str(value)
