"""Finite groups as orthogonal matrices, element by element.

A compact group is met by quadrature: C_k for SO(2), whose Haar averages over k equispaced angles are the trapezoid rule
and converge geometrically for analytic functions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from limes.core.errors import InputError

_SAME = 1e-9
_LARGEST = 5000  # elements of a group that is generated


@dataclass(frozen=True, eq=False)
class Representation:
    """A finite group acting on R^d by orthogonal matrices.

    Attributes:
        matrices: (k, d, d), one for each element of the group; two elements may act alike.

    Raises:
        InputError: for another shape, matrices that are not orthogonal, or products that are not among them.

    Example:
        >>> turns = rotations(4)
        >>> turns.order, turns.fixed_dimension, conjugation(turns).fixed_dimension
        (4, 0, 2)
    """

    matrices: np.ndarray

    def __post_init__(self) -> None:
        object.__setattr__(self, "matrices", np.asarray(self.matrices, float))
        shape = self.matrices.shape
        if len(shape) != 3 or shape[1] != shape[2] or 0 in shape:
            raise InputError(f"a representation is made of matrices (k, d, d), not of an array of shape {shape}")
        error = np.abs(self.matrices @ np.swapaxes(self.matrices, 1, 2) - np.eye(shape[1])).max()
        if not error < _SAME:
            raise InputError(
                f"matrices of a representation are orthogonal, but M M^T differs from the identity by {error:.2g}: "
                "choose coordinates in which they are"
            )
        require_closed([self.matrices])

    @property
    def order(self) -> int:
        """Number of elements k."""
        return self.matrices.shape[0]

    @property
    def dimension(self) -> int:
        """Of the space, d."""
        return self.matrices.shape[1]

    @cached_property
    def projector(self) -> np.ndarray:
        """(d, d): the orthogonal projection on the fixed space, which is the mean of the group."""
        basis = self.fixed_basis
        return basis @ basis.T

    @cached_property
    def fixed_basis(self) -> np.ndarray:
        """(d, r): an orthonormal basis of the vectors that no element moves."""
        mean = self.matrices.mean(0)
        values, vectors = np.linalg.eigh((mean + mean.T) / 2)
        return vectors[:, values > 0.5]  # eigenvalues are 0 and 1

    @property
    def fixed_dimension(self) -> int:
        """Dimension r of the fixed space."""
        return self.fixed_basis.shape[1]

    def project(self, points: np.ndarray) -> np.ndarray:
        """The nearest fixed vectors: (..., d) -> (..., d)."""
        return points @ self.projector

    def orbit(self, points: np.ndarray) -> np.ndarray:
        """The images under all elements: (..., n, d) -> (..., k n, d), the points of the first element first."""
        images = np.einsum("gab,...nb->...gna", self.matrices, points)
        return images.reshape(*images.shape[:-3], -1, self.dimension)


def require_closed(blocks: Sequence[np.ndarray]) -> None:
    """Refuse matrices that are no group: blocks (k, d_i, d_i) are multiplied element by element.

    Raises:
        InputError: if a product of two elements is none of them.

    Cost: O(k^2 sum d_i^2) beyond the products, k at a time.
    """
    flat = np.concatenate([block.reshape(len(block), -1) for block in blocks], axis=1)
    probe = np.random.default_rng(0).standard_normal(flat.shape[1])  # elements that differ have other products with it
    values = flat @ probe
    order = np.argsort(values)
    for i in range(len(flat)):
        product = np.concatenate([(block[i] @ block).reshape(len(block), -1) for block in blocks], axis=1)
        place = np.searchsorted(values[order], product @ probe)
        near = [order[np.clip(place + shift, 0, len(flat) - 1)] for shift in (-1, 0)]
        error = np.min([np.abs(flat[k] - product).max(axis=1) for k in near], axis=0)
        if not (error < _SAME).all():
            j = int(error.argmax())
            raise InputError(
                f"the product of elements {i} and {j} is none of the {len(flat)}, by {error[j]:.2g}: give the whole "
                "group, in the same order for each space; `generate` completes generators"
            )


def generate(*generators: Sequence[np.ndarray]) -> list[Representation]:
    """The group that generators make, one representation for each space that they act on.

    Args:
        generators: for each space the matrices (d, d) of all generators, in the same order.

    Raises:
        InputError: for no or unlike numbers of generators, or a group of more than 5000 elements.

    Example:
        >>> swap, cycle = np.eye(3)[[1, 0, 2]], np.eye(3)[[1, 2, 0]]
        >>> (everything,) = generate([swap, cycle])
        >>> everything.order, everything.fixed_dimension
        (6, 1)
    """
    counts = {len(g) for g in generators}
    if not generators or len(counts) != 1 or counts == {0}:
        raise InputError(f"each space needs the same generators, not {[len(g) for g in generators]} of them")
    steps = [tuple(np.asarray(m, float) for m in together) for together in zip(*generators, strict=True)]
    one = tuple(np.eye(len(m)) for m in steps[0])
    known = {_rounded(one): one}
    new = [one]
    while new:
        products = [tuple(m @ e for m, e in zip(s, element, strict=True)) for element in new for s in steps]
        new = []
        for product in products:
            if _rounded(product) not in known:
                known[_rounded(product)] = product
                new.append(product)
        if len(known) > _LARGEST:
            raise InputError(f"the generators make more than {_LARGEST} elements: is the group finite?")
    return [Representation(np.stack(block)) for block in zip(*known.values(), strict=True)]


def _rounded(element: Sequence[np.ndarray]) -> bytes:
    return b"".join((np.round(m, 6) + 0.0).tobytes() for m in element)


def trivial(order: int, dimension: int) -> Representation:
    """Every one of `order` elements leaves R^d as it is.

    Raises:
        InputError: for numbers below 1.
    """
    if order < 1 or dimension < 1:
        raise InputError(f"order and dimension are at least 1, not {order} and {dimension}")
    return Representation(np.broadcast_to(np.eye(dimension), (order, dimension, dimension)))


def cyclic(n: int) -> Representation:
    """C_n by shifts of n coordinates; n = 2 swaps them.

    Raises:
        InputError: for n below 1.
    """
    if n < 1:
        raise InputError(f"there are shifts of at least one coordinate, not of {n}")
    return Representation(np.stack([np.roll(np.eye(n), shift, axis=0) for shift in range(n)]))


def sign(dimension: int) -> Representation:
    """C_2 by x -> -x.

    Raises:
        InputError: for a dimension below 1.
    """
    if dimension < 1:
        raise InputError(f"dimension is at least 1, not {dimension}")
    return Representation(np.stack([np.eye(dimension), -np.eye(dimension)]))


def rotations(k: int) -> Representation:
    """C_k by rotations of the plane by multiples of 2 pi / k; the trapezoid rule on SO(2).

    Raises:
        InputError: for k below 1.
    """
    if k < 1:
        raise InputError(f"there must be angles, not {k}")
    angles = 2 * np.pi * np.arange(k) / k
    c, s = np.cos(angles), np.sin(angles)
    return Representation(np.stack([np.stack([c, -s], -1), np.stack([s, c], -1)], axis=1))


def quarter_turns(side: int, channels: int = 1) -> Representation:
    """C_4 by quarter turns of images (side, side, channels), flattened in this order.

    Raises:
        InputError: for numbers below 1.

    Example:
        >>> image = np.arange(9.0)
        >>> bool((quarter_turns(3).matrices[1] @ image == np.rot90(image.reshape(3, 3)).ravel()).all())
        True
    """
    if side < 1 or channels < 1:
        raise InputError(f"side and channels are at least 1, not {side} and {channels}")
    places = np.arange(side * side * channels).reshape(side, side, channels)
    return Representation(np.stack([np.eye(places.size)[np.rot90(places, turn).ravel()] for turn in range(4)]))


def on_matrices(outputs: Representation, inputs: Representation) -> Representation:
    """z -> S_g z R_g^T on matrices (q, p), flattened row by row: how linear maps between two spaces turn.

    Raises:
        InputError: for groups of different order.
    """
    _require_same_order(outputs, inputs)
    pairs = zip(outputs.matrices, inputs.matrices, strict=True)
    return Representation(np.stack([np.kron(s, r) for s, r in pairs]))


def conjugation(space: Representation) -> Representation:
    """z -> R_g z R_g^T on square matrices, flattened row by row.

    Example:
        >>> conjugation(cyclic(2)).fixed_dimension
        2
    """
    return on_matrices(space, space)


def together(*parts: Representation) -> Representation:
    """The direct sum: vectors are put one after the other.

    Raises:
        InputError: for none, or groups of different order.
    """
    _require_same_order(*parts)
    total = np.zeros((parts[0].order,) + (sum(p.dimension for p in parts),) * 2)
    place = 0
    for part in parts:
        total[:, place : place + part.dimension, place : place + part.dimension] = part.matrices
        place += part.dimension
    return Representation(total)


def _require_same_order(*parts: Representation) -> None:
    if len({p.order for p in parts}) != 1:
        raise InputError(f"representations of one group have the same elements, not {[p.order for p in parts]}")
