"""The top features together: accuracy of the sum of the first k, clean and attacked."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from limes.attacks import FGSM, PGD
from limes.attacks.problem import encode_labels
from limes.attacks.threat import Bounds, EpsLike, parse_eps
from limes.core.errors import InputError
from limes.core.keys import KeyLike
from limes.core.progress import Progress, Quiet
from limes.core.types import Array
from limes.measure.accuracy import balanced_accuracy
from limes.measure.basis import FeatureBasis


@dataclass(frozen=True, eq=False)
class Cumulative:
    """What the sums of the first k features are worth; arrays (m,) are over the values of k.

    Attributes:
        counts: k, rising.
        clean, clean_balanced: accuracy on the test rows, and the mean over classes of it.
        robust, robust_balanced: the same under attack.
        time: of training.
        eps: radius, in the caller's units.
        settings: attack, box and key.
    """

    counts: np.ndarray
    clean: np.ndarray
    clean_balanced: np.ndarray
    robust: np.ndarray
    robust_balanced: np.ndarray
    time: float
    eps: float
    settings: dict[str, Any]


def default_counts(n: int) -> list[int]:
    """1, 2, 5, 10, 20, 50, ... up to n features.

    Example:
        >>> default_counts(60)
        [1, 2, 5, 10, 20, 50, 60]
    """
    steps = (m * 10**p for p in range(12) for m in (1, 2, 5))
    return sorted({min(k, n) for k in steps})


def cumulative(
    basis: FeatureBasis,
    x: Array,
    y: Array,
    eps: EpsLike,
    *,
    counts: Sequence[int] | None = None,
    time: float = float("inf"),
    attack: FGSM | PGD | None = None,
    bounds: Bounds = None,
    key: KeyLike = 0,
    progress: Progress | None = None,
) -> Cumulative:
    """Accuracy of the sum of the first k features, for several k.

    Args:
        basis: from `feature_basis`.
        x: (n, ...) test rows.
        y: (n,) their labels.
        eps: radius of the attack.
        counts: values of k from 1; None for 1, 2, 5, 10, ... and all.
        time: of training, which weights the features.
        attack: `FGSM` or `PGD` with its options; None for FGSM in l-inf.
        bounds: (low, high) of valid inputs, or None.
        key: of the attack's random starts.
        progress: told of every k.

    Raises:
        InputError: for counts that there are not, and what the attack refuses.

    Cost: one attack on all test rows for each k.
    """
    attack, n = attack or FGSM(), len(basis)
    found = sorted({int(k) for k in (default_counts(n) if counts is None else counts)})
    if not found or found[0] < 1 or found[-1] > n:
        raise InputError(f"counts must be whole numbers from 1 to {n}, not {counts!r}")
    progress = progress or Quiet()
    columns = encode_labels(basis.machine, y, len(x))
    clean, robust = [], []
    progress.start("features together", len(found))
    for k in found:
        together = basis.predictor(slice(0, k), time)
        clean.append(together.scores(x).argmax(axis=1) == columns)
        robust.append(~attack(together, x, y, eps, bounds=bounds, key=key).success)
        progress.step()
    c = basis.machine.n_outputs
    return Cumulative(
        counts=np.array(found),
        clean=np.mean(clean, axis=1),
        clean_balanced=balanced_accuracy(np.array(clean), columns, c)[0],
        robust=np.mean(robust, axis=1),
        robust_balanced=balanced_accuracy(np.array(robust), columns, c)[0],
        time=float(time),
        eps=parse_eps(eps),
        settings={"attack": type(attack).__name__, **asdict(attack), "bounds": bounds, "key": key},
    )
