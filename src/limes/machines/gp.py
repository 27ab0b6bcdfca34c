"""Gaussian-process regression with the kernel of an infinitely wide Bayesian network."""

import math
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from scipy.sparse import issparse
from sklearn.base import MultiOutputMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from limes.core import memory as mem
from limes.core.errors import InputError
from limes.core.progress import Progress
from limes.core.status import Status
from limes.core.types import Array, Kind
from limes.kernels.diagonal import diagonal
from limes.linalg.evidence import Evidence, log_likelihood, maximise
from limes.linalg.solution import Solution, all_finite
from limes.linalg.spectrum import Spectrum, decompose
from limes.machines.estimator import ExpansionEstimator
from limes.machines.scaling import Scale
from limes.nets import Net
from limes.nets.names import parse_net


class NNGPRegressor(MultiOutputMixin, RegressorMixin, ExpansionEstimator):
    """Exact Bayesian inference in an infinitely wide network: a Gaussian process (Lee et al. 2018); scikit-learn's
    interface, with predictive standard deviations and the marginal likelihood.

    The targets are f(x) + noise with f ~ GP(0, amplitude x kernel), independently for each output. What is left at None
    is chosen by the marginal likelihood, which costs next to nothing beside the one eigendecomposition.

    Args:
        net: the architecture, or its name (see `limes.nets.names`); None for fully connected layers of depth 3 with
            relu; or a list of nets and names, the one with the largest marginal likelihood of which is taken.
        noise: variance of the noise, at least 0, or None to choose it.
        amplitude: factor of the kernel, above 0 (a larger one stands for larger read-out weights), or None.
        kind: "nngp", the prior of a Bayesian network; "ntk" for the kernel of a trained one as a prior.
        scale: None, "standard" or "unit": a fixed map of the inputs, see `limes.machines.scaling`.
        random_state: not used, nothing is random; kept for one interface.
        input_shape: shape of one input, as (32, 32, 3), where rows of a table are images or series laid out flat.

    Attributes:
        net_: the net that was taken.
        noise_, amplitude_: as given or chosen.
        log_marginal_likelihood_: log p(y) of all outputs, with these.
        log_marginal_likelihoods_: the same for each net that was given.

    Cost: for each net n^2 (d + depth) for the kernel and 9 n^3 for the eigendecomposition; 2 n^2 a point for a standard
    deviation.

    Example:
        >>> import numpy as np, limes as lm
        >>> x = np.linspace(-1, 1, 20)[:, None]
        >>> gp = lm.NNGPRegressor(lm.nets.mlp(2, "erf", 2.0, 1.0)).fit(x, np.sin(3 * x[:, 0]))
        >>> mean, std = gp.predict([[0.5], [3.0]], return_std=True)
        >>> bool(abs(mean[0] - np.sin(1.5)) < 0.01), bool(std[1] > 10 * std[0])
        (True, True)
    """

    def __init__(
        self,
        net: Net | str | Sequence[Net | str] | None = None,
        noise: float | None = None,
        amplitude: float | None = None,
        kind: Kind = "nngp",
        scale: Scale | None = None,
        random_state: int | None = 0,
        input_shape: tuple[int, ...] | None = None,
    ) -> None:
        self.net = net  # pyright: ignore[reportAttributeAccessIssue]
        self.noise = noise
        self.amplitude = amplitude
        self.kind = kind
        self.scale = scale
        self.random_state = random_state
        self.input_shape = input_shape

    def fit(self, X: Array, y: Array, progress: Progress | None = None) -> Self:
        """Fit to X (n, features...) and y (n,) or (n, outputs); `progress` is told of the kernels' tiles."""
        candidates = self._check_parameters()
        if issparse(y):
            raise InputError("sparse targets are not supported: write y.toarray()")
        x, y = self._validate(X, y, reset=True, y_numeric=True, multi_output=True)
        self._y_ndim = np.ndim(y)
        self.targets_ = np.array(y, np.float64).reshape(len(y), -1)
        mem.require(32 * len(x) ** 2, f"a Gaussian process on {len(x)} rows", "use fewer rows")
        self._start(x, parse_net(candidates[0], x.shape[1:]))
        tried: list[tuple[Net, Spectrum, Evidence]] = []
        for net in dict.fromkeys(parse_net(net, x.shape[1:]) for net in candidates):
            spectrum = self._decompose(net, progress)
            found = maximise(*self._powers(spectrum), self.amplitude, self.noise, _floor(spectrum))
            tried.append((net, spectrum, found))
            kept = max(tried, key=lambda t: t[2].log_likelihood)
            tried = [t if t is kept else (t[0], Spectrum(np.empty(0), np.empty((0, 0))), t[2]) for t in tried]
        self.net_, self._spectrum, best = max(tried, key=lambda t: t[2].log_likelihood)
        self.log_marginal_likelihoods_ = np.array([t[2].log_likelihood for t in tried])
        self.amplitude_, self.noise_ = best.amplitude, best.noise
        self.log_marginal_likelihood_ = best.log_likelihood
        vectors = self._spectrum.vectors
        self.coef_ = self.amplitude_ * (vectors @ ((vectors.T @ self.targets_) / self._variances()[:, None]))
        self._fitted = self._predictor(self.coef_)
        return self

    def predict(self, X: Array, return_std: bool = False, return_cov: bool = False) -> Any:
        """Posterior means, in the shape of the training targets; with standard deviations or covariances of f.

        An observation has the variance `noise_` on top. All outputs have the same deviations, which are repeated for
        each where the targets had two axes, as in scikit-learn.

        Returns:
            The means (n,) or (n, c); or a pair with deviations (n,) or (n, c), or covariances (n, n) or (n, n, c).

        Raises:
            InputError: if both are asked for.
        """
        if return_std and return_cov:
            raise InputError("ask for return_std or for return_cov, not for both")
        scores = self.scores(X)
        mean = scores[:, 0] if self._y_ndim == 1 else scores
        if not (return_std or return_cov):
            return mean
        z = self._validate(X, reset=False)
        z = z if self.affine_ is None else self.affine_(z)
        spread = self._covariance(z) if return_cov else np.sqrt(self._variance(z))
        return mean, spread if self._y_ndim == 1 else np.repeat(spread[..., None], scores.shape[1], axis=-1)

    def sample_y(self, X: Array, n_samples: int = 1, random_state: int | None = 0) -> np.ndarray:
        """Draws of f from the posterior: (n, n_samples), or (n, c, n_samples) for targets with two axes."""
        mean, covariance = self.predict(X, return_cov=True)
        covariance = covariance if self._y_ndim == 1 else covariance[..., 0]
        values, vectors = np.linalg.eigh(covariance)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        shape = (len(mean), *mean.shape[1:], n_samples)
        draws = np.random.default_rng(random_state).standard_normal((len(mean), math.prod(shape[1:])))
        return mean[..., None] + (root @ draws).reshape(shape)

    def log_marginal_likelihood(self, amplitude: float | None = None, noise: float | None = None) -> float:
        """log p(y) of the fitted net, with other values than the fitted ones where given."""
        check_is_fitted(self, "coef_")
        values, power, c = self._powers(self._kept())
        a = self.amplitude_ if amplitude is None else amplitude
        return log_likelihood(values, power, c, a, self.noise_ if noise is None else noise)

    def _check_parameters(self) -> list[Net | str | None]:
        nets = [self.net] if self.net is None or isinstance(self.net, Net | str) else self.net
        several = isinstance(nets, list | tuple) and bool(nets)
        if not several or (self.net is not None and not all(isinstance(net, Net | str) for net in nets)):
            raise InputError(f"net must be a limes.nets.Net, a list of them, or None, not {self.net!r}")
        if self.kind not in ("ntk", "nngp"):
            raise InputError(f"kind must be 'ntk' or 'nngp', not {self.kind!r}")
        for name, least in (("noise", "of at least 0"), ("amplitude", "above 0")):
            value = getattr(self, name)
            usable = value is None or (isinstance(value, int | float | np.number) and math.isfinite(value))
            if not usable or (value is not None and (value < 0 or (value == 0 and name == "amplitude"))):
                raise InputError(f"{name} must be a finite number {least}, or None, not {value!r}")
        return list(nets)

    def _decompose(self, net: Net, progress: Progress | None = None) -> Spectrum:
        gram = getattr(net.kernel(self.centres_, get=self.kind, progress=progress), self.kind)
        if not all_finite(gram):
            Solution((), Status.NOT_FINITE, "eigh").check()
        return decompose(gram)

    def _kept(self) -> Spectrum:
        """The eigendecomposition, made anew in a machine that was loaded or copied."""
        if self._spectrum is None:
            self._spectrum = self._decompose(self.net_)
        return self._spectrum

    def _powers(self, spectrum: Spectrum) -> tuple[np.ndarray, np.ndarray, int]:
        power = np.sum((spectrum.vectors.T @ self.targets_) ** 2, axis=1)
        return np.maximum(spectrum.values, 0.0), power, self.targets_.shape[1]

    def _variances(self) -> np.ndarray:
        """Eigenvalues of the covariance of the targets, held above what rounding makes of zero."""
        spectrum = self._kept()
        total = self.amplitude_ * np.maximum(spectrum.values, 0.0) + self.noise_
        return np.maximum(total, self.amplitude_ * _floor(spectrum))

    def _projected(self, z: np.ndarray) -> np.ndarray:
        """Rows whose products are what the data take away from the prior covariance, over the amplitude."""
        cross = getattr(self.net_.kernel(z, self.centres_, get=self.kind), self.kind).astype(np.float64)
        return cross @ (self._kept().vectors * np.sqrt(self.amplitude_ / self._variances()))

    def _variance(self, z: np.ndarray) -> np.ndarray:
        prior = diagonal(self.net_, z, self.kind).astype(np.float64)
        return self.amplitude_ * np.maximum(prior - np.sum(self._projected(z) ** 2, axis=1), 0.0)

    def _covariance(self, z: np.ndarray) -> np.ndarray:
        prior = getattr(self.net_.kernel(z, get=self.kind), self.kind).astype(np.float64)
        projected = self._projected(z)
        return self.amplitude_ * (prior - projected @ projected.T)

    def _parameters_to_store(self) -> dict[str, Any]:
        """A loaded machine has the net that was taken where there were several to choose from."""
        parameters = self.get_params(deep=False)
        return parameters | {"net": self.net_} if isinstance(self.net, list | tuple) else parameters

    def _to_store(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        arrays, _ = super()._to_store()
        arrays |= {"training_targets": self.targets_, "log_likelihoods": self.log_marginal_likelihoods_}
        return arrays, {k: getattr(self, k) for k in ("noise_", "amplitude_", "log_marginal_likelihood_")}

    def _from_store(self, arrays: dict[str, np.ndarray], values: dict[str, Any]) -> None:
        super()._from_store(arrays, values)
        self.__dict__ |= values | {"_spectrum": None, "targets_": arrays["training_targets"]}
        self.log_marginal_likelihoods_ = arrays["log_likelihoods"]

    def __getstate__(self) -> dict[str, Any]:
        """The state to pickle or copy: without the n x n eigenvectors, which can be made again."""
        state: Any = super().__getstate__()
        return state | {"_spectrum": None} if "_spectrum" in state else state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True  # scikit-learn's own test data is not standardised
        return tags


def _floor(spectrum: Spectrum) -> float:
    """What rounding in the kernel may add to an eigenvalue."""
    top = max(float(spectrum.values[-1]), 0.0)
    return max(spectrum.noise, len(spectrum.values) * float(np.finfo(np.float64).eps) * top, np.finfo(np.float64).tiny)
