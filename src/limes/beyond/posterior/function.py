"""The variance of what networks compute, without test inputs."""

import numpy as np

from limes.beyond.population import population_loss
from limes.core.errors import InputError
from limes.core.precision import require_finite


def function_variance(neurons: np.ndarray, *, pairings: int = 8, seed: int = 0) -> float:
    """Var f_w(x) over networks w, mean over x ~ N(0, I): half of what two random networks are apart.

    Args:
        neurons: (..., m, p + 1) draws, at least 2.
        pairings: with how many others each draw is compared.
        seed: of the pairs.

    Raises:
        InputError: for too few draws or pairings.

    Cost: O(pairings x draws x m^2 p).

    Example:
        >>> nets = np.array([[[1.0, 0.0, 1.0]], [[-1.0, 0.0, 1.0]]])  # relu(x) and relu(-x), 1 apart
        >>> function_variance(nets)
        0.5
    """
    draws = np.asarray(neurons, float)
    if draws.ndim < 3 or (draws := draws.reshape(-1, *draws.shape[-2:])).shape[0] < 2 or pairings < 1:
        raise InputError(f"at least 2 draws (..., m, p + 1) and 1 pairing are needed, not shape {np.shape(neurons)}")
    require_finite(draws, "neurons")
    rng = np.random.default_rng(seed)
    a, w = draws[..., -1], draws[..., :-1]
    apart = 0.0
    for _ in range(pairings):
        others = rng.permutation(len(draws))
        fixed = others == np.arange(len(draws))
        others[fixed] = (others[fixed] + 1) % len(draws)  # a network is no pair with itself
        apart += float(np.mean(population_loss(a, w, a[others], w[others])))
    return apart / (2 * pairings)
