"""A Markov decision process in tables: its chain of state-action pairs under a policy, and its optimal values."""

from dataclasses import dataclass

import numpy as np

from limes.beyond.td.process import RewardProcess, require_discount, require_features
from limes.beyond.td.stationary import require_transitions
from limes.core.errors import InputError, NumericalError

_SWEEPS = 1_000_000


@dataclass(frozen=True, eq=False)
class DecisionProcess:
    """States in which an action is chosen.

    Attributes:
        transitions: P(s' | s, a), (S, A, S).
        rewards: (S, A), or (S, A, S) where they depend on the next state.
        discount: gamma in [0, 1), for all states or (S,); see `RewardProcess`.
        features: x of the pairs, (S, A, d), of length 1 each.

    Raises:
        InputError: as `RewardProcess`.

    Example:
        >>> p = np.array([[[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]]])  # action a leads to state a
        >>> mdp = DecisionProcess(p, [[0.0, 0.0], [0.0, 1.0]], 0.5, np.eye(4).reshape(2, 2, 4))
        >>> mdp.optimal_values().round(6)
        array([[0.5, 1. ],
               [0.5, 2. ]])
    """

    transitions: np.ndarray
    rewards: np.ndarray
    discount: np.ndarray | float
    features: np.ndarray

    def __post_init__(self) -> None:
        transitions = require_transitions(self.transitions)
        rewards, features = np.array(self.rewards, float), np.array(self.features, float)
        shape = transitions.shape[:-1]
        good = transitions.ndim == 3 and rewards.shape in (shape, transitions.shape) and features.shape[:-1] == shape
        if not good or transitions.shape[2] != shape[0]:
            raise InputError(
                f"transitions {transitions.shape}, rewards {rewards.shape} and features {features.shape} do not belong "
                "together: they are (S, A, S), (S, A) or (S, A, S), and (S, A, d)"
            )
        require_features(features.reshape(-1, features.shape[-1]), shape[0] * shape[1])
        if not np.isfinite(rewards).all():
            raise InputError("rewards must be finite")
        discount = require_discount(self.discount, shape[0])
        for name, value in (("transitions", transitions), ("rewards", rewards), ("features", features)):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "discount", discount)

    @property
    def n_states(self) -> int:
        """Number S of states."""
        return self.transitions.shape[0]

    @property
    def n_actions(self) -> int:
        """Number A of actions."""
        return self.transitions.shape[1]

    def under(self, policy: np.ndarray | None = None) -> RewardProcess:
        """The chain of pairs (s, a), row s A + a, under a policy (S, A) of probabilities; None for the uniform one.

        Raises:
            InputError: for a policy of another shape, or rows that are no probabilities.
        """
        shape = (self.n_states, self.n_actions)
        policy = require_transitions(np.full(shape, 1 / shape[1]) if policy is None else policy, "policy")
        if policy.shape != shape:
            raise InputError(f"a policy has the shape {shape}, not {policy.shape}")
        n = shape[0] * shape[1]
        transitions = (self.transitions[..., None] * policy).reshape(n, n)
        if self.rewards.ndim == 2:
            rewards = self.rewards.reshape(n)
        else:
            rewards = np.repeat(self.rewards.reshape(n, -1), shape[1], axis=1)
        discount = np.repeat(np.asarray(self.discount), shape[1])
        return RewardProcess(transitions, rewards, discount, self.features.reshape(n, -1))

    def backup(self, values: np.ndarray, beta: float = np.inf) -> np.ndarray:
        """T Q(s, a) = r + gamma sum_s' P(s' | s, a) max_a' Q(s', a') for values (..., S, A).

        Args:
            values: Q.
            beta: infinite for the maximum; else log(mean(exp(beta Q))) / beta over actions, the soft maximum with the
                uniform prior: no expansion, so that T stays a contraction; 0 for the mean.
        """
        rewards = self.rewards if self.rewards.ndim == 2 else (self.transitions * self.rewards).sum(axis=2)
        best = soft_maximum(np.asarray(values, float), beta)
        return rewards + np.asarray(self.discount)[:, None] * np.einsum("sat,...t->...sa", self.transitions, best)

    def optimal_values(self, beta: float = np.inf, tol: float = 1e-12) -> np.ndarray:
        """Q*, (S, A), the fixed point of `backup`, by value iteration.

        Args:
            beta: as for `backup`.
            tol: bound on the largest error, over the largest absolute value where that is above 1.

        Raises:
            NumericalError: if a million sweeps are not enough, for a discount that is too close to 1.

        Cost: O(S^2 A) a sweep, some log(1 / tol) / (1 - gamma) of them.
        """
        gamma = float(np.max(self.discount))
        values = np.zeros((self.n_states, self.n_actions))
        for _ in range(_SWEEPS):
            following = self.backup(values, beta)
            change = float(np.abs(following - values).max())
            values = following
            if change * gamma <= tol * (1 - gamma) * max(1.0, float(np.abs(values).max())):
                return values
        raise NumericalError(f"value iteration did not converge in {_SWEEPS:,} sweeps: lower discount or raise tol")


def soft_maximum(values: np.ndarray, beta: float = np.inf) -> np.ndarray:
    """log(mean(exp(beta Q))) / beta over the last axis, the maximum for infinite beta and the mean for 0.

    Raises:
        InputError: for a negative beta.
    """
    if not beta >= 0:
        raise InputError(f"beta is at least 0, or infinite for the maximum; not {beta!r}")
    top = values.max(axis=-1)
    if np.isinf(beta):
        return top
    if beta == 0:
        return values.mean(axis=-1)
    return top + np.log(np.exp(beta * (values - top[..., None])).mean(axis=-1)) / beta
