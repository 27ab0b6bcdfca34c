"""Claims 1, 2, 3 and 5: digits 0 against 1 on the unit sphere, and the network of the theory.

f(x) = m^(-1/2) sum_r a_r erf(w_r x) with w_r standard normal and trained, a_r = 1 or -1 and fixed. Distances of the
weights from their start then do not depend on the width; where 1 / m stands in the variance of w_r in place of before
the sum, they are m^(-1/2) times as large.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from limes.attacks import PGD
from limes.core.types import Array
from limes.data import load
from limes.nets import Dense, Erf, Net, serial
from limes.robust import MarginAscent, smooth_hinge

N, D = 100, 64
EPS = 0.2
"""Radius of the l2 balls; points of different labels are 0.5 apart or a little less."""
NET: Net = serial(Dense(D**0.5), Erf(), Dense(trainable=False))
CLASSES = np.array([-1, 1])


def points(seed: int, n: int = N) -> tuple[np.ndarray, np.ndarray]:
    """Digits 0 and 1 as unit vectors (n, 64), float32, and labels -1 and 1."""
    x, y = _digits()
    rows = np.random.default_rng([seed, 11]).permutation(len(x))[:n]
    return x[rows], y[rows]


def start(seed: int, width: int) -> Any:
    """Weights before training."""
    first, between, last = NET.init(seed, (D,), width)
    return [first, between, {"w": jnp.sign(last["w"])}]


def attack(steps: int, start_key: int | None = None) -> MarginAscent:
    """PGD in the balls of radius EPS."""
    return MarginAscent(NET.apply, EPS, steps=steps, start_key=start_key)


@dataclass(frozen=True, eq=False)
class Signed:
    """The network as a Predictor of the labels -1 and 1: scores (-f / 2, f / 2), whose difference is f."""

    params: Any

    @property
    def classes_(self) -> np.ndarray:
        """Labels of the columns."""
        return CLASSES

    @property
    def n_outputs(self) -> int:
        """Number of columns."""
        return 2

    def scores(self, x: Array) -> np.ndarray:
        """(n, d) -> (n, 2)."""
        return np.asarray(_outputs(self.params, x)) * [-0.5, 0.5]

    def scores_vjp(self, x: Array, v: Array) -> np.ndarray:
        """Gradient in x of sum(v * scores(x))."""
        return np.asarray(_pull_back(self.params, x, (np.asarray(v) @ [-0.5, 0.5]).astype(x.dtype)))


def losses(params: Any, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The smooth hinge of each example (n,)."""
    return np.asarray(smooth_hinge(_outputs(params, x)[:, 0], jnp.asarray(y, x.dtype)))


def robust_loss(params: Any, x: np.ndarray, y: np.ndarray) -> float:
    """L_*: the mean over examples of the largest loss found in each ball.

    By PGD-50 with the best point kept, once from the clean point and once from a random one: 100 gradients.
    """
    strong = PGD("l2", steps=50, restarts=2, random_start=False, goal="loss")
    return float(losses(params, strong(Signed(params), x, y, EPS).x_adv, y).mean())


@cache
def _digits() -> tuple[np.ndarray, np.ndarray]:
    data = load("digits")
    rows = np.flatnonzero(data.y <= 1)
    x = np.asarray(data.x[rows], np.float64).reshape(len(rows), -1)
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    return unit.astype(np.float32), np.where(data.y[rows] == 1, 1, -1)


@jax.jit
def _outputs(params: Any, x: jax.Array) -> jax.Array:
    return NET.apply(params, x)


@jax.jit
def _pull_back(params: Any, x: jax.Array, v: jax.Array) -> jax.Array:
    return jax.grad(lambda z: (v * NET.apply(params, z)[:, 0]).sum())(x)
