"""The labelled data of a run, in the units that everything after it uses."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from limes.core.shown import short_repr

DataKind = Literal["images", "series", "table"]
_KIND_OF_RANK: dict[int, DataKind] = {2: "table", 3: "series", 4: "images"}


@dataclass(frozen=True, eq=False)
class Dataset:
    """Rows with labels, an optional official test part, and what was decided about them when they were read.

    Made by `limes.data.load` and `limes.data.from_arrays`, which check what they put in. Arrays are shared, not copied.

    Attributes:
        name: short name for titles and folders ("digits", "mnist", the stem of a file).
        source: where the rows came from: a path, or "scikit-learn".
        x: (n, features), (n, time, channels) or (n, height, width, channels); float32 or float64, in the units of
            `bounds`, eps and certificates.
        y: (n,) labels, integers or strings.
        x_test: (m, ...) like `x`, or None.
        y_test: (m,) like `y`, or None.
        bounds: lowest and highest valid input value, or None where there is no box.
        scale: the input scaling that a machine should use inside: "standard" or None.
        notes: one sentence for each decision and each oddity that a reader of the result should see.

    Example:
        >>> import numpy as np
        >>> data = Dataset("toy", "memory", np.eye(4), np.array(["a", "b", "a", "b"]))
        >>> data.kind, data.shape, data.n_classes
        ('table', (4,), 2)
    """

    name: str
    source: str
    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray | None = None
    y_test: np.ndarray | None = None
    bounds: tuple[float, float] | None = None
    scale: Literal["standard"] | None = None
    notes: tuple[str, ...] = ()

    __repr__ = short_repr

    @cached_property
    def classes(self) -> np.ndarray:
        """The different labels of the training rows, sorted: (c,)."""
        return np.unique(self.y)

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.classes)

    @property
    def kind(self) -> DataKind:
        """What a row is, by the rank of `x`: 2 a table, 3 a series, 4 images."""
        return _KIND_OF_RANK[self.x.ndim]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one row, without the batch axis: what ``net.init`` takes as input shape."""
        return self.x.shape[1:]
