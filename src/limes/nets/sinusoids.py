"""Activations A sin(w x + p): sin, cos, and the pair whose NNGP is the Gaussian (RBF) kernel."""

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp

from limes.core.errors import NetError
from limes.nets.activation import Activation
from limes.nets.layer import check_number


@dataclass(frozen=True)
class _Sinusoid(Activation):
    """What the three share. The phase enters the kernel through cos 2p alone, which is 1, 0 or -1 for them."""

    phase: ClassVar[float]
    cos_2_phase: ClassVar[float]

    @property
    def squared_amplitude(self) -> float:
        """A^2."""
        return 1.0

    @property
    @abstractmethod
    def squared_frequency(self) -> float:
        """w^2."""

    def phi(self, x: jax.Array) -> jax.Array:
        """A sin(w x + p)."""
        return math.sqrt(self.squared_amplitude) * jnp.sin(math.sqrt(self.squared_frequency) * x + self.phase)

    def dual(self, k: jax.Array, v1: jax.Array, v2: jax.Array) -> tuple[jax.Array, jax.Array]:
        """From sin a sin b = (cos(a - b) - cos(a + b)) / 2, with E cos(g + q) = cos(q) exp(-Var(g) / 2).

        With e = exp(-w^2 (v1 + v2 - 2k) / 2) and f = exp(-w^2 (v1 + v2 + 2k) / 2):

            E[phi phi]   = A^2 (e - f cos 2p) / 2
            E[phi' phi'] = A^2 w^2 (e + f cos 2p) / 2
        """
        s = self.squared_frequency
        e = jnp.exp(-0.5 * s * jnp.maximum(v1 + v2 - 2.0 * k, 0.0))
        f = jnp.exp(-0.5 * s * jnp.maximum(v1 + v2 + 2.0 * k, 0.0))
        return self._from_exponentials(e, f, s * k)

    def dual_self(self, v: jax.Array) -> tuple[jax.Array, jax.Array]:
        """At k = v1 = v2, where e = 1."""
        s = self.squared_frequency
        return self._from_exponentials(jnp.ones_like(v), jnp.exp(-2.0 * s * v), s * v)

    def _from_exponentials(self, e: jax.Array, f: jax.Array, sk: jax.Array) -> tuple[jax.Array, jax.Array]:
        half = 0.5 * self.squared_amplitude
        difference = self._difference(e, f, sk)
        total = difference if self.cos_2_phase < 0 else e + f * self.cos_2_phase
        value = difference if self.cos_2_phase > 0 else e - f * self.cos_2_phase
        return half * value, half * self.squared_frequency * total

    @staticmethod
    def _difference(e: jax.Array, f: jax.Array, sk: jax.Array) -> jax.Array:
        """e - f = 2 sqrt(e f) sinh(sk), the second form where the first would cancel (tiny inputs)."""
        near = jnp.abs(sk) < 0.5
        small = jnp.where(near, sk, 0.0)
        square = small * small
        # sinh to float64 rounding below 1/2: the next term of the series is 1e-18 of the first
        series = jnp.zeros_like(square)
        for n in (13, 11, 9, 7, 5, 3):
            series = (series + 1.0) * square / (n * (n - 1))
        return jnp.where(near, 2.0 * jnp.sqrt(e) * jnp.sqrt(f) * small * (1.0 + series), e - f)


@dataclass(frozen=True)
class Sin(_Sinusoid):
    """sin(x)."""

    name: ClassVar[str] = "sin"
    phase: ClassVar[float] = 0.0
    cos_2_phase: ClassVar[float] = 1.0

    @property
    def squared_frequency(self) -> float:
        """1."""
        return 1.0


@dataclass(frozen=True)
class Cos(_Sinusoid):
    """cos(x)."""

    name: ClassVar[str] = "cos"
    phase: ClassVar[float] = math.pi / 2
    cos_2_phase: ClassVar[float] = -1.0

    @property
    def squared_frequency(self) -> float:
        """1."""
        return 1.0


@dataclass(frozen=True)
class Rbf(_Sinusoid):
    """sqrt(2) sin(sqrt(2 gamma) x + pi/4), whose dual activation is exp(-gamma (v1 + v2 - 2k)).

    Behind one dense layer that is the Gaussian kernel (random Fourier features: Rahimi & Recht 2007).

    Attributes:
        gamma: above 0.
    """

    gamma: float = 1.0
    name: ClassVar[str] = "rbf"
    phase: ClassVar[float] = math.pi / 4
    cos_2_phase: ClassVar[float] = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "gamma", check_number("rbf", "gamma", self.gamma, 0.0))
        if self.gamma == 0:
            raise NetError("rbf: gamma must be above 0; with 0 the activation would be the constant 1")

    @property
    def squared_amplitude(self) -> float:
        """2."""
        return 2.0

    @property
    def squared_frequency(self) -> float:
        """2 gamma."""
        return 2.0 * self.gamma
