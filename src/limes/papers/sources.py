"""Data sets of a run: digits come with scikit-learn, others from the folder of official files that a request names."""

import os

from limes.core.errors import FormatError
from limes.data import Dataset, data_hash, load
from limes.papers.paper import Request


def dataset(name: str, request: Request, notes: list[str]) -> Dataset | None:
    """A data set; None, and a note for the reader, where its official files were not given.

    Raises:
        FormatError: for a data folder that was named and lacks it, or holds damaged files.
    """
    if name == "digits":
        return load("digits")
    if request.data is None and not os.environ.get("LIMES_DATA"):
        notes.append(f"claims on {name} need its files, which were not given: pass --data DIR, or set $LIMES_DATA")
        return None
    try:
        return load(name, request.data)
    except FormatError as error:
        if request.data is not None:
            raise
        notes.append(f"claims on {name} are left out: {error}")
        return None


def data_name(name: str) -> str:
    """What a reader calls a data set, by its name in `limes.data`.

    Example:
        >>> data_name("cifar10"), data_name("digits")
        ('CIFAR-10', 'digits')
    """
    return {"mnist": "MNIST", "cifar10": "CIFAR-10"}.get(name, name)


def content_hash(data: Dataset) -> str:
    """What tells the rows of a data set from others."""
    return data_hash(*(a for a in (data.x, data.y, data.x_test, data.y_test) if a is not None))
