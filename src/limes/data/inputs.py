"""Rows to predict, which may come without labels."""

import os
from pathlib import Path

import numpy as np

from limes.core.errors import InputError
from limes.core.precision import require_finite
from limes.data.npz import read_inputs
from limes.data.prepare import inputs_from_array
from limes.data.readers import load
from limes.data.tables import read_unlabelled


def load_inputs(
    source: str | os.PathLike[str],
    shape: tuple[int, ...],
    data_dir: str | os.PathLike[str] | None = None,
    target: str | int | None = None,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Inputs of a given shape, in the units of `load`, and their labels where there are any.

    Where the source has a test part, that part is what is returned.

    Args:
        source: what `load` reads, or an npz with X alone, or a table that has features only.
        shape: shape of one input, as the model was fitted on.
        data_dir: see `load`.
        target: label column of a table, see `load`.

    Returns:
        x (n, *shape) and y (n,) or None.

    Raises:
        FormatError: for a file that cannot be read.
        InputError: for inputs of another shape, NaN, and what `load` refuses.
    """
    path, name = Path(source), os.fspath(source)
    x = y = None
    if path.is_file() and path.suffix.lower() == ".npz":
        bare = read_inputs(path)
        x = None if bare is None else inputs_from_array(bare)
    elif path.is_file() and path.suffix.lower() in (".csv", ".tsv") and target is None and len(shape) == 1:
        x = read_unlabelled(path, shape[0])
    if x is None:
        data = load(source, data_dir, target)
        x, y = (data.x, data.y) if data.x_test is None else (data.x_test, data.y_test)
    require_shape(x.shape[1:], shape, name)
    require_finite(x, "X")
    return x, y


def require_shape(shape: tuple[int, ...], fitted: tuple[int, ...], name: str) -> None:
    """Refuse inputs of another shape than those that a model was fitted on.

    Raises:
        InputError: with both shapes.
    """
    if shape != fitted:
        raise InputError(f"{name} holds inputs of shape {shape}, but the model was fitted on {fitted}")
