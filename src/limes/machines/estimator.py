"""What every estimator that ends in a kernel expansion shares: input checks, predictions, gradients, saving."""

import math
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from limes.core import precision
from limes.core.errors import InputError
from limes.core.types import Affine, Array, Kind
from limes.machines import store
from limes.machines.predictor import KernelPredictor
from limes.machines.scaling import Scale, fit_affine
from limes.nets import Net
from limes.nets.names import parse_net


class ExpansionEstimator(BaseEstimator):
    """An estimator whose scores are a kernel expansion over its training rows (or a part of them).

    Subclasses have the parameters `net`, `kind` and `scale`, call `_start` first and set `_fitted` at the end of `fit`.
    """

    net: Net | str | None
    input_shape: tuple[int, ...] | None = None
    kind: Kind
    scale: Scale | None

    net_: Net
    centres_: np.ndarray
    affine_: Affine | None
    coef_: np.ndarray
    _fitted: KernelPredictor

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        store.register(cls)

    def _check_net(self) -> None:
        if self.kind not in ("ntk", "nngp"):
            raise InputError(f"kind must be 'ntk' or 'nngp', not {self.kind!r}")
        if self.net is not None and not isinstance(self.net, Net | str):
            raise InputError(f"net must be a limes.nets.Net, a name such as 'cnn-3', or None, not {self.net!r}")

    def _validate(self, x: Array, y: Any = "no_validation", *, reset: bool, **options: Any) -> Any:
        """scikit-learn's checks with our own message for NaN; keeps float32 and float64, widens the rest."""
        precision.require_unmasked(x, "X")
        precision.require_unmasked(y, "y")
        dtype = np.asarray(x).dtype if isinstance(x, list | tuple) else getattr(x, "dtype", None)
        if getattr(dtype, "kind", "") == "c":
            raise InputError("Complex data not supported: kernels are defined for real inputs")
        if self.input_shape is not None and np.ndim(x) > 2:
            x = np.asarray(x).reshape(len(x), -1)  # one number of features for both forms
        if not reset and self.centres_.ndim > 2 and self.input_shape is None:
            self._require_shape(np.shape(x)[1:])  # scikit-learn would compare heights and call them features
        data = {"X": x} if isinstance(y, str) and y == "no_validation" else {"X": x, "y": y}
        found = validate_data(
            self,
            **data,
            reset=reset,
            dtype=[np.float64, np.float32],
            allow_nd=True,
            ensure_all_finite=False,
            **options,
        )
        x = found[0] if isinstance(found, tuple) else found
        precision.require_finite(x, "X")
        x = self._shaped(x)
        if not reset:
            self._require_shape(x.shape[1:])
        return (x, *found[1:]) if isinstance(found, tuple) else x

    def _shaped(self, x: np.ndarray) -> np.ndarray:
        """Vectors in the shape that `input_shape` says."""
        shape = self.input_shape
        if shape is None or x.ndim != 2:
            return x
        if not isinstance(shape, tuple | list) or not all(isinstance(n, int | np.integer) and n > 0 for n in shape):
            raise InputError(f"input_shape must be the shape of one input, as (32, 32, 3), not {shape!r}")
        if math.prod(shape) != x.shape[1]:
            raise InputError(f"rows of {x.shape[1]} numbers do not fill inputs of shape {tuple(shape)}")
        return x.reshape(len(x), *shape)

    def _require_shape(self, shape: tuple[int, ...]) -> None:
        if shape != self.centres_.shape[1:]:
            raise InputError(
                f"X holds inputs of shape {shape}, but the machine was fitted on {self.centres_.shape[1:]}"
            )

    def _start(self, x: np.ndarray, net: Net | None = None, weights: np.ndarray | None = None) -> None:
        """Choose the net (by default the parameter), fit the input map, and keep the rows as centres."""
        self.net_ = parse_net(self.net if net is None else net, x.shape[1:])
        self.affine_ = fit_affine(x, self.scale, weights)
        self.centres_ = np.array(x) if self.affine_ is None else self.affine_(x)  # the caller may change its array

    def _predictor(self, coef: np.ndarray, intercept: np.ndarray | None = None) -> KernelPredictor:
        """The expansion with the given coefficients, with the labels and targets of a classifier."""
        classes = getattr(self, "classes_", None)
        targets = None if classes is None else getattr(self, "targets", None)
        flat = self.input_shape is not None
        return KernelPredictor(
            self.net_, self.kind, self.centres_, coef, self.affine_, classes, targets, intercept, flat
        )

    @property
    def expansion(self) -> KernelPredictor:
        """The fitted predictor."""
        check_is_fitted(self, "coef_")
        return self._fitted

    @property
    def centres(self) -> np.ndarray:
        """The expansion's centres (m, features...), after the input map."""
        return self.expansion.centres

    @property
    def coef(self) -> np.ndarray:
        """Coefficients (m, c)."""
        return self.expansion.coef

    @property
    def affine(self) -> Affine | None:
        """The input map, or None."""
        return self.expansion.affine

    @property
    def n_outputs(self) -> int:
        """Number of score columns."""
        return self.expansion.n_outputs

    def scores(self, x: Array) -> np.ndarray:
        """Scores: (n, features...) -> (n, c)."""
        check_is_fitted(self, "coef_")
        return self.expansion.scores(self._validate(x, reset=False))

    def scores_vjp(self, x: Array, v: Array) -> np.ndarray:
        """Gradient in x of sum(v * scores(x)), in the caller's units: the shape of x."""
        return self.expansion.scores_vjp(x, v)

    def scores_and_vjp(self, x: Array, cotangent: Any) -> tuple[np.ndarray, np.ndarray]:
        """Scores, and the gradient of sum(v * scores(x)) for v = cotangent(scores), from one kernel evaluation."""
        return self.expansion.scores_and_vjp(x, cotangent)

    def save(self, path: Any) -> None:
        """Write the fitted machine to an npz file without pickle, training rows included; read it with `limes.load`."""
        store.save(self, path)

    def _parameters_to_store(self) -> dict[str, Any]:
        """The parameters that a loaded machine is made with; those left out take their defaults."""
        return self.get_params(deep=False)

    def _to_store(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Arrays and values that a file holds beside parameters, net, input map and labels; subclasses add theirs."""
        arrays = {"centres": self.expansion.centres, "coef": self.expansion.coef}
        if self.expansion.intercept is not None:
            arrays["intercept"] = self.expansion.intercept
        return arrays, {}

    def _from_store(self, arrays: dict[str, np.ndarray], values: dict[str, Any]) -> None:
        """Take back what `_to_store` gave."""
        self.centres_, self.coef_ = arrays["centres"], arrays["coef"]
        self._fitted = self._predictor(self.coef_, arrays.get("intercept"))
