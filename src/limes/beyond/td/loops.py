"""The compiled loop of projected, averaged semigradient steps on given samples."""

from typing import Any

import numba
import numpy as np

_compiled: Any = numba.njit(fastmath={"contract", "nsz", "reassoc"}, nogil=True, cache=True)


@_compiled
def _forward(x, weights, signs, z):
    """Pre-activations of all neurons into z; the value without its factor."""
    z[:] = x[0] * weights[0]
    for k in range(1, x.size):
        z += x[k] * weights[k]
    value = 0.0
    for r in range(z.size):
        value += signs[r] * max(z[r], 0.0)
    return value


@_compiled
def _backed_up(q, beta):
    """The largest of q, or for finite beta log(mean(exp(beta q))) / beta, the mean where beta is 0."""
    top = q.max()
    if q.size == 1 or np.isinf(beta):
        return top
    if beta == 0.0:
        return q.mean()
    return top + np.log(np.exp(beta * (q - top)).mean()) / beta


@_compiled
def semigradient_steps(features, samples, rates, net, radius, beta):
    """Steps of Algorithms 1 and 2 of Cai et al. 2019, one for each sample; weights and their sum are changed in place.

    Args:
        features: (n, d).
        samples: state (t,), first row of the followers (t,), their number (1 for a given one, the actions for
            Q-learning), reward (t,) and discount (t,).
        rates: eta, (t,).
        net: signs (m,), initial weights (d, m), weights (d, m), and the sum of the weights (d, m) that each step adds
            to.
        radius: B of the ball round the initial weights.
        beta: see `_backed_up`.

    Returns:
        In how many steps the projection changed the weights.
    """
    state, follower, n_followers, reward, discount = samples
    signs, initial, weights, total = net
    d, m = weights.shape
    scale = 1.0 / np.sqrt(m)
    z, other, q = np.empty(m), np.empty(m), np.empty(n_followers)
    projected = 0
    for t in range(state.size):
        x = features[state[t]]
        for c in range(n_followers):
            q[c] = scale * _forward(features[follower[t] + c], weights, signs, other)
        error = scale * _forward(x, weights, signs, z) - reward[t] - discount[t] * _backed_up(q, beta)
        pull = -rates[t] * error * scale
        for r in range(m):
            z[r] = pull * signs[r] if z[r] > 0.0 else 0.0
        moved = 0.0
        for k in range(d):
            row, start = weights[k], initial[k]
            for r in range(m):
                row[r] += x[k] * z[r]
                moved += (row[r] - start[r]) ** 2
        if moved > radius * radius:
            projected += 1
            back = radius / np.sqrt(moved)
            for k in range(d):
                weights[k] = initial[k] + back * (weights[k] - initial[k])
        for k in range(d):
            total[k] += weights[k]
    return projected
