"""What steps on samples and on the population ask of their input."""

import numpy as np

from limes.beyond.td.network import TwoLayerNet
from limes.beyond.td.sampling import Samples, require_steps
from limes.core.errors import InputError


def require_run(
    features: np.ndarray, net: TwoLayerNet, steps: int, moments: list[int], rates: np.ndarray, radius: float
) -> None:
    """What steps on samples and on the population have in common.

    Args:
        features: x of the states, (n, d).
        net: the network.
        steps: their number.
        moments: numbers of steps to put on record.
        rates: eta, () or (steps,).
        radius: B.

    Raises:
        InputError: for values out of range, or that do not belong together.
    """
    require_width(features, net)
    require_steps(steps)
    if not moments or moments != sorted(set(moments)) or moments[0] < 0 or moments[-1] > steps:
        raise InputError(f"moments on record rise from 0 to at most {steps} steps, not {moments}")
    if rates.shape not in ((), (1,), (steps,)):
        raise InputError(f"rate is one number, or one for each of {steps} steps, not of shape {rates.shape}")
    if not (rates >= 0).all() or not np.isfinite(rates).all() or not radius > 0:
        raise InputError(f"rate is finite and at least 0, and radius above 0; not {rates.min():g} and {radius!r}")


def require_width(features: np.ndarray, net: TwoLayerNet) -> None:
    """Features of the length d that the net takes.

    Raises:
        InputError: for others.
    """
    if features.shape[1] != net.weights.shape[1]:
        raise InputError(f"the net takes {net.weights.shape[1]} features, but states have {features.shape[1]}")


def require_samples(samples: Samples, n: int, n_actions: int, beta: float) -> Samples:
    """The samples as arrays that the compiled loop may follow: it looks at no bounds.

    Args:
        samples: as given.
        n: number of rows of features.
        n_actions, beta: as for `limes.beyond.td.descend`.

    Raises:
        InputError: for numbers of no row, arrays of several lengths, or rewards that are not finite.
    """
    if n_actions < 1 or n_actions > n or not beta >= 0:
        raise InputError(f"n_actions is 1 to {n} rows, and beta at least 0; not {n_actions!r} and {beta!r}")
    states, followers = np.asarray(samples.states), np.asarray(samples.followers)
    rewards = np.asarray(samples.rewards, float)
    if states.ndim != 1 or not states.shape == followers.shape == rewards.shape:
        raise InputError(
            f"states {states.shape}, followers {followers.shape} and rewards {rewards.shape} have one length t"
        )
    if len(states) and not (np.issubdtype(states.dtype, np.integer) and np.issubdtype(followers.dtype, np.integer)):
        raise InputError(
            f"states and followers are integers, not {states.dtype} and {followers.dtype}: number the states from 0"
        )
    for name, rows, most in (("states", states, n - 1), ("followers", followers, n - n_actions)):
        if len(rows) and not 0 <= rows.min() <= rows.max() <= most:
            raise InputError(f"{name} are 0 to {most} for {n} rows of features, not {rows.min()} to {rows.max()}")
    if not np.isfinite(rewards).all():
        raise InputError("rewards must be finite")
    return Samples(states.astype(np.intp), followers.astype(np.intp), rewards)
