"""What a report says about its data, and the hash that tells data apart."""

import hashlib
from typing import Any

import numpy as np

from limes.data.dataset import Dataset


def summarise(dataset: Dataset) -> dict[str, Any]:
    """The facts about a dataset as plain Python values that ``json.dumps`` takes.

    Returns:
        name, source, kind, n_rows, n_test (rows of an official test part), shape (of one row), dtype, classes (rows of
        each label), minimum and maximum over both parts, bounds, scale, notes, and sha256, the `data_hash` of all
        arrays.

    Cost: a few passes over the rows.
    """
    parts = [part for part in (dataset.x, dataset.x_test) if part is not None]
    return {
        "name": dataset.name,
        "source": dataset.source,
        "kind": dataset.kind,
        "n_rows": len(dataset.x),
        "n_test": 0 if dataset.x_test is None else len(dataset.x_test),
        "shape": list(dataset.shape),
        "dtype": str(dataset.x.dtype),
        "classes": _class_counts(dataset),
        "minimum": min(float(part.min()) for part in parts),
        "maximum": max(float(part.max()) for part in parts),
        "bounds": None if dataset.bounds is None else [float(b) for b in dataset.bounds],
        "scale": dataset.scale,
        "notes": list(dataset.notes),
        "sha256": data_hash(dataset.x, dataset.y, dataset.x_test, dataset.y_test),
    }


def data_hash(*arrays: np.ndarray | None) -> str:
    """SHA-256 over type, shape and bytes of the arrays, in order; None at the end changes nothing.

    The same on every machine: byte order is part of the type.

    Raises:
        TypeError: for arrays of dtype object, whose bytes are addresses.

    Example:
        >>> import numpy as np
        >>> data_hash(np.zeros(2), np.zeros(2)) == data_hash(np.zeros(2), np.zeros(2), None)
        True
        >>> data_hash(np.zeros(2)) == data_hash(np.zeros((2, 1)))
        False
    """
    digest = hashlib.sha256()
    for a in arrays:
        if a is None:
            continue
        if a.dtype.hasobject:
            raise TypeError("arrays of dtype object have no bytes to hash")
        digest.update(f"{a.dtype.str}{a.shape};".encode())
        digest.update(np.ascontiguousarray(a).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _class_counts(dataset: Dataset) -> dict[str, int]:
    labels, counts = np.unique(dataset.y, return_counts=True)
    return {str(label): int(count) for label, count in zip(labels, counts, strict=True)}
