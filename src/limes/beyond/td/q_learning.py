"""Projected, averaged neural Q-learning: Algorithm 2 of Cai et al. 2019 (arXiv 1905.10027), and its soft form.

Pairs (s, a) come from the stationary law of a policy that explores; what follows is the best action at the weights of
the moment, whatever the policy would do. The soft form takes log(mean(exp(beta Q))) / beta over actions instead.
"""

from collections.abc import Sequence

import numpy as np

from limes.beyond.td.decisions import DecisionProcess, soft_maximum
from limes.beyond.td.learning import Learned, descend
from limes.beyond.td.network import TwoLayerNet
from limes.beyond.td.sampling import Samples, independent, require_seed, require_steps


def q_learn(
    process: DecisionProcess,
    net: TwoLayerNet,
    steps: int,
    *,
    policy: np.ndarray | None = None,
    beta: float = np.inf,
    radius: float = 10.0,
    rate: float | Sequence[float] | None = None,
    at: Sequence[int] | None = None,
    seed: int = 0,
) -> Learned:
    """Learn optimal values of a decision process.

    Args:
        process: what is sampled.
        net: the network at its initial weights.
        steps: number of samples, one step each.
        policy: that explores, (S, A); None for the uniform one.
        beta: infinite for the maximum over actions, else of the soft one.
        radius, rate, at, seed: as for `limes.beyond.td.learn`.

    Returns:
        Values of the pairs in the order of `DecisionProcess.under`.

    Raises:
        InputError, NumericalError: as `limes.beyond.td.learn`, and for a negative beta.

    Cost: A + 1 evaluations a step.

    Reference: Cai et al. 2019, Algorithm 2. Theorem 6.3 needs a policy that explores strongly.

    Example:
        >>> from limes.beyond.td import random_decisions
        >>> mdp = random_decisions(8, 2, 4, discount=0.5)
        >>> found = q_learn(mdp, TwoLayerNet.draw(64, 4), 4000)
        >>> exact = mdp.optimal_values().ravel()
        >>> bool(mdp.under().relative_error(found.values, exact)[0] < 0.5)
        True
    """
    soft_maximum(np.zeros(1), beta)  # refuses a negative one
    require_seed(seed)
    require_steps(steps)
    pairs = process.under(policy)
    drawn = independent(pairs, steps, np.random.default_rng([seed, steps]))
    followers = drawn.followers // process.n_actions * process.n_actions
    samples = Samples(drawn.states, followers, drawn.rewards)
    return descend(
        pairs.features,
        samples,
        np.asarray(pairs.discount),
        net,
        n_actions=process.n_actions,
        beta=beta,
        radius=radius,
        rate=rate,
        at=at,
    )
