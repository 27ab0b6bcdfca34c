"""The problem of claims 1 to 6: points on the sphere with random labels."""

import numpy as np

from limes.finite.inactive import ShallowNet, stable_rate


def problem(seed: int, n: int, d: int, m: int, bias: float) -> tuple[ShallowNet, np.ndarray, np.ndarray, float]:
    """Network, unit vectors (n, d), labels +-1 (n, 1), and one over the largest eigenvalue of the NTK."""
    rng = np.random.default_rng([seed, n, d])
    x = rng.standard_normal((n, d), np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    y = rng.choice([-1.0, 1.0], (n, 1))
    net = ShallowNet.draw(d, m, bias, key=seed)
    return net, x, y, stable_rate(net, x)
