"""How near a network is to the best of all networks under a penalty on mass, of any width.

Over signed measures mu of neurons on the sphere, E (f_mu - f*)^2 + lambda |mu| is convex. Its dual certificate at f is

    eta(u) = 2 / lambda E (f* - f) relu(u.x),    |u| = 1.

f is the best of all if and only if |eta| <= 1 everywhere and eta = sign a_j at its neurons. Zhou & Ge 2024 (arXiv
2406.01766) build their proof on an eta that is 1 at the teacher's neurons and falls quadratically around them.
"""

import numpy as np

from limes.beyond.features.network import TwoLayer, gram
from limes.core.errors import InputError


def dual_certificate(network: TwoLayer, teacher: TwoLayer, penalty: float, directions: np.ndarray) -> np.ndarray:
    """eta at unit vectors.

    Args:
        network: leading axes are those of the result.
        teacher: a single network.
        penalty: lambda of lambda / 2 (|a|^2 + |W|^2), which is lambda times the mass of balanced neurons.
        directions: (..., n, d), brought to length 1.

    Returns:
        (..., n).

    Raises:
        InputError: for a penalty that is not above 0, or vectors of another dimension.

    Cost: O(n (m + r) d).

    Example:
        >>> from limes.beyond.features import orthonormal_teacher
        >>> teacher = orthonormal_teacher(3, 1)
        >>> shrunk = teacher._replace(coef=np.array([0.9]))  # the best for lambda = 0.1: 2 (1 - a) / 2 = lambda
        >>> dual_certificate(shrunk, teacher, 0.1, np.eye(3)).round(4)
        array([1.    , 0.3183, 0.3183])
    """
    if not 0 < penalty < np.inf:
        raise InputError(f"penalty must be a finite number above 0, not {penalty}")
    unit = TwoLayer(np.zeros(np.shape(directions)[:-1]), directions)
    unit = unit._replace(weights=unit.directions)
    missing = gram(unit, teacher) @ teacher.coef - np.einsum("...ij,...j->...i", gram(unit, network), network.coef)
    return 2.0 / penalty * missing
