"""Two-layer ReLU networks without biases as arrays of neurons, and what a neuron adds to the function.

f(x) = sum_m a_m relu(u_m . x). A row of `neurons` is (u_m, a_m): p incoming weights and one outgoing. What the network
computes depends on the products a_m u_m and on the signs of a_m alone: u -> s u, a -> a / s changes nothing for s > 0.
"""

from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from limes.core.errors import InputError


def respond(neurons: Any, x: Any) -> Any:
    """f(x) of one network or several.

    Args:
        neurons: (..., m, p + 1), NumPy or JAX.
        x: (n, p).

    Returns:
        (..., n).

    Cost: O(m n p) a network.

    Example:
        >>> respond(np.array([[1.0, 0.0, 2.0]]), np.array([[3.0, 5.0], [-3.0, 5.0]]))
        array([6., 0.])
    """
    ahead = neurons[..., :-1] @ x.T
    return ((ahead * (ahead > 0)) * neurons[..., -1:]).sum(-2)


def contributions(neurons: Any) -> Any:
    """a_m u_m, by which a neuron adds relu(a_m u_m . x) if a_m > 0: (..., m, p + 1) -> (..., m, p)."""
    return neurons[..., -1:] * neurons[..., :-1]


def balanced(neurons: np.ndarray) -> np.ndarray:
    """The same function with |u_m| = |a_m|, which is where |u_m|^2 + a_m^2 is least.

    Example:
        >>> balanced(np.array([[4.0, 0.0, 1.0]]))
        array([[2., 0., 2.]])
    """
    u, a = np.linalg.norm(neurons[..., :-1], axis=-1), np.abs(neurons[..., -1])
    size = np.sqrt(u * a)
    with np.errstate(divide="ignore", invalid="ignore"):
        factors = np.where(size > 0, np.stack([size / u, size / a]), 0.0)
    return np.concatenate([neurons[..., :-1] * factors[0][..., None], (neurons[..., -1] * factors[1])[..., None]], -1)


def split(truth: np.ndarray, groups: Any, shares: Any) -> np.ndarray:
    """A wider network with the function of a narrower one: neuron m is sqrt(c_m) times neuron groups[m].

    Args:
        truth: (r, p + 1).
        groups: (m,) indices of neurons of `truth`, each of which occurs.
        shares: c, (..., m), at least 0, that add up to 1 within each group.

    Returns:
        (..., m, p + 1).

    Raises:
        InputError: for groups that leave a neuron out, or shares that do not add up to 1.

    Reference: Ruegamer 2026 (arXiv 2605.25234), the manifolds M_s.

    Example:
        >>> split(np.array([[2.0, 2.0]]), (0, 0), (0.25, 0.75))[0]
        array([1., 1.])
    """
    groups, shares = np.asarray(groups, int), np.asarray(shares, float)
    if set(groups.tolist()) != set(range(len(truth))) or shares.shape[-1] != len(groups):
        raise InputError(
            f"groups {groups.tolist()} with {shares.shape[-1]} shares do not split {len(truth)} neurons: name each "
            "neuron at least once, and give one share to a part"
        )
    sums = np.stack([shares[..., groups == j].sum(-1) for j in range(len(truth))])
    if (shares < 0).any() or not np.allclose(sums, 1.0):
        raise InputError("shares must be at least 0 and add up to 1 within each group")
    return np.sqrt(shares)[..., None] * truth[groups]


def assign(neurons: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Which neuron of the truth each neuron serves: the one whose contribution points most nearly its way.

    Args:
        neurons: (..., m, p + 1).
        truth: (r, p + 1).

    Returns:
        (..., m) indices.
    """
    found, wanted = contributions(neurons), contributions(truth)
    wanted = wanted / np.linalg.norm(wanted, axis=-1, keepdims=True)
    return (found @ wanted.T).argmax(-1)


def chambers(neurons: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The permutation that each network is in: neuron m of the truth is neuron chambers[..., m] of the network.

    The nearest by the squared distances of contributions, among all that use every neuron once.

    Args:
        neurons: (..., m, p + 1).
        truth: (m, p + 1), as many.

    Raises:
        InputError: if the numbers of neurons differ.

    Cost: O(m^3) a network, some 10 microseconds at least.

    Example:
        >>> two = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
        >>> chambers(two[::-1], two)
        array([1, 0])
    """
    if neurons.shape[-2] != len(truth):
        raise InputError(
            f"{neurons.shape[-2]} neurons are no permutation of {len(truth)}: chambers are those of networks as wide "
            "as the truth; see `assign` for wider ones"
        )
    found, wanted = contributions(neurons), contributions(truth)
    costs = ((wanted[:, None, :] - found[..., None, :, :]) ** 2).sum(-1).reshape(-1, len(truth), len(truth))
    order = np.array([linear_sum_assignment(cost)[1] for cost in costs])
    return order.reshape(neurons.shape[:-1])


def switches(order: np.ndarray) -> np.ndarray:
    """How often a chain changes its chamber: (..., draws, m) -> (...)."""
    return (np.diff(order, axis=-2) != 0).any(-1).sum(-1)
