"""What the kernels are compared with: forests, boosted trees and a finite network, scikit-learn's."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from limes.papers.uci.archive import Splits

GRIDS: dict[str, Sequence[dict[str, Any]]] = {
    "forest": [{"max_features": share} for share in ("sqrt", 0.5)],
    "boosting": [{"min_samples_leaf": rows} for rows in (20, 5)],
    "network": [{"hidden_layer_sizes": (256,) * hidden, "alpha": alpha} for hidden in (1, 2) for alpha in (1e-4, 1e-1)],
}
_BATCH = 64


def _model(name: str, seed: int, n: int, options: dict[str, Any]) -> Any:
    """A contender for n rows."""
    never: Any = False  # scikit-learn's stubs know strings only
    batch: Any = min(_BATCH, n)
    if name == "forest":
        return RandomForestClassifier(300, n_jobs=2, random_state=seed, **options)
    if name == "boosting":
        return HistGradientBoostingClassifier(max_iter=100, early_stopping=never, random_state=seed, **options)
    return MLPClassifier(max_iter=100, batch_size=batch, random_state=seed, **options)


def measure(name: str, splits: Splits, seed: int) -> dict[str, Any]:
    """Test accuracy of the settings of `GRIDS` that did best on the tuning rows; of equal ones the first.

    Returns:
        accuracy (mean over the four test parts), folds, validation, and what was chosen.
    """
    x, y, (fit, choose) = splits.x, splits.y, splits.tune

    def right(options: dict[str, Any], rows: np.ndarray, others: np.ndarray) -> float:
        if len(np.unique(y[rows])) == 1:
            return float(np.mean(y[others] == y[rows][0]))
        model = _model(name, seed, len(rows), options)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # a hundred passes are what it gets
            model.fit(x[rows], y[rows])
        return float(np.mean(model.predict(x[others]) == y[others]))

    scores = [right(options, fit, choose) for options in GRIDS[name]]
    chosen = GRIDS[name][int(np.argmax(scores))]
    each = [right(chosen, rows, others) for rows, others in splits.folds]
    plain = {key: list(v) if isinstance(v, tuple) else v for key, v in chosen.items()}
    return {"accuracy": float(np.mean(each)), "folds": each, "validation": max(scores), **plain}
