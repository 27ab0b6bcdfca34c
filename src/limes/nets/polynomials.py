"""Polynomial activations: powers, sums of powers, and Hermite polynomials.

For jointly Gaussian u, v with variances v1, v2 and covariance k, and a polynomial phi, Mehler's formula is finite:

    E[phi(u) phi(v)]   = sum_j k^j / j! F_j(v1) F_j(v2),        F_j(v) = E[phi^(j)(sqrt(v) z)],  z standard normal
    E[phi'(u) phi'(v)] = its derivative in k.

F_j is a polynomial in v, so nothing is singular at v = 0 or at cosine 1. (The Hermite expansion of dual activations:
Daniely et al. 2016, arXiv 1602.05897; here for any variance.)
"""

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from limes.core.errors import NetError
from limes.nets.activation import Activation
from limes.nets.layer import check_number


def check_degree(layer: str, degree: Any, minimum: int) -> int:
    """An integer of at least `minimum` and at most 30, where factorials still leave float32 its digits.

    Raises:
        NetError: otherwise.
    """
    if not isinstance(degree, int) or isinstance(degree, bool) or not minimum <= degree <= 30:
        raise NetError(f"{layer}: degree must be an integer from {minimum} to 30, not {degree!r}")
    return degree


def _double_factorial(n: int) -> int:
    """n (n - 2) (n - 4) ...; 1 for n <= 0."""
    return math.prod(range(n, 0, -2))


def horner(coef: Sequence[Any], x: jax.Array) -> jax.Array:
    """sum_i coef[i] x^i."""
    total = jnp.zeros_like(x) + coef[-1]
    for c in coef[-2::-1]:
        total = total * x + c
    return total


@dataclass(frozen=True)
class _Polynomial(Activation):
    """What the three share."""

    @abstractmethod
    def mean_derivatives(self, v: jax.Array) -> list[jax.Array]:
        """F_0(v), ..., F_degree(v)."""

    def dual(self, k: jax.Array, v1: jax.Array, v2: jax.Array) -> tuple[jax.Array, jax.Array]:
        """The finite sum of the module's docstring and its derivative in k."""
        pairs = zip(self.mean_derivatives(v1), self.mean_derivatives(v2), strict=True)
        terms = [f1 * f2 / math.factorial(j) for j, (f1, f2) in enumerate(pairs)]
        slopes = [j * term for j, term in enumerate(terms)][1:] or [jnp.zeros_like(k)]
        return horner(terms, k), horner(slopes, k)


def _power_derivatives(coef: tuple[float, ...], v: jax.Array) -> list[jax.Array]:
    """F_j of sum_i coef[i] x^i: the mean of (sqrt(v) z)^m is v^(m/2) (m - 1)!! for even m."""
    derivatives = []
    for j in range(len(coef)):
        even = [coef[i] * math.perm(i, j) * _double_factorial(i - j - 1) for i in range(j, len(coef), 2)]
        derivatives.append(horner(even, v))
    return derivatives


@dataclass(frozen=True)
class Polynomial(_Polynomial):
    """sum_i coef[i] x^i.

    Attributes:
        coef: coefficients from the constant upwards, up to degree 30.

    Raises:
        NetError: if there is none, or one is not a finite number.
    """

    coef: tuple[float, ...]
    name: ClassVar[str] = "polynomial"

    def __post_init__(self) -> None:
        if not isinstance(self.coef, list | tuple) or not self.coef or len(self.coef) > 31:
            raise NetError(f"polynomial: coef must be 1 to 31 numbers, the constant first, not {self.coef!r}")
        object.__setattr__(self, "coef", tuple(check_number("polynomial", "coef", c) for c in self.coef))

    def phi(self, x: jax.Array) -> jax.Array:
        """By Horner's rule."""
        return horner(self.coef, x)

    def mean_derivatives(self, v: jax.Array) -> list[jax.Array]:
        """See `limes.nets.polynomials`."""
        return _power_derivatives(self.coef, v)


@dataclass(frozen=True)
class Monomial(_Polynomial):
    """x^degree.

    Attributes:
        degree: from 0 to 30.

    Raises:
        NetError: for another degree.
    """

    degree: int
    name: ClassVar[str] = "monomial"

    def __post_init__(self) -> None:
        check_degree("monomial", self.degree, 0)

    def phi(self, x: jax.Array) -> jax.Array:
        """x^degree."""
        return x**self.degree

    def mean_derivatives(self, v: jax.Array) -> list[jax.Array]:
        """See `limes.nets.polynomials`."""
        return _power_derivatives((0.0,) * self.degree + (1.0,), v)


@dataclass(frozen=True)
class Hermite(_Polynomial):
    """He_k(x) / sqrt(k!) with the probabilists' Hermite polynomial He_k, orthonormal for unit variance.

    At unit variance, for instance behind `LayerNorm`, the dual activation is k^degree; other variances are exact too.

    Attributes:
        degree: k, from 0 to 30.

    Raises:
        NetError: for another degree.
    """

    degree: int
    name: ClassVar[str] = "hermite"

    def __post_init__(self) -> None:
        check_degree("hermite", self.degree, 0)

    def phi(self, x: jax.Array) -> jax.Array:
        """By the recursion of orthonormal polynomials, sqrt(j + 1) h_{j+1} = x h_j - sqrt(j) h_{j-1}."""
        before, h = jnp.zeros_like(x), jnp.ones_like(x)
        for j in range(self.degree):
            before, h = h, (x * h - math.sqrt(j) * before) / math.sqrt(j + 1)
        return h

    def mean_derivatives(self, v: jax.Array) -> list[jax.Array]:
        """He_k^(j) = k!/(k-j)! He_{k-j} and E[He_m(sqrt(v) z)] = (m - 1)!! (v - 1)^(m/2) for even m, else 0."""
        k, derivatives = self.degree, []
        for j in range(k + 1):
            m = k - j
            size = 0.0 if m % 2 else math.perm(k, j) * _double_factorial(m - 1) / math.sqrt(math.factorial(k))
            derivatives.append(size * (v - 1.0) ** (m // 2))
        return derivatives
