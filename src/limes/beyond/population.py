"""What two-layer ReLU networks do on standard normal inputs, exactly: expectations instead of samples.

For x ~ N(0, I) and t the angle between u and v (Cho & Saul 2009, degree 1),

    K(u, v) = E relu(u.x) relu(v.x) = (|u||v| sin t + (pi - t) u.v) / (2 pi),
    dK/du = (|v| sin t u/|u| + (pi - t) v) / (2 pi),

where the derivatives of t have cancelled. So f(x) = sum_j a_j relu(w_j.x) and f* of the same form are apart by

    E (f - f*)^2 = c' K(Z, Z) c,    c = (a, -a*), Z = (W, W*).

With E relu(u.x) = |u| / sqrt(2 pi) and E relu(u.x) x = u / 2, what is left once the best affine function has been
taken from f - f* is the same form with K(u, v) - |u||v| / (2 pi) - u.v / 4.

A cosine that was rounded leaves t wrong by dt = 1e-8 near 0 and pi. In K and its gradient that does no harm as long as
t and sin t are wrong together, as they are here: the error is dt sin t, of the size of rounding.
"""

import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from limes.core.errors import InputError
from limes.core.precision import float_dtype, is_tracer, require_finite, scope
from limes.kernels.arccosine import moments


def relu_gram(u: Any, v: Any) -> Any:
    """E relu(u_i.x) relu(v_j.x) over x ~ N(0, I).

    Can be compiled and differentiated, once stably at all angles. Where two vectors are parallel or opposite, second
    derivatives jump, and the turning of one against the other counts as 0. A vector of length 0 stands at a right
    angle to all others.

    Args:
        u: (..., m, d), float32 or float64.
        v: (..., n, d).

    Returns:
        (..., m, n); NumPy for NumPy.

    Raises:
        InputError: for shapes that do not match, or values that are not finite.
        DtypeError: for anything but float32 and float64.

    Cost: O(m n d).

    Example:
        >>> u = np.array([[1.0, 0.0], [-2.0, 0.0], [0.0, 3.0]])
        >>> np.round(relu_gram(u, u)[0], 6) + 0.0
        array([0.5     , 0.      , 0.477465])
    """
    _require_vectors(u, v)
    _require_leading(np.shape(u)[:-2], np.shape(v)[:-2])
    return _within(_compiled_gram, u, v)


def population_loss(
    coef: Any, weights: Any, target_coef: Any, target_weights: Any, *, remove_affine: bool = False
) -> Any:
    """E (f(x) - f*(x))^2 over x ~ N(0, I), for f(x) = sum_j a_j relu(w_j.x) and f* of the same form.

    Can be compiled and differentiated. Values are known to some 1e-15 of (sum |a_j||w_j|)^2 in float64; below that they
    may be negative.

    Args:
        coef: a, (..., m), float32 or float64.
        weights: w, (..., m, d).
        target_coef: a*, (..., r).
        target_weights: w*, (..., r, d).
        remove_affine: whether f may be helped by the best function alpha + beta.x, which costs nothing.

    Returns:
        (...); NumPy for NumPy.

    Raises:
        InputError: for shapes that do not match, or values that are not finite.
        DtypeError: for anything but float32 and float64.

    Cost: O((m + r)^2 d).

    Example:
        >>> w = np.array([[1.0, 0.0], [0.0, 1.0]])
        >>> float(population_loss(np.array([4.0]), w[:1] / 4, np.array([1.0]), w[:1]))
        0.0
        >>> round(float(population_loss(np.array([1.0]), w[:1], np.array([1.0]), w[1:])), 6)  # 1 - 1/pi
        0.68169
    """
    _require_vectors(weights, target_weights)
    for name, a, w in (("coef", coef, weights), ("target_coef", target_coef, target_weights)):
        if np.shape(a)[-1:] != np.shape(w)[-2:-1]:
            raise InputError(f"{name} of shape {np.shape(a)} and weights of shape {np.shape(w)}: give one to a neuron")
    pairs = ((coef, weights), (target_coef, target_weights))
    _require_leading(*(lead for a, w in pairs for lead in (np.shape(a)[:-1], np.shape(w)[:-2])))
    loss = partial(_loss, remove_affine=remove_affine)
    return _within(loss, coef, weights, target_coef, target_weights)


