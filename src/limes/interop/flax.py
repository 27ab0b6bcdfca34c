"""Flax: modules of nnx and linen as functions apply(params, x), for `limes.finite`. Needs ``limes[flax]``."""

from collections.abc import Callable, Mapping
from typing import Any

from limes.core.errors import InputError
from limes.interop import packages


def apply_fn(module: Any, collections: Mapping[str, Any] | None = None) -> Callable[[Any, Any], Any]:
    """A Flax module as a function apply(params, x): ``lm.finite.empirical_ntk(apply_fn(module), params, x)``.

    - Of an ``nnx.Module``, params are ``nnx.state(module, nnx.Param)``. All else that it holds, as batch statistics, is
      kept as it is now, in a copy in evaluation mode; the module is not changed.
    - Of a ``linen.Module``, params are what ``module.init`` returned, or its part "params". It is called as
      ``module.apply(variables, x)``, so its own options decide about its mode. Other collections are constants, to be
      given here: among the params they would be differentiated in.

    Args:
        module: an ``nnx.Module`` or a ``linen.Module`` that maps (n, ...) to (n, c).
        collections: of a linen module, variables besides "params": {"batch_stats": ...}.

    Raises:
        InputError: for other modules; at the call, for other collections among the params of a linen module.
        MissingPackage: without Flax.

    Example:
        >>> import jax.numpy as jnp, limes as lm
        >>> from flax import nnx
        >>> module = nnx.Linear(3, 2, rngs=nnx.Rngs(0))
        >>> lm.finite.empirical_ntk(apply_fn(module), nnx.state(module, nnx.Param), jnp.eye(3)).shape
        (3, 3)
    """
    linen, nnx = (packages.require(f"flax.{name}", "Flax", "'limes[flax]'") for name in ("linen", "nnx"))
    if isinstance(module, linen.Module):
        return _of_linen(module, dict(collections or {}))
    if not isinstance(module, nnx.Module):
        raise InputError(f"module must be a flax.nnx.Module or a flax.linen.Module, not {type(module).__name__}")
    if collections:
        raise InputError("an nnx module holds all of its variables: leave collections out")
    copy = nnx.clone(module)
    copy.eval()
    graph, _, rest = nnx.split(copy, nnx.Param, ...)
    return lambda params, x: nnx.merge(graph, params, rest)(x)


def _of_linen(module: Any, collections: dict[str, Any]) -> Callable[[Any, Any], Any]:
    def apply(params: Any, x: Any) -> Any:
        variables = params if "params" in params else {"params": params}
        if more := sorted(set(variables) - {"params"}):
            raise InputError(f"params hold {', '.join(more)} too: give them as apply_fn(module, collections)")
        return module.apply({**variables, **collections}, x)

    return apply
