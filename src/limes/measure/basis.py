"""The features of a kernel machine: its predictor, split along the eigenvectors of the training kernel.

With K = V diag(l) V^T over the n training rows X, targets Y and the filter g_t of the gradient flow,

    f^(S)_t(x) = K(x, X) V_S diag(g_t(l_S)) V_S^T Y,        g_inf(l) = 1 / l,

for any set S of features; the sum over all of them is the machine. A single feature is, up to the factor g_t(l_i) > 0,
a scalar function times a vector of c numbers, h_i(x) p_i with h_i(x) = K(x, X) v_i and p_i = Y^T v_i: as a classifier
it knows two labels only, the largest and the smallest entry of p_i, and neither time nor ridge changes it.

The largest eigenvalue of a kernel without negative entries has an eigenvector of one sign (Perron), nearly constant: a
feature that says little more than "1". Centring takes it away: K becomes H K H with H = I - 1 1^T / n, and a new
point's row k(x) - (mean row of K), up to what no centred eigenvector sees. A centred feature is therefore a plain one
with a constant: h_i(x) = K(x, X) v_i - mean_j K(x_j, X) v_i. The sum of centred features lacks the mean of Y.

Reference: Tsilivis & Kempe 2022, arXiv 2210.05577.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limes.core.errors import InputError
from limes.linalg.spectrum import Spectrum, decompose, flow_filter
from limes.machines.base import KernelMachine
from limes.machines.predictor import KernelPredictor

Ranks = int | slice | Sequence[int] | np.ndarray | None
"""Features by the rank of their eigenvalue, 0 for the largest; None for all."""


@dataclass(frozen=True, eq=False)
class FeatureBasis:
    """All features of a machine, from one eigendecomposition; made by `feature_basis`.

    Attributes:
        machine: the predictor that is split; its net, centres, labels and input map are those of the features.
        values: (n,) eigenvalues, the largest first.
        vectors: (n, n) eigenvectors in the same order, in columns.
        projections: (n, c), V^T Y.
        offsets: (n,) mean of K(x_j, X) v_i over the training rows where the kernel is centred, else None.
        ridge: of the machine, absolute.
        noise: eigenvalues up to this size are rounding; their features take no part in f_inf.
    """

    machine: KernelPredictor
    values: np.ndarray
    vectors: np.ndarray
    projections: np.ndarray
    offsets: np.ndarray | None
    ridge: float
    noise: float

    def __len__(self) -> int:
        return len(self.values)

    @property
    def centred(self) -> bool:
        """Whether the kernel is centred."""
        return self.offsets is not None

    def ranks(self, which: Ranks = None) -> np.ndarray:
        """Ranks as an array, checked.

        Raises:
            InputError: for a rank that there is not, twice the same, or none at all.
        """
        if which is None or isinstance(which, slice):
            found = np.arange(len(self))[slice(None) if which is None else which]
        else:
            found = np.atleast_1d(np.asarray(which))
        whole = found.ndim == 1 and found.dtype.kind in "iu" and len(set(found.tolist())) == len(found) > 0
        if not whole or found.min() < 0 or found.max() >= len(self):
            raise InputError(
                f"ranks are whole numbers from 0 to {len(self) - 1}, one or more and none twice, not {which!r}"
            )
        return found

    def predictor(self, which: Ranks = None, time: float = float("inf")) -> KernelPredictor:
        """The classifier f^(S)_t: the sum of some features, as attacks and everything else takes it.

        Args:
            which: the features S.
            time: of training; weights each feature by 1 - exp(-(l + ridge) t).

        Cost: 2 n |S| c multiplications; what lies on the device is shared.
        """
        ranks = self.ranks(which)
        shares = flow_filter(self.values[ranks], time, self.ridge, self.noise)
        return self._combined(ranks, shares[:, None] * self.projections[ranks])

    def single(self, rank: int) -> KernelPredictor:
        """The classifier of one feature, in the scale of f_inf whatever its eigenvalue is."""
        ranks = self.ranks(rank)
        return self._combined(ranks, self.projections[ranks] / np.maximum(self.values[ranks], self.noise)[:, None])

    def directions(self, which: Ranks = None) -> KernelPredictor:
        """The scalar functions h_i of some features as the outputs of one predictor, which has no labels."""
        ranks = self.ranks(which)
        offsets = None if self.offsets is None else -self.offsets[ranks]
        return self.machine.with_coef(self.vectors[:, ranks], classes_=None, targets=None, intercept=offsets)

    def labels(self, which: Ranks = None) -> tuple[np.ndarray, np.ndarray]:
        """The columns that each feature predicts where h_i > 0 and where it is not."""
        projections = self.projections[self.ranks(which)]
        return projections.argmax(axis=1), projections.argmin(axis=1)

    def _combined(self, ranks: np.ndarray, weights: np.ndarray) -> KernelPredictor:
        offsets = None if self.offsets is None else -self.offsets[ranks] @ weights
        return self.machine.with_coef(self.vectors[:, ranks] @ weights, intercept=offsets)


def spread_ranks(n: int, count: int) -> np.ndarray:
    """Ranks of n features, about `count` of them: a third in a row from 0, the rest evenly in their logarithms.

    Example:
        >>> spread_ranks(240, 9).tolist(), spread_ranks(3, 9).tolist()
        ([0, 1, 2, 3, 7, 17, 41, 100, 239], [0, 1, 2])
    """
    if count >= n:
        return np.arange(n)
    first = max(2, count // 3)
    spread = np.geomspace(first, n - 1, max(count - first, 1)).round().astype(int)
    return np.unique(np.concatenate([np.arange(first), spread]))


def feature_basis(machine: KernelMachine, centred: bool = False) -> FeatureBasis:
    """Split a fitted machine into its features.

    Args:
        machine: a fitted `NTKClassifier`, or another machine of the gradient flow, without weights of rows.
        centred: whether the kernel is centred over the training rows.

    Raises:
        InputError: for other machines.
        MemoryRefused: if the eigendecomposition would not fit.

    Cost: that of `KernelMachine.spectrum`; a second eigendecomposition where the kernel is centred.

    Example:
        >>> import limes as lm
        >>> digits = lm.data.load("digits")
        >>> clf = lm.NTKClassifier().fit(digits.x[:40], digits.y[:40])
        >>> basis = lm.measure.feature_basis(clf)
        >>> whole = basis.predictor(time=float("inf")).scores(digits.x[40:50])
        >>> len(basis), bool(abs(whole - clf.scores(digits.x[40:50])).max() < 1e-4)
        (40, True)
    """
    if not isinstance(machine, KernelMachine):
        raise InputError(f"features are those of NTKClassifier or NTKRegressor, not of {type(machine).__name__}")
    if machine.weighted:
        raise InputError("features are defined for rows of equal weight: fit without sample_weight and class_weight")
    spectrum, offsets = machine.spectrum(), None
    if centred:
        gram = (spectrum.vectors * spectrum.values) @ spectrum.vectors.T
        means = gram.mean(axis=0)
        middle = decompose(gram - means - means[:, None] + means.mean())
        vectors = middle.vectors - middle.vectors.mean(axis=0)  # the constant one, of eigenvalue 0, vanishes
        spectrum, offsets = Spectrum(middle.values, vectors, spectrum.noise), (means @ vectors)[::-1]
    values, vectors = spectrum.values[::-1], np.ascontiguousarray(spectrum.vectors[:, ::-1])
    smallest = len(values) * np.finfo(np.float64).eps * max(float(values[0]), 0.0)
    projections = vectors.T @ machine.targets_
    noise = max(spectrum.noise, smallest)
    return FeatureBasis(machine.expansion, values, vectors, projections, offsets, machine.ridge_, noise)
