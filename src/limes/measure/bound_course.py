"""How the bounds of a network, and the gap that they bound, change while it is trained."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from limes.core.errors import InputError
from limes.core.layer_weights import LayerWeights
from limes.core.types import Array
from limes.finite import Run, outputs
from limes.measure.bound_data import DataNorms
from limes.measure.norm_bounds import NormBounds, norm_bounds

BOUNDS = ("sparse", "complete", "golowich", "long_sedghi", "graf", "ledent")


@dataclass(frozen=True, eq=False)
class BoundCourse:
    """Bounds and errors at the moments of a training, arrays (k,).

    Attributes:
        epochs: passes over the rows.
        train_error, test_error: shares of rows with another label.
        rho: product of the norms of all layers.
        sparse, complete, golowich, long_sedghi, graf, ledent: see `limes.measure.NormBounds`.
        last: the bounds of the last moment, with their terms and assumptions.
    """

    epochs: np.ndarray
    train_error: np.ndarray
    test_error: np.ndarray
    rho: np.ndarray
    sparse: np.ndarray
    complete: np.ndarray
    golowich: np.ndarray
    long_sedghi: np.ndarray
    graf: np.ndarray
    ledent: np.ndarray
    last: NormBounds

    @property
    def gap(self) -> np.ndarray:
        """Test less training error."""
        return self.test_error - self.train_error

    def arrays(self) -> dict[str, np.ndarray]:
        """All curves by name, the gap among them."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "last"} | {"gap": self.gap}


def bound_course(
    run: Run,
    layers: Callable[[Any], Sequence[LayerWeights]],
    data: DataNorms,
    train: tuple[Array, Array],
    test: tuple[Array, Array],
    *,
    delta: float = 1e-3,
) -> BoundCourse:
    """Bounds and errors at every moment at which a training kept its weights.

    Args:
        run: from `limes.finite.train` with ``snapshots=True``.
        layers: from the weights of a moment to layers, see `limes.measure.net_layers`.
        data: norms of the training inputs, see `limes.measure.data_norms`.
        train, test: inputs and class numbers of the rows that errors are taken on.
        delta: of the bounds.

    Raises:
        InputError: for a training without snapshots.

    Cost: a pass over all rows and the singular values of all filters for each moment.
    """
    if not run.snapshots:
        raise InputError("bounds along a training need its weights: train with snapshots=True")
    found = [norm_bounds(layers(params), data, delta=delta) for params in run.snapshots]
    errors = [[_error(run, params, *rows) for params in run.snapshots] for rows in (train, test)]
    curves = {name: np.array([getattr(b, name) for b in found]) for name in ("rho", *BOUNDS)}
    return BoundCourse(run.epochs, *map(np.array, errors), **curves, last=found[-1])


def _error(run: Run, params: Any, x: Array, y: Array) -> float:
    return float((outputs(run.apply, params, x).argmax(axis=1) != np.asarray(y)).mean())
