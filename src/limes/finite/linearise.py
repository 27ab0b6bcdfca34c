"""A network relative to the weights of a moment: its first-order expansion there, and what was learned since.

    f(x) + J(x) (w - w_0),      and centred, without its first term, J(x) (w - w_0).

The weights w_0 are data, not part of the program: expansions round other weights compile nothing.
"""

from typing import Any

import jax
from jax.tree_util import Partial

from limes.finite.network import Apply


def linearise(apply: Apply, params: Any, *, centred: bool = False) -> Partial:
    """The expansion of `apply` round `params`, as a function of weights and inputs like `apply` itself.

    Trained by gradient descent it is a network whose tangent kernel stays as it is at `params`: at weights of the start
    the classical linearisation, at later ones the "data-dependent" kernel. Its own weights start at `params`.

    Args:
        apply: apply(params, x) -> (n, c).
        params: the weights to expand round, a tree of floating arrays.
        centred: leave out f(x) at `params`, so that the kernel alone predicts.

    Returns:
        A function (params, x) -> (n, c).

    Cost: a forward pass with tangents, about three times that of `apply`.

    Reference: Fort et al. 2020, arXiv 2010.15110, section 6; centred: Loo et al. 2022, arXiv 2210.12030.

    Example:
        >>> import jax.numpy as jnp
        >>> square = lambda w, x: w**2 * x
        >>> linear = linearise(square, jnp.float32(3.0))
        >>> float(linear(jnp.float32(4.0), jnp.float32(1.0)))
        15.0
    """
    return Partial(_centred if centred else _expanded, as_partial(apply), params)


def since_start(apply: Apply, params: Any) -> Partial:
    """f(w, x) - f(w_0, x): what training has added to a network that starts at `params`; 0 at the start.

    The limit of infinite width starts at 0 by convention; a finite network starts at a random function, which stays in
    what it predicts unless it is taken away.

    Args:
        apply: apply(params, x) -> (n, c).
        params: the weights at the start.

    Returns:
        A function (params, x) -> (n, c).

    Cost: two forward passes.

    Example:
        >>> added = since_start(lambda w, x: w * x, 3.0)
        >>> added(3.0, 7.0), added(4.0, 7.0)
        (0.0, 7.0)
    """
    return Partial(_added, as_partial(apply), params)


def as_partial(apply: Apply) -> Partial:
    """A function whose arrays, where it has any, are arguments of compiled programs and not constants in them."""
    return apply if isinstance(apply, Partial) else Partial(apply)


def _added(apply: Apply, origin: Any, params: Any, x: Any) -> Any:
    return apply(params, x) - apply(origin, x)


def _expanded(apply: Apply, origin: Any, params: Any, x: Any) -> Any:
    value, change = _pushed(apply, origin, params, x)
    return value + change


def _centred(apply: Apply, origin: Any, params: Any, x: Any) -> Any:
    return _pushed(apply, origin, params, x)[1]


def _pushed(apply: Apply, origin: Any, params: Any, x: Any) -> tuple[Any, Any]:
    step = jax.tree.map(lambda w, w0: w - w0, params, origin)
    return jax.jvp(lambda w: apply(w, x), (origin,), (step,))
