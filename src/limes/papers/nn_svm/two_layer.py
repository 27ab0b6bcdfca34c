"""A finite network of two layers in the NTK parametrisation, written out: f(x) = a . relu(W x / sqrt d) / sqrt m.

It is `nets.mlp(2, w_std=1)` with one output; outputs, gradients and the empirical NTK of hundreds of inputs at widths
of ten thousand and more take two matrix products each.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from limes.nets import Net, mlp

NET: Net = mlp(2, w_std=1.0)
"""Its limit: NTK(x, z) = |x| |z| h(u) / (2 pi d), h(u) = 2 u (pi - arccos u) + sqrt(1 - u^2), u the cosine."""


@dataclass(frozen=True, eq=False)
class TwoLayer:
    """Weights.

    Attributes:
        w: (d, m).
        a: (m,).
    """

    w: np.ndarray
    a: np.ndarray

    @property
    def width(self) -> int:
        """Hidden units."""
        return len(self.a)

    def hidden(self, x: np.ndarray) -> np.ndarray:
        """Units before the activation: (n, d) -> (n, m)."""
        return x @ self.w / np.asarray(self.w.shape[0] ** 0.5, self.w.dtype)

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """(n, d) -> (n,)."""
        return np.maximum(self.hidden(x), 0) @ self.a / self.width**0.5

    def gradient(
        self, x: np.ndarray, v: np.ndarray | Callable[[np.ndarray], np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Outputs (n,), and the gradients of sum(v * outputs) in w and a, where v may be a function of the outputs."""
        hidden = self.hidden(x)
        active = np.maximum(hidden, 0)
        outputs = active @ self.a / self.width**0.5
        v = (v(outputs) if callable(v) else v).astype(self.w.dtype)
        scale = np.asarray((self.width * self.w.shape[0]) ** -0.5, self.w.dtype)
        in_w = x.T @ ((hidden > 0) * (v[:, None] * self.a)) * scale
        return outputs, in_w, v @ active / self.width**0.5

    def kernel(self, x: np.ndarray, z: np.ndarray) -> np.ndarray:
        """The empirical NTK between two batches: (n, m')."""
        first, second = (self.hidden(points) for points in (x, z))
        last = np.maximum(first, 0) @ np.maximum(second, 0).T
        slopes = ((first > 0) * self.a**2) @ (second > 0).T.astype(self.w.dtype)
        return (last + x @ z.T / self.w.shape[0] * slopes) / self.width

    def along(self, x: np.ndarray, w: np.ndarray, a: np.ndarray) -> np.ndarray:
        """Derivatives (n,) of the outputs in the direction (w, a) of the weights."""
        hidden = self.hidden(x)
        moved = x @ w / np.asarray(self.w.shape[0] ** 0.5, self.w.dtype)
        return (np.maximum(hidden, 0) @ a + ((hidden > 0) * moved) @ self.a) / self.width**0.5

    def moved(self, w: np.ndarray, a: np.ndarray) -> "TwoLayer":
        """Other weights."""
        return replace(self, w=w, a=a)


def draw(seed: int, d: int, width: int, *, symmetric: bool, dtype: str = "float32") -> TwoLayer:
    """Standard normal weights; `symmetric` networks consist of two halves whose outputs cancel, so that f is 0."""
    rng = np.random.default_rng([seed, d, width])
    count = width // 2 if symmetric else width
    w, a = rng.standard_normal((d, count)).astype(dtype), rng.standard_normal(count).astype(dtype)
    if symmetric:
        w, a = np.concatenate([w, w], axis=1), np.concatenate([a, -a])
    return TwoLayer(w, a)
