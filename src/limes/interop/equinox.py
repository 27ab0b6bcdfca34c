"""Equinox: modules as functions apply(params, x), for `limes.finite`. Needs the package equinox."""

from collections.abc import Callable
from typing import Any

import jax

from limes.core.errors import InputError
from limes.interop import packages


def apply_fn(module: Any) -> Callable[[Any, Any], Any]:
    """An Equinox module as a function apply(params, x): ``lm.finite.empirical_ntk(apply_fn(module), params, x)``.

    Params are its floating arrays, ``eqx.filter(module, eqx.is_inexact_array)``; everything else is kept as it is now.
    Equinox modules take one example: `apply` maps them over the batch. Dropout and the like are in inference mode;
    modules with state, as batch norm has it, are not served.

    Args:
        module: an ``equinox.Module`` that maps one example to outputs (c,).

    Raises:
        InputError: for what is no Equinox module.
        MissingPackage: without Equinox.

    Example:
        >>> import equinox as eqx, jax, limes as lm
        >>> module = eqx.nn.MLP(3, 2, width_size=8, depth=1, key=jax.random.key(0))
        >>> params = eqx.filter(module, eqx.is_inexact_array)
        >>> lm.finite.empirical_ntk(apply_fn(module), params, jax.numpy.eye(3)).shape
        (3, 3)
    """
    eqx = packages.require("equinox", "Equinox", "equinox")
    if not isinstance(module, eqx.Module):
        raise InputError(f"module must be an equinox.Module, not {type(module).__name__}")
    rest = eqx.filter(eqx.nn.inference_mode(module), eqx.is_inexact_array, inverse=True)
    return lambda params, x: jax.vmap(eqx.combine(params, rest))(x)
