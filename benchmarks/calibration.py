"""Probabilities of a kernel machine by scikit-learn's calibration on held-out rows: how sure it is, and how right.

    python benchmarks/calibration.py

600 of scikit-learn's digits are fitted in three folds by every method of `CalibratedClassifierCV`; the other digits are
predicted. Means over five draws of the rows.
"""

from collections.abc import Sequence

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

import common
from limes import NTKClassifier
from limes.data import load

METHODS = ("sigmoid", "isotonic", "temperature")


def measure(method: str, n: int, seed: int) -> tuple[float, float, float]:
    """Mean confidence, accuracy and log loss on the rows that were not fitted."""
    data = load("digits")
    x = np.asarray(data.x.reshape(len(data.x), -1), np.float64)
    x, x_test, y, y_test = train_test_split(x, data.y, train_size=n, stratify=data.y, random_state=seed)
    machine = CalibratedClassifierCV(NTKClassifier(), method=method, cv=3).fit(x, y)
    shares = machine.predict_proba(x_test)
    right = machine.classes_[shares.argmax(axis=1)] == y_test
    return float(shares.max(axis=1).mean()), float(right.mean()), float(log_loss(y_test, shares))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure all methods and write the results."""
    options = common.parser(__doc__ or "").parse_args(arguments)
    n, seeds = (100, range(1)) if options.quick else (600, range(5))
    rows = []
    for method in METHODS:
        confidence, accuracy, loss = np.mean([measure(method, n, seed) for seed in seeds], axis=0).tolist()
        found = {"accuracy": accuracy, "mean confidence": confidence, "log loss": loss}
        rows.append(
            common.Row(
                f"{n} digits, {method}",
                round(confidence / accuracy, 4),
                "mean confidence / accuracy",
                {name: round(value, 4) for name, value in found.items()},
            )
        )
    common.report("calibration", (__doc__ or "").splitlines()[0], rows, options)


if __name__ == "__main__":
    main()
