"""Two-layer networks whose output weights are fixed signs, and their loss under attack.

    f(x) = sum_s a_s phi(w_s . x),   a_s = +1 / sqrt(m), -1 / sqrt(m) in turn,   phi(z) = log(1 + exp(z))

Only the hidden weights w (m, d) are trained, on the mean logistic loss log(1 + exp(-y f)) at inputs that projected
gradient ascent moved. As |phi'| <= 1 and |phi''| <= 1/4, and with reach C, the largest |x| that an attack can make,

    the loss is C-Lipschitz in w,    and  l = C^2 / (4 sqrt(m))  makes  loss + l/2 |w|^2  convex:

the Hessian is l'' grad f grad f' + l' diag(a_s phi''(w_s . x)) (x) x x', whose first part has no negative eigenvalue;
and a maximum over perturbations of functions with one such l has it too. This is the setting of Zhang, Wang & Arora
(NeurIPS 2024), whose constants are derived here.
"""

import functools
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from limes.attacks.search import require_count
from limes.attacks.threat import parse_eps, require_norm
from limes.core import keys, precision
from limes.core.errors import InputError
from limes.core.types import Array, Norm
from limes.finite.ball import Ball

SLOPE, CURVATURE = 1.0, 0.25
"""Largest |phi'| and |phi''|; the latter is also that of the logistic loss in its margin."""


@dataclass(frozen=True)
class RobustLoss:
    """The mean logistic loss of a network with fixed signs at attacked inputs. All of it in float64.

    The attack starts at the clean point, so that nothing is random, takes normalised steps of 2.5 eps / attack_steps
    and stays in the ball; no box.

    Attributes:
        eps: radius, in the units of x; a number or a fraction.
        norm: "l2" or "linf".
        attack_steps: of the attack. Three come within 1e-3 of the worst loss at a radius of .2 for inputs of length 1.

    Raises:
        InputError: for a radius or norm that cannot be used, fewer than 1 step, and at a call for arrays whose shapes
            do not match, values that are not finite, or labels other than 1 and -1.

    Cost of a call: attack_steps + 1 passes of 4 n d m multiplications and n m exponentials.

    Reference: Zhang, Wang & Arora, NeurIPS 2024; attack of Madry et al. 2018, arXiv 1706.06083.

    Example:
        >>> loss, x, y = RobustLoss(eps=0.1), np.eye(3), np.array([1.0, -1.0, 1.0])
        >>> w = draw_weights(0, width=50, n_features=3)
        >>> loss.value(w, x, y) > RobustLoss(eps=0.0).value(w, x, y)
        True
    """

    eps: float
    norm: Norm = "l2"
    attack_steps: int = 3

    def __post_init__(self) -> None:
        object.__setattr__(self, "eps", parse_eps(self.eps))
        require_norm(self.norm, Norm)
        require_count(self.attack_steps, "attack_steps")

    def attack(self, w: Array, x: Array, y: Array) -> np.ndarray:
        """The attacked inputs: (n, d)."""
        with precision.scope(np.float64):
            return np.asarray(_attack(self.norm, self.attack_steps, self.eps, *check(w, x, y)))

    def value(self, w: Array, x: Array, y: Array) -> float:
        """The mean loss at attacked inputs."""
        with precision.scope(np.float64):
            return float(_value(self.norm, self.attack_steps, self.eps, *check(w, x, y)))

    def slope(self, w: Array, x: Array, y: Array) -> np.ndarray:
        """The gradient (m, d) of the mean loss at the attacked inputs, a subgradient of the worst-case loss."""
        with precision.scope(np.float64):
            return np.asarray(_slope(self.norm, self.attack_steps, self.eps, *check(w, x, y))[1])

    def reach(self, x: Array) -> float:
        """C, the largest Euclidean norm of an input that the attack can make from those of x (n, d)."""
        x = np.asarray(x, np.float64)
        if self.norm == "l2":
            return float(np.linalg.norm(x, axis=1).max()) + self.eps
        return float(np.linalg.norm(np.abs(x) + self.eps, axis=1).max())


def draw_weights(key: keys.KeyLike, width: int, n_features: int) -> np.ndarray:
    """Standard normal hidden weights: (width, n_features), float64.

    The output weights are positive and negative in turn: an even width has as many of each, an odd one a positive more.

    Raises:
        InputError: for counts below 1, or a key that is none.

    Example:
        >>> draw_weights(0, width=4, n_features=3).shape
        (4, 3)
    """
    require_count(width, "width")
    require_count(n_features, "n_features")
    with precision.scope(np.float64):
        return np.asarray(jax.random.normal(keys.as_key(key), (width, n_features), np.float64))


def outputs(w: Any, x: Any) -> Any:
    """f(x) of the networks: weights (m, d) and inputs (n, d) to (n,); arrays or tracers."""
    return jax.nn.softplus(x @ w.T) @ _signs(w)


def attacked(norm: Norm, steps: int, eps: Any, w: Any, x: Any, y: Any) -> Any:
    """Attacked inputs, for use within a traced function; `eps` may be traced."""
    signs = _signs(w)

    def uphill(z: Any) -> Any:
        return -y[:, None] * ((jax.nn.sigmoid(z @ w.T) * signs) @ w)

    return Ball(norm).ascend(uphill, x, x, eps, steps)


def loss_and_slope(norm: Norm, steps: int, eps: Any, w: Any, x: Any, y: Any) -> tuple[Any, Any]:
    """Mean loss at freshly attacked inputs and its gradient (m, d), written out, for use within a traced function."""
    z = attacked(norm, steps, eps, w, x, y)
    hidden, signs = z @ w.T, _signs(w)
    margins = y * (jax.nn.softplus(hidden) @ signs)
    pull = -y * jax.nn.sigmoid(-margins) / len(x)
    return jax.nn.softplus(-margins).mean(), signs[:, None] * ((jax.nn.sigmoid(hidden).T * pull) @ z)


def check(w: Array, x: Array, y: Array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights, inputs and labels in float64, met at the door."""
    w, x, y = (np.asarray(a, np.float64) for a in (w, x, y))
    if w.ndim != 2 or x.ndim != 2 or w.shape[1] != x.shape[1] or y.shape != x.shape[:1] or not x.size:
        raise InputError(
            f"w must be (m, d), x (n, d) and y (n,) with the same d and n, not {w.shape}, {x.shape} and {y.shape}"
        )
    for name, array in (("w", w), ("x", x)):
        precision.require_finite(array, name)
    require_signs(y)
    return w, x, y


def require_signs(y: np.ndarray) -> None:
    """Refuse labels other than 1 and -1.

    Raises:
        InputError: naming those that were found.
    """
    if not np.isin(y, (-1.0, 1.0)).all():
        found = np.unique(y)[:5].tolist()
        raise InputError(f"labels must be 1 or -1, not {found}: write y as np.where(y == first, -1.0, 1.0)")


def _signs(w: Any) -> Any:
    return jnp.where(jnp.arange(len(w)) % 2 == 0, 1.0, -1.0).astype(w.dtype) / len(w) ** 0.5


_attack = jax.jit(attacked, static_argnums=(0, 1))
_slope = jax.jit(loss_and_slope, static_argnums=(0, 1))


@functools.partial(jax.jit, static_argnums=(0, 1))
def _value(norm: Norm, steps: int, eps: Any, w: Any, x: Any, y: Any) -> Any:
    return jax.nn.softplus(-y * outputs(w, attacked(norm, steps, eps, w, x, y))).mean()
