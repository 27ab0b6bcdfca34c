"""Whether neurons point where a teacher's do: by their mass, since low loss does not tell.

Neurons near one direction act as one, so that only the mass |a_j||w_j| at a direction is a fact about the function;
numbers of neurons and lengths of their weights are not.
"""

from dataclasses import dataclass

import numpy as np

from limes.beyond.features.network import TwoLayer, require_paired
from limes.core.errors import InputError
from limes.core.precision import require_finite


@dataclass(frozen=True, eq=False)
class Alignment:
    """Of networks along leading axes (...).

    Attributes:
        mean_cosine: of the angle between a neuron and the teacher's nearest one, by mass: (...).
        share_near: of the mass within an angle of a neuron of the teacher with its sign: (...).
        total_mass: sum |a_j||w_j|, (...).
        n_active: neurons with more mass than a bound: (...).
        imbalance: the largest ||a_j| - |w_j|| of these, 0 without any: (...).
    """

    mean_cosine: np.ndarray
    share_near: np.ndarray
    total_mass: np.ndarray
    n_active: np.ndarray
    imbalance: np.ndarray


def alignment(
    network: TwoLayer, teacher: TwoLayer, *, within: float = 10.0, active: float = 1e-3, lines: bool = False
) -> Alignment:
    """How the mass of networks lies about the neurons of a teacher.

    Args:
        network: leading axes are those of the result.
        teacher: a single network.
        within: of `Alignment.share_near`, in degrees.
        active: mass above which a neuron counts as active.
        lines: whether opposite directions are the same, as they are up to an affine function:
            relu(z) - relu(-z) = z.

    Raises:
        InputError: for several teachers, another dimension, coefficients that do not pair with weights, values that are
            not finite, or a network without mass.

    Cost: O(m r d).

    Example:
        >>> teacher = TwoLayer(np.ones(1), np.eye(2)[:1])
        >>> network = TwoLayer(np.array([0.9, 0.1]), np.array([[1.0, 0.01], [0.0, 1.0]]))
        >>> found = alignment(network, teacher)
        >>> round(float(found.share_near), 3), round(float(found.total_mass), 3)
        (0.9, 1.0)
    """
    if np.ndim(teacher.coef) != 1 or network.weights.shape[-1] != teacher.weights.shape[-1]:
        raise InputError(
            f"a single teacher in {network.weights.shape[-1]} dimensions is needed, not weights of shape "
            f"{teacher.weights.shape}"
        )
    for name, one in (("network", network), ("teacher", teacher)):
        require_paired(one, name)
        for part in one:
            require_finite(part, name)
    mass = network.mass
    total = mass.sum(axis=-1)
    if not np.all(total > 0):
        raise InputError("a network whose neurons are all 0 has no direction")
    cosine = network.directions @ teacher.directions.T
    if lines:
        cosine = np.abs(cosine)
    same = np.sign(network.coef)[..., :, None] == np.sign(teacher.coef)
    near = np.any((cosine >= np.cos(np.deg2rad(within))) & same, axis=-1)
    alive = mass > active
    gap = np.abs(np.abs(network.coef) - np.linalg.norm(network.weights, axis=-1))
    return Alignment(
        mean_cosine=np.sum(mass * cosine.max(axis=-1), axis=-1) / total,
        share_near=np.sum(mass * near, axis=-1) / total,
        total_mass=total,
        n_active=alive.sum(axis=-1),
        imbalance=np.max(gap * alive, axis=-1),
    )


def share_in_span(weights: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Share of |W|^2 that lies in the span of directions: (...); r / d on average for random weights.

    Args:
        weights: (..., m, d).
        directions: (r, d), linearly independent.

    Raises:
        InputError: for another dimension, values that are not finite, or weights that are all 0.

    Example:
        >>> float(share_in_span(np.array([[3.0, 4.0]]), np.array([[2.0, 0.0]])))
        0.36
    """
    if np.shape(weights)[-1] != np.shape(directions)[-1]:
        raise InputError(f"weights {np.shape(weights)} and directions {np.shape(directions)} differ in dimension")
    weights = np.asarray(weights, float)
    require_finite(weights, "weights")
    require_finite(directions, "directions")
    total = np.sum(weights**2, axis=(-2, -1))
    if not np.all(total > 0):
        raise InputError("weights that are all 0 have no share: leave such networks out")
    basis = np.linalg.qr(np.transpose(directions))[0]
    return np.sum((weights @ basis) ** 2, axis=(-2, -1)) / total
