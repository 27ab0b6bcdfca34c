"""A Markov chain with rewards: exact values, the Bellman operator, and means over the stationary distribution."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from limes.beyond.td.stationary import require_transitions, stationary_distribution
from limes.core.errors import InputError

_UNIT = 1e-6  # by which a feature may miss length 1


@dataclass(frozen=True, eq=False)
class RewardProcess:
    """States (or pairs of state and action) that follow each other by P, with rewards and a feature vector each.

    Attributes:
        transitions: P, (n, n), rows of probabilities.
        rewards: (n,), or (n, n) where they depend on the next state.
        discount: gamma in [0, 1), for all states or (n,): 0 at a state after which nothing counts, as at the end of an
            episode from where the chain starts again.
        features: x, (n, d), of length 1 each, as the theory has them.

    Raises:
        InputError: for shapes that do not belong together, rows that are no probabilities, discounts outside of
            [0, 1), features of another length, or values that are not finite.

    Example:
        >>> two = RewardProcess([[0.5, 0.5], [1, 0]], [1.0, 0.0], 0.5, np.eye(2))
        >>> two.stationary.round(3), two.value.round(3)
        (array([0.667, 0.333]), array([1.6, 0.8]))
    """

    transitions: np.ndarray
    rewards: np.ndarray
    discount: np.ndarray | float
    features: np.ndarray

    def __post_init__(self) -> None:
        transitions = require_transitions(self.transitions)
        rewards, features = np.array(self.rewards, float), np.array(self.features, float)
        n = len(transitions) if transitions.ndim else 0
        if transitions.shape != (n, n) or rewards.shape not in ((n,), (n, n)) or features.ndim != 2:
            raise InputError(
                f"transitions {transitions.shape}, rewards {rewards.shape} and features {features.shape} do not belong "
                "together: they are (n, n), (n,) or (n, n), and (n, d)"
            )
        discount = require_discount(self.discount, n)
        require_features(features, n)
        if not np.isfinite(rewards).all():
            raise InputError("rewards must be finite")
        for name, value in (("transitions", transitions), ("rewards", rewards)):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "discount", discount)
        object.__setattr__(self, "features", features)

    @property
    def n_states(self) -> int:
        """Number n of states."""
        return len(self.transitions)

    @cached_property
    def stationary(self) -> np.ndarray:
        """(n,) the distribution mu = mu P."""
        return stationary_distribution(self.transitions)

    @cached_property
    def expected_rewards(self) -> np.ndarray:
        """(n,) mean reward of a step from each state."""
        return self.rewards if self.rewards.ndim == 1 else (self.transitions * self.rewards).sum(axis=1)

    @cached_property
    def value(self) -> np.ndarray:
        """(n,) V = (I - gamma P)^-1 r, exact; O(n^3)."""
        return np.linalg.solve(np.eye(self.n_states) - self._continued, self.expected_rewards)

    @cached_property
    def _continued(self) -> np.ndarray:
        return np.asarray(self.discount)[:, None] * self.transitions

    def bellman(self, values: np.ndarray) -> np.ndarray:
        """T V = r + gamma P V for values (..., n)."""
        return self.expected_rewards + np.asarray(values) @ self._continued.T

    def mean_square(self, values: np.ndarray) -> np.ndarray:
        """The mean over mu of squared values (..., n): (...)."""
        return np.asarray(values) ** 2 @ self.stationary

    def relative_error(self, values: np.ndarray, reference: np.ndarray | None = None) -> np.ndarray:
        """The mean square of values (..., n) less `reference` (None for V), over that of V.

        Raises:
            InputError: where V is 0, as without rewards: nothing is relative to it; `mean_square` has a unit.
        """
        reference = self.value if reference is None else reference
        return self.mean_square(values - reference) / self._size

    def bellman_error(self, values: np.ndarray) -> np.ndarray:
        """The mean square of V - T V for values (..., n), over that of the exact value.

        Raises:
            InputError: as `relative_error`.
        """
        return self.mean_square(values - self.bellman(values)) / self._size

    @property
    def _size(self) -> float:
        size = float(self.mean_square(self.value))
        if not size > 0:
            raise InputError("the exact value is 0, so that no error is relative to it: take mean_square of the error")
        return size


def require_discount(discount: np.ndarray | float, n: int) -> np.ndarray:
    """(n,) discounts in [0, 1).

    Raises:
        InputError: for others.
    """
    discount = np.array(discount, float)
    if discount.shape not in ((), (n,)) or not ((discount >= 0) & (discount < 1)).all():
        raise InputError(f"discount is one number in [0, 1), or one for each of {n} states, not {discount!r}")
    return np.broadcast_to(discount, (n,)).copy()


def require_features(features: np.ndarray, n: int) -> None:
    """Unit vectors, one for each state.

    Raises:
        InputError: for others.
    """
    if len(features) != n or not np.isfinite(features).all():
        raise InputError(f"{n} states need one finite feature vector each, not features of shape {features.shape}")
    if (worst := float(np.abs(np.linalg.norm(features, axis=-1) - 1).max())) > _UNIT:
        raise InputError(f"features have length 1, but one misses it by {worst:.2g}: divide each by its length")
