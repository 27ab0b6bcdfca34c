"""Two-layer ReLU networks as sums of neurons, and where they start."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np

from limes.beyond.population import population_loss, relu_gram
from limes.core.errors import InputError


class TwoLayer(NamedTuple):
    """f(x) = sum_j a_j relu(w_j.x), or many of them along leading axes.

    Attributes:
        coef: a, (..., m).
        weights: w, (..., m, d).
    """

    coef: Any
    weights: Any

    @property
    def mass(self) -> np.ndarray:
        """|a_j||w_j|, (..., m): what a neuron weighs in f, however it is scaled."""
        return np.abs(np.asarray(self.coef)) * np.linalg.norm(self.weights, axis=-1)

    @property
    def directions(self) -> np.ndarray:
        """w_j / |w_j|, (..., m, d); 0 for a neuron of length 0."""
        lengths = np.linalg.norm(self.weights, axis=-1, keepdims=True)
        return np.asarray(self.weights) / np.where(lengths == 0, 1.0, lengths)

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """f at the rows of x (n, d): (..., n).

        Raises:
            InputError: for inputs of another shape.
        """
        if np.ndim(x) != 2 or np.shape(x)[1] != np.shape(self.weights)[-1]:
            raise InputError(f"inputs (n, {np.shape(self.weights)[-1]}) are needed, not {np.shape(x)}")
        active = np.maximum(np.einsum("...jd,nd->...nj", self.weights, x), 0.0)
        return np.einsum("...nj,...j->...n", active, self.coef)

    def loss(self, teacher: "TwoLayer", *, remove_affine: bool = False) -> np.ndarray:
        """E (f - f*)^2 over normal inputs, see `limes.beyond.population.population_loss`: (...)."""
        return population_loss(*self, *teacher, remove_affine=remove_affine)

    def second_moment(self, *, remove_affine: bool = False) -> np.ndarray:
        """E f^2 over normal inputs, without its affine part on demand: (...)."""
        return population_loss(*self, 0.0 * self.coef, self.weights, remove_affine=remove_affine)

    def balanced(self) -> Self:
        """The same function with |a_j| = |w_j|, which has the least |a|^2 + |W|^2."""
        root = np.sqrt(self.mass)
        return self._replace(coef=np.sign(self.coef) * root, weights=root[..., None] * self.directions)


def require_paired(network: TwoLayer, name: str = "network") -> None:
    """Refuse a network that has not one coefficient to each neuron of each network.

    Raises:
        InputError: if the shape of `coef` is not that of `weights` without its last axis.
    """
    a, w = np.shape(network.coef), np.shape(network.weights)
    if len(w) < 2 or a != w[:-1]:
        raise InputError(
            f"the {name} has coefficients {a} and weights {w}: give coefficients (..., m), weights (..., m, d)"
        )


def require_teacher(teacher: TwoLayer, start: TwoLayer) -> None:
    """Refuse what cannot learn from one network.

    Raises:
        InputError: for several teachers, one in other dimensions than the start, and as of `require_paired`.
    """
    if np.ndim(teacher.coef) != 1 or np.shape(teacher.weights)[-1] != np.shape(start.weights)[-1]:
        raise InputError(
            f"a single teacher in {np.shape(start.weights)[-1]} dimensions is needed, not weights of shape "
            f"{np.shape(teacher.weights)}"
        )
    require_paired(teacher, "teacher")
    require_paired(start, "start")


def gram(network: TwoLayer, other: TwoLayer, *, remove_affine: bool = False) -> np.ndarray:
    """E relu(u_i.x) relu(v_j.x) of the weights of two networks, (..., m, n); on demand without their affine parts."""
    whole = relu_gram(network.weights, other.weights)
    if not remove_affine:
        return whole
    lengths = [np.linalg.norm(n.weights, axis=-1) for n in (network, other)]
    affine = lengths[0][..., :, None] * lengths[1][..., None, :] / (2 * np.pi)
    return whole - affine - np.einsum("...id,...jd->...ij", network.weights, other.weights) / 4


def orthonormal_teacher(dimension: int, n_neurons: int, *, seed: int | None = None) -> TwoLayer:
    """f* = sum_i relu(w*_i.x) with orthonormal w*_i: the first unit vectors, or drawn at random with a seed.

    Raises:
        InputError: for a number of neurons above the dimension, or below 1.

    Example:
        >>> orthonormal_teacher(3, 2).weights
        array([[1., 0., 0.],
               [0., 1., 0.]])
    """
    if not 1 <= n_neurons <= dimension:
        raise InputError(f"there are 1 to {dimension} orthonormal vectors in {dimension} dimensions, not {n_neurons}")
    weights = np.eye(dimension)[:n_neurons]
    if seed is not None:
        q, r = np.linalg.qr(np.random.default_rng(seed).standard_normal((dimension, n_neurons)))
        weights = (q * np.sign(np.diag(r))).T
    return TwoLayer(np.ones(n_neurons), weights)


def random_start(
    dimension: int, n_neurons: int, *, size: float = 1.0, seeds: Sequence[int] = (0,), symmetric: bool = False
) -> TwoLayer:
    """Networks with |w_j| = |a_j| = size, uniform directions and random signs of a, one for each seed.

    Args:
        dimension: d.
        n_neurons: m.
        size: of both layers.
        seeds: along the leading axis; same seed, same network.
        symmetric: whether the second half of the neurons repeats the first with the other sign, so that f = 0.

    Raises:
        InputError: for fewer than one dimension, neuron or seed, a size that is not above 0, or an odd number of
            neurons in halves.

    Example:
        >>> start = random_start(5, 8, size=0.1, seeds=range(3), symmetric=True)
        >>> start.weights.shape, bool(abs(start.outputs(np.eye(5))).max() < 1e-15)
        ((3, 8, 5), True)
    """
    if dimension < 1 or n_neurons < 1 or not len(seeds) or not size > 0 or (symmetric and n_neurons % 2):
        raise InputError(
            f"at least one dimension, neuron and seed, a size above 0 and an even number of neurons in halves are "
            f"needed, not {dimension}, {n_neurons}, {len(seeds)} and {size}"
        )
    drawn = n_neurons // 2 if symmetric else n_neurons
    coef, weights = [], []
    for seed in seeds:
        rng = np.random.default_rng([seed, drawn])
        w = rng.standard_normal((drawn, dimension))
        weights.append(size * w / np.linalg.norm(w, axis=1, keepdims=True))
        coef.append(size * rng.choice([-1.0, 1.0], drawn))
    a, w = np.stack(coef), np.stack(weights)
    if symmetric:
        a, w = np.concatenate([a, -a], axis=-1), np.concatenate([w, w], axis=-2)
    return TwoLayer(a, w)
