"""Claim 6: the adversarial regularisation kernel of relu nets against random finite networks.

For relu nets its mean is that of the limit at every width: given a unit's input, the unit is on with probability 1/2
and the gradient through it does not depend on the sign (w, b and -w, -b are as likely). So narrow networks serve,
without bias. A single network scatters by sqrt(2 / d) for inputs of d coordinates, so inputs are long. The networks are
plain NumPy, to share no code with what they test.
"""

from typing import Any

import numpy as np

from limes.nets import mlp
from limes.robust.ark import ark

_HIDDEN = (1, 2, 4)
_FEATURES, _WIDTH = 1024, 128
_W_STD, _B_STD, _LARGE_B_STD = 1.76, 0.18, 1.0


def ark_of_relu_nets(seed: int, n_networks: int = 60) -> dict[str, Any]:
    """Standard errors between formula and Monte Carlo, and between inputs and biases, for 1, 2 and 4 hidden layers.

    An input and one ten times as long in another direction are compared with each other, and biases of standard
    deviation 0.18 with those of 1.

    Args:
        seed: of the networks and the inputs.
        n_networks: independent networks for each figure, at least 30.
    """
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(2, _FEATURES)) * [[1.0], [10.0]]
    result: dict[str, Any] = {"hidden_layers": list(_HIDDEN), "formula": [], "mean": [], "error": []}
    against_formula, dependence, library = [], [], []
    for hidden in _HIDDEN:
        formula = _W_STD**2 * (_W_STD**2 / 2) ** hidden
        usual, biased = np.array([_one_network(rng, hidden, x) for _ in range(n_networks)]).transpose(1, 2, 0)
        mean = usual.mean(axis=0)
        against_formula.append(abs(_z(mean - formula)))
        dependence += [abs(_z(usual[1] - usual[0])), abs(_z(biased.mean(axis=0) - mean))]
        net = mlp(hidden + 1, w_std=_W_STD, b_std=_B_STD)
        library.append(float(np.abs(ark(net, x) / formula - 1).max()))
        result["formula"].append(formula)
        result["mean"].append(float(mean.mean()))
        result["error"].append(float(mean.std(ddof=1) / np.sqrt(n_networks)))
    return result | {"z_formula": against_formula, "z_dependence": dependence, "library": library}


def _one_network(rng: np.random.Generator, hidden: int, x: np.ndarray) -> np.ndarray:
    """|df/dx|^2 of one random network of one output at each input, with usual and with large biases: (2, n)."""
    widths = (_FEATURES, *[_WIDTH] * hidden)
    weights = [rng.normal(size=(m, n)) * (_W_STD / np.sqrt(m)) for m, n in zip(widths, (*widths[1:], 1), strict=True)]
    biases = [rng.normal(size=n) for n in widths[1:]]
    return np.array([_squared_gradient(weights, [b_std * b for b in biases], x) for b_std in (_B_STD, _LARGE_B_STD)])


def _squared_gradient(weights: list[np.ndarray], biases: list[np.ndarray], x: np.ndarray) -> np.ndarray:
    on, h = [], x
    for w, b in zip(weights[:-1], biases, strict=True):
        z = h @ w + b
        on.append(z > 0)
        h = np.where(z > 0, z, 0.0)
    gradient = np.tile(weights[-1].T, (len(x), 1))
    for w, active in zip(weights[-2::-1], on[::-1], strict=True):
        gradient = (gradient * active) @ w.T
    return np.sum(gradient**2, axis=1)


def _z(differences: np.ndarray) -> float:
    """A mean in units of its standard error."""
    return float(differences.mean() / (differences.std(ddof=1) / np.sqrt(len(differences))))
