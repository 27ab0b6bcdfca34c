"""Kernel regression in the infinite-width limit."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from scipy.sparse import issparse
from sklearn.base import MultiOutputMixin, RegressorMixin

from limes.core.errors import InputError
from limes.core.progress import Progress
from limes.core.types import Array, Kind
from limes.gram import GramStore
from limes.machines.base import KernelMachine
from limes.machines.flow import Solver
from limes.machines.scaling import Scale
from limes.machines.targets import check_weights
from limes.nets import Net


class NTKRegressor(MultiOutputMixin, RegressorMixin, KernelMachine):
    """Regression by an infinitely wide network trained to a time; scikit-learn's interface.

    Args:
        net: the architecture, or its name ("mlp-5", "cnn-3-gap", see `limes.nets.names`); None for fully connected
            layers of depth 3 with relu.
        time: training time in units of 1 / learning rate; inf for training to the end.
        ridge: absolute, at least 0; pulls towards the function at initialisation.
        ridge_rel: as a multiple of the kernel's mean diagonal; added to `ridge`.
        kind: "ntk" (all layers train) or "nngp" (the last layer trains).
        scale: None, "standard" or "unit": a fixed map of the inputs, see `limes.machines.scaling`.
        solver: "auto", "cholesky" or "cg" (time inf only), "eigh" or "krylov".
        random_state: not used, nothing is random; kept for one interface.
        input_shape: shape of one input, as (32, 32, 3), where rows of a table are images or series laid out flat.

    Cost: n^2 (d + depth) for the kernel, n^3 / 3 for time inf, 9 n^3 for the eigendecomposition that serves every time.

    Example:
        >>> import numpy as np, limes as lm
        >>> x = np.linspace(-1, 1, 20)[:, None]
        >>> model = lm.NTKRegressor(lm.nets.mlp(2, b_std=0.1)).fit(x, x[:, 0] ** 2)
        >>> bool(abs(model.predict([[0.5]])[0] - 0.25) < 0.01)
        True
    """

    def __init__(
        self,
        net: Net | str | None = None,
        time: float = float("inf"),
        ridge: float = 0.0,
        ridge_rel: float = 0.0,
        kind: Kind = "ntk",
        scale: Scale | None = None,
        solver: Solver = "auto",
        random_state: int | None = 0,
        input_shape: tuple[int, ...] | None = None,
    ) -> None:
        self.net = net
        self.time = time
        self.ridge = ridge
        self.ridge_rel = ridge_rel
        self.kind = kind
        self.scale = scale
        self.solver = solver
        self.random_state = random_state
        self.input_shape = input_shape

    def fit(self, X: Array, y: Array, sample_weight: Array | None = None, gram: GramStore | None = None) -> Self:
        """Fit to X (n, features...) and y (n,) or (n, outputs).

        Args:
            X: inputs.
            y: targets.
            sample_weight: (n,) factors of each row's loss, at least 0.
            gram: the kernel of these rows on disk, from `limes.gram.build`, where it would not fit into memory. With
                `scale`, it is that of the scaled rows. A factor of it is kept beside it.
        """
        return self.fit_path(X, y, (self.time,), sample_weight=sample_weight, gram=gram)

    def fit_path(
        self,
        X: Array,
        y: Array,
        times: Sequence[float],
        progress: Progress | None = None,
        sample_weight: Array | None = None,
        gram: GramStore | None = None,
    ) -> Self:
        """Fit at several times at once: one kernel serves `at(t)` and `predict_at(X, t)` for all of them.

        `predict` uses the parameter `time`, which is fitted too.
        """
        self._check_parameters()
        if issparse(y):
            raise InputError("sparse targets are not supported: write y.toarray()")
        x, y = self._validate(X, y, reset=True, y_numeric=True, multi_output=True)
        self._y_ndim = np.ndim(y)
        order = dict.fromkeys((float(self.time), *map(float, times)))
        weights = None if sample_weight is None else check_weights(sample_weight, len(x))
        return self._fit(x, y.reshape(len(y), -1), tuple(order), progress, weights, gram)

    def predict(self, X: Array) -> np.ndarray:
        """Predictions at the fitted time, in the shape of the training targets."""
        return self._shape(self.scores(X))

    def predict_at(self, X: Array, time: float) -> np.ndarray:
        """Predictions at any training time."""
        return self._shape(self.scores_at(X, time))

    def _shape(self, scores: np.ndarray) -> np.ndarray:
        return scores[:, 0] if self._y_ndim == 1 else scores

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True  # scikit-learn's own test data is not standardised
        return tags
