"""All measurements on the features of a kernel machine in one call."""

from collections.abc import Sequence
from dataclasses import dataclass

from limes.attacks import FGSM, PGD
from limes.attacks.threat import Bounds, EpsLike
from limes.core.keys import KeyLike
from limes.core.progress import Progress
from limes.core.types import Array
from limes.machines.base import KernelMachine
from limes.measure.basis import FeatureBasis, Ranks, feature_basis
from limes.measure.cumulative import Cumulative, cumulative
from limes.measure.singles import Singles, singles


@dataclass(frozen=True, eq=False)
class Features:
    """What `features` measured.

    Attributes:
        basis: the features themselves, as predictors.
        singles: usefulness and robustness of each.
        top: the same of the first k together.
    """

    basis: FeatureBasis
    singles: Singles
    top: Cumulative


def features(
    machine: KernelMachine,
    x: Array,
    y: Array,
    eps: EpsLike,
    *,
    ranks: Ranks = None,
    counts: Sequence[int] | None = None,
    time: float = float("inf"),
    attack: FGSM | PGD | None = None,
    bounds: Bounds = None,
    centred: bool = False,
    key: KeyLike = 0,
    progress: Progress | None = None,
) -> Features:
    """Split a machine into its features, and measure how useful and how robust these are, alone and together.

    Args:
        machine: a fitted `NTKClassifier`; fitted with ``solver="eigh"`` it has the eigendecomposition already.
        x: (n, ...) test rows, in the caller's units.
        y: (n,) their labels.
        eps: radius of the attack in the caller's units, a number or a fraction.
        ranks: which features to measure alone; None for all.
        counts: how many to measure together; None for 1, 2, 5, 10, ... and all.
        time: of training, for features together: weights each by 1 - exp(-(l + ridge) t).
        attack: `FGSM` or `PGD` with its options; None for FGSM in l-inf.
        bounds: (low, high) of valid inputs, or None.
        centred: whether the kernel is centred over the training rows, which takes its constant direction away.
        key: of the attack's random starts.
        progress: told of every feature.

    Raises:
        InputError: for a machine that is none of the gradient flow, or arguments that do not fit it.
        MemoryRefused: if the eigendecomposition or the gradients would not fit.

    Cost: see `feature_basis`, `singles` and `cumulative`.

    Reference: Tsilivis & Kempe 2022, arXiv 2210.05577.

    Example:
        >>> import limes as lm
        >>> digits = lm.data.load("digits")
        >>> clf = lm.NTKClassifier("mlp-2", solver="eigh").fit(digits.x[:60], digits.y[:60])
        >>> found = lm.measure.features(clf, digits.x[60:68], digits.y[60:68], 0.1, ranks=range(5), counts=[60])
        >>> found.singles.robust.shape, bool((found.singles.robust <= found.singles.clean).all())
        ((5,), True)
    """
    basis = feature_basis(machine, centred)
    alone = singles(basis, x, y, eps, ranks=ranks, attack=attack, bounds=bounds, key=key, progress=progress)
    together = cumulative(
        basis, x, y, eps, counts=counts, time=time, attack=attack, bounds=bounds, key=key, progress=progress
    )
    return Features(basis, alone, together)
