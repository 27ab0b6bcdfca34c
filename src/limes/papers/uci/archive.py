"""The tables with their splits: the UCI files of the paper, or tables that come with scikit-learn."""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from sklearn import datasets
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.preprocessing import StandardScaler

from limes.core.errors import FormatError
from limes.data import data_hash
from limes.papers.claim import Size
from limes.papers.paper import Request

N_FOLDS = 4
SMALL = ("acute-inflammation", "hepatitis", "iris")
"""Sets of a small run; those that are there."""
_BUILT_IN = {"iris": datasets.load_iris, "wine": datasets.load_wine, "breast-cancer": datasets.load_breast_cancer}
_MISSING = (
    "the UCI files were not given: three tables that come with scikit-learn show that all of it runs, and decide "
    "nothing; pass --data DIR, or set $LIMES_DATA"
)


@dataclass(frozen=True, eq=False)
class Splits:
    """Rows of a table by their use.

    Attributes:
        x: (n, d) float64, standardised by column over all rows, as in the published files.
        y: (n,) classes 0 to c - 1.
        tune: rows to fit to, and rows to choose with.
        folds: four times rows to fit to, and rows to test on.
    """

    x: np.ndarray
    y: np.ndarray
    tune: tuple[np.ndarray, np.ndarray]
    folds: tuple[tuple[np.ndarray, np.ndarray], ...]


@dataclass(frozen=True, eq=False)
class Table:
    """A table by name, read when it is needed.

    Attributes:
        name: letters, digits, hyphens and underscores.
        path: of its file; None for one of scikit-learn's.
    """

    name: str
    path: Path | None

    @cached_property
    def splits(self) -> Splits:
        """The rows.

        Raises:
            FormatError: if the file is not one of the collection.
        """
        return _drawn(self.name) if self.path is None else _read(self.path)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, columns and classes."""
        return (*self.splits.x.shape, int(self.splits.y.max()) + 1)

    @property
    def hash(self) -> str:
        """Of rows and splits."""
        s = self.splits
        return data_hash(s.x, s.y, np.concatenate(s.tune), np.concatenate([rows for pair in s.folds for rows in pair]))


def tables(request: Request) -> tuple[list[Table], tuple[str, ...]]:
    """The tables of a size that are there, and notes on what is not.

    Raises:
        FormatError: if a data folder was named that has none of them.
    """
    where = request.data or os.environ.get("LIMES_DATA")
    folder = None if not where else Path(where).expanduser() / "uci"
    files = [] if folder is None else sorted(folder.glob("*.npz"))
    if not files:
        if request.data is not None:
            raise FormatError(f"{where} has no UCI tables: they are looked for as uci/<name>.npz")
        return [Table(name, None) for name in _BUILT_IN], (_MISSING,)
    found = [Table(path.stem, path) for path in files]
    return _of_size(found, request.size), ()


def _of_size(found: list[Table], size: Size) -> list[Table]:
    if size == "full":
        return found
    return [table for table in found if table.name in SMALL] or found[: len(SMALL)]


def _read(path: Path) -> Splits:
    pairs = [("tune_train", "tune_val"), *((f"fold{k}_train", f"fold{k}_test") for k in range(N_FOLDS))]
    try:
        with np.load(path, allow_pickle=False) as archive:
            x, y = np.asarray(archive["X"], np.float64), np.asarray(archive["y"], np.int64)
            tune, *folds = ((archive[a].astype(np.int64), archive[b].astype(np.int64)) for a, b in pairs)
    except (OSError, ValueError, KeyError) as error:
        raise FormatError(f"{path} is no table of the UCI collection with its splits ({error})") from error
    if x.ndim != 2 or y.shape != x.shape[:1] or not np.isfinite(x).all():
        raise FormatError(f"{path} holds no finite table (n, d) with n labels")
    return Splits(x, np.unique(y, return_inverse=True)[1], tune, tuple(folds))


def _drawn(name: str) -> Splits:
    """One of scikit-learn's tables, split as the files are: halves to tune, and four draws of three quarters."""
    x, y = _BUILT_IN[name](return_X_y=True)
    halves = StratifiedShuffleSplit(1, test_size=0.5, random_state=0).split(x, y)
    folds = StratifiedShuffleSplit(N_FOLDS, test_size=0.25, random_state=1).split(x, y)
    (tune,) = halves
    return Splits(StandardScaler().fit_transform(x), y, tune, tuple(folds))
