"""The Laplace approximation of a posterior: a normal law around a mode, with the curvature of Gauss and Newton."""

from dataclasses import dataclass

import numpy as np

from limes.beyond.posterior.neurons import respond
from limes.core.errors import InputError
from limes.core.precision import require_finite


@dataclass(frozen=True, eq=False)
class Laplace:
    """N(mode, (J'J / noise + I / prior)^-1), J the derivatives of f at the data in the weights.

    Attributes:
        mode: (m, p + 1) neurons.
        covariance: (m (p + 1), m (p + 1)), neuron by neuron.
    """

    mode: np.ndarray
    covariance: np.ndarray

    @property
    def weight_variance(self) -> float:
        """tr Cov(w): around one mode, so without what other orders of the neurons add."""
        return float(np.trace(self.covariance))

    def predict(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of the linearised f at x (n, p): (n,) each."""
        slopes = jacobian(self.mode, x)
        spread = np.einsum("ni,ij,nj->n", slopes, self.covariance, slopes)
        return respond(self.mode, x), np.sqrt(np.maximum(spread, 0.0))


def laplace(mode: np.ndarray, x: np.ndarray, *, noise: float = 1.0, prior: float = 1.0) -> Laplace:
    """The approximation at a mode.

    Args:
        mode: (m, p + 1) neurons, as `train_ensemble` finds them.
        x: (n, p) inputs of the data.
        noise: variance of the noise.
        prior: variance of every weight.

    Raises:
        InputError: for variances that are not above 0, shapes that do not match, or values that are not finite.

    Cost: O(n D^2 + D^3), D = m (p + 1).

    Reference: MacKay 1992 (Neural Computation 4); the Gauss-Newton form drops second derivatives of f.

    Example:
        >>> x = np.random.default_rng(0).standard_normal((1000, 2))
        >>> found = laplace(np.array([[1.0, 0.0, 1.0]]), x)
        >>> round(found.weight_variance, 1)  # the data say nothing of the scale: half of its two directions is left
        1.0
    """
    mode, x = np.asarray(mode, float), np.asarray(x, float)
    if (
        not (0 < noise < np.inf and 0 < prior < np.inf)
        or np.ndim(mode) != 2
        or np.ndim(x) != 2
        or x.shape[1] != mode.shape[1] - 1
    ):
        raise InputError(
            f"mode (m, p + 1), x (n, p) and finite variances above 0 are needed, not shapes {np.shape(mode)} and "
            f"{np.shape(x)}, noise {noise} and prior {prior}"
        )
    require_finite(mode, "mode")
    require_finite(x)
    slopes = jacobian(mode, x)
    precision = slopes.T @ slopes / noise + np.eye(slopes.shape[1]) / prior
    return Laplace(mode, np.linalg.inv(precision))


def jacobian(neurons: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Derivatives of f(x_i) in all weights, neuron by neuron: (n, m (p + 1)).

    Cost: O(n m p).
    """
    ahead = x @ neurons[:, :-1].T
    active = (ahead > 0).astype(float)
    inner = (active * neurons[:, -1])[:, :, None] * x[:, None, :]
    return np.concatenate([inner, (ahead * active)[:, :, None]], axis=2).reshape(len(x), -1)
