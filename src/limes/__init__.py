"""limes: neural networks at the limit of infinite width, and the robustness that the limit gives.

Names are loaded when they are first used, so that ``limes --help`` does not wait for JAX.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from limes import (
        attacks,
        beyond,
        certify,
        data,
        finite,
        gram,
        interop,
        jobs,
        kernels,
        measure,
        nets,
        papers,
        robust,
    )
    from limes.machines import NTKSVC, NNGPRegressor, NTKClassifier, NTKRegressor, RNTKClassifier, load
    from limes.robust import AdvNTKClassifier, LazyATClassifier

__version__ = "0.1.0"

_ROOMS = (
    "attacks",
    "beyond",
    "certify",
    "data",
    "finite",
    "gram",
    "interop",
    "jobs",
    "kernels",
    "measure",
    "nets",
    "papers",
    "robust",
)
_HOME = {
    "NNGPRegressor": "machines",
    "NTKClassifier": "machines",
    "NTKSVC": "machines",
    "NTKRegressor": "machines",
    "RNTKClassifier": "machines",
    "AdvNTKClassifier": "robust",
    "LazyATClassifier": "robust",
    "load": "machines",
}

__all__ = [
    "NTKSVC",
    "AdvNTKClassifier",
    "LazyATClassifier",
    "NNGPRegressor",
    "NTKClassifier",
    "NTKRegressor",
    "RNTKClassifier",
    "attacks",
    "beyond",
    "certify",
    "data",
    "finite",
    "gram",
    "interop",
    "jobs",
    "kernels",
    "load",
    "measure",
    "nets",
    "papers",
    "robust",
]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f"limes.{name}")
    if name in _HOME:
        return getattr(importlib.import_module(f"limes.{_HOME[name]}"), name)
    raise AttributeError(f"module 'limes' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
