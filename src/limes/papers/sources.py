"""Data sets of a run: digits come with scikit-learn, others from the folder of official files that a request names."""

import os
from pathlib import Path

from limes.core.errors import FormatError
from limes.data import Dataset, data_hash, load
from limes.papers.paper import Request


def dataset(
    name: str, request: Request, notes: list[str], missing: str | None = None, optional: bool = False
) -> Dataset | None:
    """A data set; None, and a note for the reader, where its official files were not given.

    Args:
        name: of the data set.
        request: names the folder.
        notes: take the note.
        missing: the note; None for one that says that claims on the data set are left out.
        optional: whether a folder that was named may lack it.

    Raises:
        FormatError: for a data folder that was named and lacks it, or holds damaged files.
    """
    if name == "digits":
        return load("digits")
    if request.data is None and not os.environ.get("LIMES_DATA"):
        need = f"claims on {name} need its files, which were not given: pass --data DIR, or set $LIMES_DATA"
        notes.append(missing or need)
        return None
    try:
        return load(name, request.data)
    except FormatError as error:
        if request.data is not None and not optional:
            raise
        notes.append(f"{missing} ({error})" if missing else f"claims on {name} are left out: {error}")
        return None


def mnist_folder(request: Request, missing: str) -> tuple[str | None, tuple[str, ...]]:
    """The data folder if it has MNIST, for steps that read it themselves; else None, and the note `missing`.

    Raises:
        FormatError: if a folder was named that has no MNIST.
    """
    where = request.data or os.environ.get("LIMES_DATA")
    if where and (Path(where).expanduser() / "mnist").is_dir():
        return where, ()
    if request.data is not None:
        raise FormatError(f"{where} has no MNIST: its files are looked for in the folder mnist")
    return None, (missing,)


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
