"""What a network can learn while its neurons keep their directions: random features, and the tangent space.

Both are least squares over normal inputs, so that the best fit is exact, whatever steps a training would take. With
random features only a moves. In the tangent space (the learner of the neural tangent kernel at finite width) neuron j
adds v_j.x relu'(w_j.x) with any v_j; moves of a_j are among these, at v_j along w_j. For unit vectors p and q at an
angle t, with s = sin t and c = cos t, the mixed second derivative of the arc-cosine kernel is

    E relu'(p.x) relu'(q.x) x x' = ((pi - t) I + s p q' + (q - c p)(p - c q)' / s) / (2 pi),

and E relu'(p.x) x relu(w.x) = (s |w| p + (pi - t) w) / (2 pi).
"""

import numpy as np
from scipy.linalg import eigh
from scipy.spatial.distance import cdist

from limes.beyond.features.network import TwoLayer, gram
from limes.core.errors import InputError
from limes.core.memory import require

_CUT = 1e-13  # eigenvalues below this share of the largest belong to no direction


def fit_coefficients(
    teacher: TwoLayer, weights: np.ndarray, penalty: float = 0.0, *, remove_affine: bool = False
) -> TwoLayer:
    """The coefficients for given weights that minimise E (f - f*)^2 + penalty / 2 |a|^2.

    Args:
        teacher: a single network.
        weights: (..., m, d).
        penalty: lambda; for 0 the shortest a, in the directions of the Gram matrix that rounding leaves.
        remove_affine: whether the best affine function is taken from f - f*.

    Raises:
        InputError: for several teachers, another dimension, or a penalty below 0.

    Cost: O(m^3) for each network.

    Example:
        >>> from limes.beyond.features import orthonormal_teacher
        >>> teacher = orthonormal_teacher(3, 2)
        >>> fit_coefficients(teacher, 2 * np.eye(3)).coef.round(6) + 0.0
        array([0.5, 0.5, 0. ])
    """
    if not 0 <= penalty < np.inf:
        raise InputError(f"penalty must be a finite number of at least 0, not {penalty}")
    network = _like(teacher, weights)
    matrix = gram(network, network, remove_affine=remove_affine)
    wanted = gram(network, teacher, remove_affine=remove_affine) @ teacher.coef
    values, vectors = np.linalg.eigh(matrix)
    kept = values > _CUT * values[..., -1:]
    inverse = np.where(kept, 1.0 / np.where(kept, values + penalty / 2, 1.0), 0.0)
    along = np.einsum("...ji,...j->...i", vectors, wanted)
    return network._replace(coef=np.einsum("...ij,...j->...i", vectors, inverse * along))


def tangent_gram(weights: np.ndarray) -> np.ndarray:
    """(m d, m d) second moments of relu'(w_j.x) x, by neuron and then coordinate.

    Args:
        weights: (m, d), of any lengths but 0.
    """
    unit = _unit(weights)
    m, d = unit.shape
    cosine = np.clip(unit @ unit.T, -1.0, 1.0)
    angle, sine = _angle(unit, unit)
    outer = np.einsum("ia,jb->iajb", unit, unit)
    inverse = np.where(sine > 1e-12, 1.0 / np.where(sine > 1e-12, sine, 1.0), 0.0)
    left = unit[None, :, :] - cosine[:, :, None] * unit[:, None, :]  # q - c p at (i, j)
    right = unit[:, None, :] - cosine[:, :, None] * unit[None, :, :]
    across = np.einsum("ija,ijb,ij->iajb", left, right, inverse)
    same = np.einsum("ij,ab->iajb", np.pi - angle, np.eye(d))
    whole = same + sine[:, None, :, None] * outer + across
    return whole.reshape(m * d, m * d) / (2 * np.pi)


def tangent_loss(teacher: TwoLayer, weights: np.ndarray) -> float:
    """The least E (f - f*)^2 over E f*^2 in the tangent space at neurons with these weights, known to about 1e-12.

    Linearised training reaches no less from these neurons, whatever their coefficients, rate and steps: where all
    coefficients differ from 0, its tangent space is this one.

    Args:
        teacher: a single network.
        weights: (m, d).

    Raises:
        InputError: for several teachers, another dimension, or weights of length 0.
        MemoryRefused: if five matrices of (m d)^2 numbers do not fit.

    Cost: O((m d)^3).

    Example:
        >>> from limes.beyond.features import orthonormal_teacher, random_start
        >>> teacher, start = orthonormal_teacher(4, 2), random_start(4, 20)
        >>> losses = [tangent_loss(teacher, start.weights[0, :m]) for m in (5, 10, 20)]
        >>> bool(losses[0] > losses[1] > losses[2])
        True
    """
    weights = np.asarray(weights, np.float64)
    if weights.ndim != 2:
        raise InputError(f"weights are (m, d) here, not {weights.shape}")
    _like(teacher, weights)
    require(5 * 8 * weights.size**2, f"the tangent space at {weights.shape} weights", "take fewer neurons")
    unit = _unit(weights)
    angle, sine = _angle(unit, teacher.directions)
    masses = teacher.coef * np.linalg.norm(teacher.weights, axis=-1)
    wanted = ((sine @ masses)[:, None] * unit + ((np.pi - angle) * masses) @ teacher.directions) / (2 * np.pi)
    values, vectors = eigh(tangent_gram(unit))
    kept = values > _CUT * values[-1]
    along = wanted.ravel() @ vectors[:, kept]
    return max(0.0, 1.0 - float(np.sum(along**2 / values[kept]) / teacher.second_moment()))


def _like(teacher: TwoLayer, weights: np.ndarray) -> TwoLayer:
    """A network of these weights, once they are known to match the teacher."""
    weights = np.asarray(weights, np.float64)
    if np.ndim(teacher.coef) != 1 or weights.ndim < 2 or weights.shape[-1] != teacher.weights.shape[-1]:
        raise InputError(
            f"a single teacher and weights (..., m, d) in its dimension are needed, not weights of shape "
            f"{np.shape(teacher.weights)} and {weights.shape}"
        )
    return TwoLayer(np.zeros(weights.shape[:-1]), weights)


def _angle(p: np.ndarray, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Angles between unit vectors, and their sines, (m, n): from chords, as the cosine is blind near 1."""
    apart = np.stack([cdist(p, q), cdist(p, -q)])
    return 2 * np.arctan2(*apart), apart.prod(axis=0) / 2


def _unit(weights: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(weights, axis=1, keepdims=True)
    if not np.all(lengths > 0):
        raise InputError(f"{int(np.sum(~(lengths > 0)))} of the neurons have no direction: draw them anew")
    return weights / lengths
