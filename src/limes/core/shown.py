"""How an object that holds large arrays shows itself: by their shapes, so that a notebook is not flooded."""

from dataclasses import fields
from typing import Any

import numpy as np

_MOST_VALUES = 10


def short_repr(self: Any) -> str:
    """The `repr` of a dataclass with arrays of more than ten values as dtype and shape.

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass
        ... class Found:
        ...     x: np.ndarray
        ...     eps: float
        ...     __repr__ = short_repr
        >>> Found(np.zeros((4, 5)), 0.1)
        Found(x=<float64 (4, 5)>, eps=0.1)
    """
    shown = (f"{field.name}={_short(getattr(self, field.name))}" for field in fields(self) if field.repr)
    return f"{type(self).__name__}({', '.join(shown)})"


def _short(value: Any) -> str:
    if isinstance(value, np.ndarray) and value.size > _MOST_VALUES:
        return f"<{value.dtype} {value.shape}>"
    return repr(value)
