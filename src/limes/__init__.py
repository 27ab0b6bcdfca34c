"""limes: neural networks at the limit of infinite width, and the robustness that the limit gives.

Names are loaded when they are first used, so that ``limes --help`` does not wait for JAX.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from limes import attacks, data, jobs, kernels, nets
    from limes.machines import NTKClassifier, NTKRegressor, load

__version__ = "0.1.0"

_ROOMS = ("attacks", "data", "jobs", "kernels", "nets")
_FROM_MACHINES = ("NTKClassifier", "NTKRegressor", "load")

__all__ = ["NTKClassifier", "NTKRegressor", "attacks", "data", "jobs", "kernels", "load", "nets"]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f"limes.{name}")
    if name in _FROM_MACHINES:
        return getattr(importlib.import_module("limes.machines"), name)
    raise AttributeError(f"module 'limes' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
