"""Classification of series, of equal or different lengths, by the recurrent NTK."""

import math
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from limes.core import memory as mem
from limes.core import precision
from limes.core.errors import InputError
from limes.core.progress import Progress
from limes.core.types import Affine, Array, Kind
from limes.kernels.diagonal import diagonal
from limes.kernels.sequences import split
from limes.machines import store
from limes.machines.labels import LabelledScores
from limes.machines.scaling import Scale, fit_affine
from limes.machines.svc import check_positive, separate
from limes.machines.targets import ClassWeight, class_factors, encode_labels
from limes.nets import Dense, Net, Recurrent, serial
from limes.nets.recurrent import Readout

Series = Array | Sequence[Array]


class RNTKClassifier(LabelledScores, BaseEstimator):
    """Support vector classifier on the kernel of an infinitely wide recurrent network (Alemohammad et al. 2021).

    Series come as an array (n, time) or (n, time, channels); as one padded on the right, with `lengths`; or as a list
    of arrays (time,) or (time, channels) of different lengths. Kernels are divided by the roots of both series' own
    kernels, so that long series weigh no more than short ones.

    Args:
        activation: "relu", "erf", or any activation layer.
        layers: recurrent layers.
        readout: "mean_shared" (mean over all pairs of steps: the best where what matters may come at any time, and T
            times as dear), "mean_per_step" (equal steps), or "last" (the paper's).
        bidirectional: whether a second network reads the series backwards.
        w_std: of the recurrent weights; for relu sqrt(2) weighs all steps alike, less favours late ones.
        u_std, b_std, h_std: of input weights, biases and start.
        C: penalty of margin violations, above 0.
        kind: "ntk", or "nngp" where only the read-out trains.
        scale: "standard" for channels of mean 0 and standard deviation 1 over all steps, "unit" for channels from 0 to
            1, or None.
        class_weight: factors of C for the classes, "balanced" for the inverse of their frequencies, or None.
        tol: of the solver's stopping criterion.
        random_state: not used, nothing is random; kept for one interface.

    Attributes:
        support_: (m,) training series that are support vectors.
        classes_: (c,) labels.

    Cost: n^2 T steps for the kernel, n^2 T^2 for "mean_shared", and between n^2 and n^3 for the solver.

    Example:
        >>> import numpy as np, limes as lm
        >>> slow = [np.sin(0.3 * np.arange(t)) for t in (8, 12, 10)]
        >>> fast = [np.sin(0.9 * np.arange(t)) for t in (9, 11, 12)]
        >>> clf = lm.RNTKClassifier().fit(slow + fast, ["slow"] * 3 + ["fast"] * 3)
        >>> clf.predict([np.sin(0.9 * np.arange(14) + 1.0)]).tolist()
        ['fast']
    """

    kind: Kind
    scale: Scale | None
    net_: Net
    affine_: Affine | None

    def __init__(
        self,
        activation: Any = "relu",
        layers: int = 1,
        readout: Readout = "mean_shared",
        bidirectional: bool = False,
        w_std: float = math.sqrt(2),
        u_std: float = 1.0,
        b_std: float = 0.1,
        h_std: float = 0.0,
        C: float = 100.0,
        kind: Kind = "ntk",
        scale: Scale | None = "standard",
        class_weight: ClassWeight = None,
        tol: float = 1e-6,
        random_state: int | None = 0,
    ) -> None:
        self.activation = activation
        self.layers = layers
        self.readout = readout
        self.bidirectional = bidirectional
        self.w_std = w_std
        self.u_std = u_std
        self.b_std = b_std
        self.h_std = h_std
        self.C = C
        self.kind = kind
        self.scale = scale
        self.class_weight = class_weight
        self.tol = tol
        self.random_state = random_state

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        store.register(cls)

    def fit(self, X: Series, y: Array, lengths: Array | None = None, progress: Progress | None = None) -> Self:
        """Fit to series and labels.

        Args:
            X: n series, see the class.
            y: (n,) labels, integers or strings.
            lengths: (n,) numbers of steps, where X is padded on the right.
            progress: told of the kernel's tiles.

        Raises:
            InputError: for bad parameters, labels of one class only, lengths that do not fit, NaN or infinity within a
                series.
            MemoryRefused: if the kernel would not fit.
        """
        check_positive(C=self.C, tol=self.tol)
        if self.kind not in ("ntk", "nngp"):
            raise InputError(f"kind must be 'ntk' or 'nngp', not {self.kind!r}")
        x, steps = self._series(X, lengths, reset=True)
        y = column_or_1d(y, warn=True)
        if len(y) != len(x):
            raise InputError(f"there are {len(x)} series and {len(y)} labels")
        self.classes_, _ = encode_labels(y, "centred")
        fields = ("activation", "layers", "bidirectional", "w_std", "u_std", "b_std", "h_std", "readout")
        self.net_ = serial(Recurrent(**{name: getattr(self, name) for name in fields}), Dense())
        within = np.ones(x.shape[:2], bool) if steps is None else np.arange(x.shape[1]) < steps[:, None]
        self.affine_ = fit_affine(x[within], self.scale)
        x = self._scaled(x)
        n = len(x)
        mem.require(24 * n**2, f"a support vector machine on {n} series", "use fewer, or a machine with more memory")
        gram = getattr(self.net_.kernel(_pair(x, steps), get=self.kind, progress=progress), self.kind)
        self.own_ = diagonal(self.net_, _pair(x, steps), self.kind)
        gram = _cosines(gram, self.own_, self.own_)
        index = np.searchsorted(self.classes_, y)
        weights = class_factors(self.class_weight, y, np.ones(n))
        found = separate(gram, index, weights, self.C, self.tol)
        self.support_, self.coef_, self.intercept_ = found.support, found.coef, found.intercept
        self.centres_, self.own_ = x[found.support], self.own_[found.support]
        self.lengths_ = None if steps is None else steps[found.support]
        return self

    def scores(self, X: Series, lengths: Array | None = None) -> np.ndarray:
        """Margins (n, c) of each class against all others, as of `limes.NTKSVC`."""
        check_is_fitted(self, "coef_")
        x, steps = self._series(X, lengths, reset=False)
        pair = _pair(self._scaled(x).astype(self.centres_.dtype, copy=False), steps)
        cross = getattr(self.net_.kernel(pair, _pair(self.centres_, self.lengths_), get=self.kind), self.kind)
        return _cosines(cross, diagonal(self.net_, pair, self.kind), self.own_) @ self.coef_ + self.intercept_

    def predict(self, X: Series, lengths: Array | None = None) -> np.ndarray:
        """Labels of the largest scores."""
        return self._labels(self.scores(X, lengths))

    def decision_function(self, X: Series, lengths: Array | None = None) -> np.ndarray:
        """Scores (n, c); for two classes their difference (n,), positive for the second."""
        return self._decision(self.scores(X, lengths))

    def save(self, path: Any) -> None:
        """Write the fitted machine to an npz file without pickle; read it with `limes.load`."""
        store.save(self, path)

    def _scaled(self, x: np.ndarray) -> np.ndarray:
        return x if self.affine_ is None else self.affine_(x)

    def _series(self, given: Series, lengths: Array | None, reset: bool) -> tuple[np.ndarray, np.ndarray | None]:
        """Series (n, time, channels), zeros behind their ends, and numbers of steps where they differ."""
        if isinstance(given, list | tuple) and _is_ragged(given):
            if lengths is not None:
                raise InputError("a list of series has its lengths: leave the argument out")
            given, lengths = _padded(given)
        elif lengths is None:
            options = {"dtype": [np.float64, np.float32], "allow_nd": True, "ensure_all_finite": False}
            found: Any = given
            given = validate_data(self, X=found, reset=reset, **options)
        x = np.asarray(given)
        if x.ndim not in (2, 3) or x.dtype.kind not in "fiu":
            raise InputError(f"series are numbers of shape (n, time) or (n, time, channels), not {x.dtype} {x.shape}")
        x = x[..., None] if x.ndim == 2 else x
        x = x if x.dtype == np.float32 else x.astype(np.float64)
        if reset:
            self.n_features_in_ = getattr(self, "n_features_in_", x.shape[1]) if lengths is None else x.shape[1]
        elif x.shape[2] != self.centres_.shape[2]:
            raise InputError(
                f"series have {x.shape[2]} channels, but the machine was fitted on {self.centres_.shape[2]}"
            )
        if lengths is None:
            precision.require_finite(x, "X")
            return x, None
        x, steps = split((x, np.asarray(lengths)), "X")
        assert steps is not None
        x = np.where(np.arange(x.shape[1])[None, :, None] < steps[:, None, None], x, 0).astype(x.dtype)
        precision.require_finite(x, "X")
        return x, steps

    def _parameters_to_store(self) -> dict[str, Any]:
        parameters = self.get_params(deep=False)
        if not isinstance(self.activation, str):
            raise InputError("a machine is saved with the name of its activation: give it as a string")
        return parameters

    def _to_store(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        names = ("centres", "own", "coef", "intercept", "support", "lengths")
        arrays = {name: getattr(self, f"{name}_") for name in names}
        return {name: value for name, value in arrays.items() if value is not None}, {}

    def _from_store(self, arrays: dict[str, np.ndarray], values: dict[str, Any]) -> None:
        for name in ("centres", "own", "coef", "intercept", "support", "lengths"):
            setattr(self, f"{name}_", arrays.get(name))


store.register(RNTKClassifier)


def _pair(x: np.ndarray, steps: np.ndarray | None) -> Any:
    return x if steps is None else (x, steps)


def _is_ragged(given: Sequence[Any]) -> bool:
    """Whether a list holds series, which may have any lengths: arrays, or lists of different lengths."""
    return any(isinstance(member, np.ndarray) for member in given) or len({np.shape(member) for member in given}) > 1


def _padded(given: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Series of different lengths as one array, zeros on the right, and their lengths."""
    parts = [np.asarray(member) for member in given]
    parts = [part[:, None] if part.ndim == 1 else part for part in parts]
    channels = {part.shape[1:] for part in parts}
    if any(part.ndim != 2 for part in parts) or len(channels) != 1:
        raise InputError(
            f"series of a list have shapes (time,) or (time, channels), not {sorted(map(np.shape, given))}"
        )
    lengths = np.array([len(part) for part in parts])
    x = np.zeros((len(parts), lengths.max(), *channels.pop()), np.result_type(*parts, np.float32))
    for row, part in zip(x, parts, strict=True):
        row[: len(part)] = part
    return x, lengths


def _cosines(kernel: np.ndarray, own1: np.ndarray, own2: np.ndarray) -> np.ndarray:
    """K(x, z) / sqrt(K(x, x) K(z, z)) in float64; 0 where one of the two is 0."""
    roots = [np.sqrt(np.asarray(own, np.float64)) for own in (own1, own2)]
    first, second = (np.divide(1.0, root, out=np.zeros_like(root), where=root > 0) for root in roots)
    return first[:, None] * np.asarray(kernel, np.float64) * second
