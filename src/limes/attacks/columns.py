"""Names of columns: a data frame has them, the points that an attack makes do not."""

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

from limes.core.errors import InputError


def require_columns(predictor: Any, x: Any) -> None:
    """Refuse a data frame with other columns than the predictor was fitted on, or the same in another order.

    Raises:
        InputError: naming the first column that differs.
    """
    fitted, given = getattr(predictor, "feature_names_in_", None), getattr(x, "columns", None)
    if fitted is None or given is None or list(given) == list(fitted):
        return
    if set(given) == set(fitted):
        raise InputError(f"x has the columns of the fit in another order, from {_differs(given, fitted)}: reorder them")
    raise InputError(f"x has other columns than the predictor was fitted on, from {_differs(given, fitted)}")


def _differs(given: Any, fitted: Any) -> str:
    pairs = zip(*([*map(repr, columns), "nothing"] for columns in (given, fitted)), strict=False)
    return "{} in place of {}".format(*next(pair for pair in pairs if pair[0] != pair[1]))


@contextlib.contextmanager
def unnamed() -> Iterator[None]:
    """Where a predictor is asked about points of the attack's own, which have no names: scikit-learn warns of that."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "X does not have valid feature names", UserWarning)
        yield
