"""The picture of norm bounds along a training, with the errors and the gap that they are about."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from limes.core.errors import InputError
from limes.report import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BOUND_LABELS = {
    "sparse": "local, as released",
    "complete": "local, with the read-out",
    "golowich": "Golowich",
    "long_sedghi": "Long–Sedghi",
    "graf": "Graf",
    "ledent": "Ledent",
}
_ROUNDING = 1e-9  # a difference of two equal errors may be as small
ERROR_LABELS = {"train_error": "training error", "test_error": "test error", "gap": "gap"}


def bound_curves(epochs: Sequence[float] | np.ndarray, curves: Mapping[str, Sequence[float] | np.ndarray]) -> "Figure":
    """Bounds, errors and the gap over epochs, on a logarithmic axis.

    Args:
        epochs: (k,).
        curves: by name, each (k,): "sparse", "complete", "golowich", "long_sedghi", "graf", "ledent", "train_error",
            "test_error", "gap", or some of these; what is not above 0 is left out.

    Raises:
        InputError: for an unknown name or another length.
    """
    figure, ax = style.new_axes(4.4, (0.17, 0.12, 0.8, 0.66))
    for i, (name, label) in enumerate(BOUND_LABELS.items()):
        if name in curves:
            ax.plot(epochs, _shown(epochs, name, curves), label=label, **style.dashed(i))
    looks = {"train_error": "--", "test_error": "-", "gap": ":"}
    for name, label in ERROR_LABELS.items():
        if name in curves:
            ax.plot(epochs, _shown(epochs, name, curves), looks[name], color=style.INK, linewidth=1.2, label=label)
    if unknown := [name for name in curves if name not in BOUND_LABELS | ERROR_LABELS]:
        raise InputError(f"there is no curve {unknown[0]!r}: {', '.join(BOUND_LABELS | ERROR_LABELS)}")
    ax.axhline(1.0, color=style.MUTED, linewidth=0.8)
    style.log_y(ax)
    ax.set_xlabel("epoch")
    ax.set_ylabel("bound, error or gap (shares)")
    where = {"loc": "lower left", "bbox_to_anchor": (-0.16, 1.02), "ncols": 3, "columnspacing": 1.0, "borderaxespad": 0}
    style.legend(ax, **where)
    return figure


def _shown(
    epochs: Sequence[float] | np.ndarray, name: str, curves: Mapping[str, Sequence[float] | np.ndarray]
) -> np.ndarray:
    values = np.asarray(curves[name], float)
    if values.shape != np.shape(epochs):
        raise InputError(f"{name} has {values.shape} values for {np.shape(epochs)} epochs")
    return np.where(values > _ROUNDING, values, np.nan)
