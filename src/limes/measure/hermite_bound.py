"""A lower bound on the smallest eigenvalue of the kernel with large bias, from powers of the Gram matrix.

In normalised Hermite polynomials h_k the step 1(z > B) has the coefficients c_0 = Phi(-B) and
c_k = phi(B) h_{k-1}(B) / sqrt(k), so that p = sum_k c_k^2 rho^k and, with G^(k) the entrywise powers of the cosines,

    H = sum_k c_k^2 (G^(k) + G^(k+1)),     lambda_min(H) >= sum_k c_k^2 (l_k + l_{k+1}),

where l_k >= 0 is below lambda_min(G^(k)), which is not negative (Schur): the eigenvalue itself for small k, for others
1 - max_i sum_{j != i} |G_ij|^k (Gershgorin), which grows with k, so that the last one serves for all that follow. The
powers belong to the data: they are decomposed once for all biases.

Reference: this sum of the bounds of Oymak & Soltanolkotabi 2020 (one power each) is derived here.
"""

import math

import numpy as np

from limes.core.errors import InputError
from limes.measure.bias_kernel import active_fraction
from limes.measure.eigenvalue_bounds import EigenvalueBound


def hermite_weights(bias: float, count: int) -> np.ndarray:
    """c_k^2 for k below `count`: (count,).

    Example:
        >>> [round(w, 6) for w in hermite_weights(0.0, 4).tolist()]
        [0.25, 0.159155, 0.0, 0.026526]
    """
    density = math.exp(-0.5 * bias * bias) / math.sqrt(2 * math.pi)
    before, here = 0.0, 1.0  # h_{k-2}, h_{k-1}
    weights = [active_fraction(bias) ** 2]
    for k in range(1, count):
        weights.append((density * here) ** 2 / k)
        before, here = here, (bias * here - math.sqrt(k - 1) * before) / math.sqrt(k)
    return np.array(weights[:count])


def power_floors(gram: np.ndarray, count: int = 400, exact: int = 12) -> np.ndarray:
    """l_k for k up to `count`: (count + 1,), each not above the smallest eigenvalue of the k-th entrywise power.

    Args:
        gram: (n, n) cosines.
        count: the power after which none is looked at any more.
        exact: the last power that is decomposed.

    Raises:
        InputError: for `exact` above `count`.

    Cost: `exact` eigenvalue problems, and `count` passes over the matrix.
    """
    if not 0 <= exact <= count:
        raise InputError(f"of {count} powers at most all can be decomposed, not {exact}")
    n = len(gram)
    off = np.abs(gram)
    np.fill_diagonal(off, 0.0)
    floors, power, off_power = [], np.ones_like(gram), off.copy()
    for k in range(count + 1):
        if k <= exact:
            values = np.linalg.eigvalsh(power)
            found = values[0] - n * np.finfo(np.float64).eps * abs(values[-1])  # the rounding of the eigenvalues
            power *= gram
        else:
            found = 1.0 - off_power.sum(axis=1).max()
        if k:
            off_power *= off
        floors.append(max(float(found), 0.0))
    return np.array(floors)


def hermite_bound(bias: float, floors: np.ndarray, trainable: bool = True) -> EigenvalueBound:
    """The bound of this module.

    Args:
        bias: B.
        floors: what `power_floors` gives for the data.
        trainable: whether the thresholds are trained; frozen ones leave sum_k c_k^2 l_{k+1}.

    Example:
        >>> from limes.measure import bias_kernel, kernel_spectrum
        >>> x = np.random.default_rng(0).normal(size=(30, 10))
        >>> kernel = bias_kernel(x, 1.0)
        >>> bound = hermite_bound(1.0, power_floors(kernel.gram))
        >>> bool(0.8 < bound.value / kernel_spectrum(kernel.ntk()).smallest < 1)
        True
    """
    weights = hermite_weights(bias, len(floors) - 1)
    pairs = floors[1:] + floors[:-1] if trainable else floors[1:]
    tail = max(active_fraction(bias) - math.fsum(weights), 0.0)
    value = math.fsum(weights * pairs) + tail * floors[-1] * (2 if trainable else 1)
    return EigenvalueBound("Hermite series", float(value), "lower", "rigorous")
