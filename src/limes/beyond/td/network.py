"""The two-layer network of neural temporal-difference learning, and its linearisation with frozen gates.

    Q(x; W) = m^(-1/2) sum_r b_r max(W_r . x, 0),    Q_0(x; W) = m^(-1/2) sum_r b_r 1{W_r(0) . x > 0} W_r . x,

with fixed signs b_r and W_r(0) ~ N(0, I_d / d), the entries of Cai et al. 2019 (arXiv 1905.10027). Q_0 is linear in W,
and its tangent kernel m^-1 sum_r 1{W_r(0) . x > 0, W_r(0) . y > 0} x . y has the limit x . y (pi - angle) / (2 pi).
"""

from dataclasses import dataclass

import numpy as np

from limes.core.errors import InputError


@dataclass(frozen=True, eq=False)
class TwoLayerNet:
    """A network at its initial weights.

    Attributes:
        signs: b, (m,), +1 or -1.
        weights: W(0), (m, d).

    Raises:
        InputError: for shapes that do not belong together, other signs, or weights that are not finite.

    Example:
        >>> net = TwoLayerNet.draw(width=64, inputs=3, seed=1)
        >>> bool(abs(net.values(np.eye(3))).max() < 1e-15), net.kernel(np.eye(3)).shape
        (True, (3, 3))
    """

    signs: np.ndarray
    weights: np.ndarray

    def __post_init__(self) -> None:
        signs, weights = np.array(self.signs, float), np.array(self.weights, float)
        if weights.ndim != 2 or not weights.size or signs.shape != weights.shape[:1]:
            raise InputError(
                f"signs {signs.shape} and weights {weights.shape} do not belong together: (m,) and (m, d) do"
            )
        if not (np.abs(signs) == 1).all() or not np.isfinite(weights).all():
            raise InputError("signs are +1 or -1, and weights finite")
        object.__setattr__(self, "signs", signs)
        object.__setattr__(self, "weights", weights)

    @classmethod
    def draw(cls, width: int, inputs: int, *, antisymmetric: bool = True, seed: int = 0) -> "TwoLayerNet":
        """Random signs and weights N(0, I_d / d).

        Args:
            width: m.
            inputs: d.
            antisymmetric: draw half of the neurons, and each once more with the other sign, so that Q = 0 at the start.
            seed: of the draw; see `random_process` for one with as many states as the net has neurons.

        Raises:
            InputError: for sizes below 1, or an odd width where neurons come in pairs.
        """
        if min(width, inputs) < 1 or (antisymmetric and width % 2):
            raise InputError(
                f"width and inputs are at least 1, and neurons in pairs of opposite signs an even number, not {width} "
                f"and {inputs}"
            )
        if seed < 0:
            raise InputError(f"seed is a whole number from 0 on, not {seed!r}")
        rng = np.random.default_rng([seed, width, inputs])
        drawn = width // 2 if antisymmetric else width
        weights = rng.standard_normal((drawn, inputs)) / np.sqrt(inputs)
        signs = rng.choice([-1.0, 1.0], drawn)
        if antisymmetric:
            return cls(np.concatenate([signs, -signs]), np.concatenate([weights, weights]))
        return cls(signs, weights)

    @property
    def width(self) -> int:
        """Number m of neurons."""
        return len(self.signs)

    def values(self, x: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
        """Q(x; W) for rows x (n, d), at W(0) where no weights (m, d) are given: (n,)."""
        weights = self.weights if weights is None else weights
        return np.maximum(x @ weights.T, 0) @ self.signs / np.sqrt(self.width)

    def linear_values(self, x: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Q_0(x; W) for rows x (n, d): (n,)."""
        return np.where(x @ self.weights.T > 0, x @ weights.T, 0) @ self.signs / np.sqrt(self.width)

    def kernel(self, x: np.ndarray) -> np.ndarray:
        """(n, n) tangent kernel of the frozen gates; O(n^2 m)."""
        gates = (x @ self.weights.T > 0).astype(float)
        return gates @ gates.T / self.width * (x @ x.T)

    def combine(self, x: np.ndarray, coef: np.ndarray) -> np.ndarray:
        """sum_i coef_i grad_W Q_0(x_i), (m, d), for coef (n,)."""
        gates = x @ self.weights.T > 0
        return (self.signs / np.sqrt(self.width))[:, None] * ((gates * coef[:, None]).T @ x)