@partial(jax.jit, static_argnames="remove_affine")
def _loss(a: jax.Array, w: jax.Array, b: jax.Array, v: jax.Array, remove_affine: bool) -> jax.Array:
    lead = jnp.broadcast_shapes(a.shape[:-1], w.shape[:-2], b.shape[:-1], v.shape[:-2])
    c = jnp.concatenate([jnp.broadcast_to(s, (*lead, s.shape[-1])) for s in (a, -b)], axis=-1)
    z = jnp.concatenate([jnp.broadcast_to(s, (*lead, *s.shape[-2:])) for s in (w, v)], axis=-2)
    loss = jnp.einsum("...i,...ij,...j->...", c, _gram(z, z), c)
    if remove_affine:
        mean, slope = jnp.einsum("...i,...i->...", c, _length(z)), jnp.einsum("...i,...id->...d", c, z)
        loss = loss - mean**2 / (2 * math.pi) - jnp.einsum("...d,...d->...", slope, slope) / 4
    return loss


@jax.custom_jvp
def _gram(u: jax.Array, v: jax.Array) -> jax.Array:
    """(s + u arcsin u) = (pi/2) |u| + bend for the cosine u, so that nothing cancels near pi either."""
    bend = moments(_cosine(u, v))[1]
    lengths = _length(u)[..., :, None] * _length(v)[..., None, :]
    return lengths * bend / (2 * math.pi) + jnp.maximum(_dot(u, v), 0.0) / 2


@_gram.defjvp
def _(primals: tuple[jax.Array, jax.Array], tangents: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
    (u, v), (du, dv) = primals, tangents
    both, sine = _activity(u, v)
    stretch = _along(u, du)[..., :, None] * _length(v)[..., None, :]
    stretch = stretch + _length(u)[..., :, None] * _along(v, dv)[..., None, :]
    return _gram(u, v), both * (_dot(du, v) + _dot(u, dv)) + sine / (2 * math.pi) * stretch


_compiled_gram = jax.jit(_gram)


@jax.custom_jvp
def _activity(u: jax.Array, v: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The probability (pi - t) / (2 pi) that both neurons are active, and sin t."""
    arcsine, _, sine = moments(_cosine(u, v))
    return 0.25 + arcsine / (2 * math.pi), sine


@_activity.defjvp
def _(primals: tuple[jax.Array, jax.Array], tangents: tuple[jax.Array, jax.Array]) -> Any:
    """From - sin t dt = d cos t; dt is 0 where sin t is."""
    (u, v), (du, dv) = primals, tangents
    both, sine = _activity(u, v)
    p, q = _unit(u), _unit(v)
    dp = (du - p * _along(u, du)[..., None]) * _inverse(_length(u))[..., None]
    dq = (dv - q * _along(v, dv)[..., None]) * _inverse(_length(v))[..., None]
    turn = -(_dot(dp, q) + _dot(p, dq)) * _inverse(sine)
    return (both, sine), (-turn / (2 * math.pi), _cosine(u, v) * turn)


def _cosine(u: jax.Array, v: jax.Array) -> jax.Array:
    return jnp.clip(_dot(_unit(u), _unit(v)), -1.0, 1.0)


def _dot(u: jax.Array, v: jax.Array) -> jax.Array:
    return jnp.einsum("...id,...jd->...ij", u, v)


def _along(u: jax.Array, du: jax.Array) -> jax.Array:
    return jnp.einsum("...d,...d->...", _unit(u), du)


def _unit(u: jax.Array) -> jax.Array:
    return u * _inverse(_length(u))[..., None]


def _inverse(x: jax.Array) -> jax.Array:
    """1 / x, and 0 for 0."""
    none = x == 0
    return jnp.where(none, 0.0, 1.0 / jnp.where(none, 1.0, x))


def _length(u: jax.Array) -> jax.Array:
    square = jnp.sum(u**2, axis=-1)
    none = square == 0  # keeps the derivative finite there
    return jnp.where(none, 0.0, jnp.sqrt(jnp.where(none, 1.0, square)))


def _require_vectors(u: Any, v: Any) -> None:
    a, b = np.shape(u), np.shape(v)
    if len(a) < 2 or len(b) < 2 or a[-1] != b[-1]:
        raise InputError(f"weights are (..., m, d) and (..., n, d) with the same d, not {a} and {b}")


def _require_leading(*leads: tuple[int, ...]) -> None:
    try:
        np.broadcast_shapes(*leads)
    except ValueError as error:
        raise InputError(
            f"leading axes {', '.join(map(str, leads))} do not broadcast: give one network, or as many"
        ) from error


def _within(function: Any, *arrays: Any) -> Any:
    """In the precision of the arrays; NumPy for NumPy."""
    if not all(hasattr(a, "dtype") for a in arrays):
        raise InputError("coefficients and weights are arrays of NumPy or JAX, not lists: use np.asarray(..., float)")
    dtype = float_dtype(*arrays, name="weights")
    if is_tracer(*arrays):
        return function(*map(jnp.asarray, arrays))
    for a in arrays:
        require_finite(a, "weights")
    with scope(dtype):
        out = function(*(jnp.asarray(a, dtype) for a in arrays))
        return np.asarray(out) if all(isinstance(a, np.ndarray) for a in arrays) else out
