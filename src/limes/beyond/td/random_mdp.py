"""Random processes to learn from: Dirichlet transitions, features on the unit sphere, rewards tanh(2 w . x)."""

import numpy as np

from limes.beyond.td.decisions import DecisionProcess
from limes.beyond.td.process import RewardProcess
from limes.beyond.td.sampling import require_seed
from limes.core.errors import InputError


def sphere(n: int, d: int, rng: np.random.Generator) -> np.ndarray:
    """(n, d) independent uniform unit vectors, for features of a process that has none.

    Example:
        >>> sphere(3, 2, np.random.default_rng(0)).shape
        (3, 2)
    """
    drawn = rng.standard_normal((n, d))
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def random_process(
    n_states: int, inputs: int, *, discount: float, concentration: float = 0.1, seed: int = 0
) -> RewardProcess:
    """A random chain.

    Args:
        n_states: n.
        inputs: length d of the features.
        discount: gamma.
        concentration: of the symmetric Dirichlet distribution of each row of P; small numbers for few followers.
        seed: of all draws. The stream depends on (seed, n, d), as that of `TwoLayerNet.draw` on (seed, m, d): for a
            net of width n take another seed, or both are made of the same numbers.

    Raises:
        InputError: for values out of range.

    Example:
        >>> random_process(5, 3, discount=0.9).transitions.shape
        (5, 5)
    """
    if min(n_states, inputs) < 1 or not concentration > 0:
        raise InputError(
            f"states, inputs and concentration are positive, not {n_states}, {inputs} and {concentration!r}"
        )
    require_seed(seed)
    rng = np.random.default_rng([seed, n_states, inputs])
    transitions = rng.dirichlet(np.full(n_states, concentration), n_states)
    features = sphere(n_states, inputs, rng)
    rewards = np.tanh(2 * features @ rng.standard_normal(inputs))
    return RewardProcess(transitions, rewards, discount, features)


def random_decisions(
    n_states: int, n_actions: int, inputs: int, *, discount: float, concentration: float = 0.1, seed: int = 0
) -> DecisionProcess:
    """A random decision process, with transitions and features drawn for each pair of state and action.

    Args:
        n_states, n_actions: S and A.
        inputs, discount, concentration, seed: as for `random_process`.

    Raises:
        InputError: for values out of range.
    """
    if min(n_states, n_actions, inputs) < 1 or not concentration > 0:
        raise InputError(
            f"states, actions, inputs and concentration are positive, not {n_states}, {n_actions}, {inputs} and "
            f"{concentration!r}"
        )
    require_seed(seed)
    rng = np.random.default_rng([seed, n_states, n_actions, inputs])
    transitions = rng.dirichlet(np.full(n_states, concentration), (n_states, n_actions))
    features = sphere(n_states * n_actions, inputs, rng).reshape(n_states, n_actions, inputs)
    rewards = np.tanh(2 * features @ rng.standard_normal(inputs))
    return DecisionProcess(transitions, rewards, discount, features)
