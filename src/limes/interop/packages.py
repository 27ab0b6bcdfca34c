"""The libraries at the other ends of the bridges, imported when they are used."""

import importlib
from typing import Any

from limes.core.errors import MissingPackage


def require(name: str, package: str, install: str) -> Any:
    """An imported module of another library, without its types: the files of this room have the same names.

    Args:
        name: of the module, "flax.nnx".
        package: what people call it.
        install: what pip is given.

    Raises:
        MissingPackage: saying what to install.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        room = f"limes.interop.{name.partition('.')[0]}"
        raise MissingPackage(f"{room} needs {package}: pip install {install}") from error
