"""Pruning at initialisation: weights of any network are scored, the best are kept, and training keeps the mask.

A pruned network is a function of the weights w like any other, apply(params, x) = f(factor * w, x), where the factor is
0 for a pruned weight, and 1, or 1 / sqrt(share kept), for one that stays. So its gradient vanishes where it is pruned
and carries the factor elsewhere, and `limes.finite.train` and `limes.finite.empirical_ntk` take it as it is.

"Sparse" here means masked weights. It is neither inactive neurons nor local connections.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from limes.core import precision
from limes.core.errors import InputError
from limes.core.keys import KeyLike, as_key
from limes.core.types import Array
from limes.finite.linearise import as_partial
from limes.finite.network import Apply, precision_of
from limes.finite.recipe import LOSSES, Loss

Criterion = Literal["random", "magnitude", "snip", "grasp"]
Scope = Literal["global", "layer"]
Where = Callable[[str, Any], bool]
"""From the name of an array in the tree ("2.w", "Dense_0.kernel") and the array to whether it is pruned."""


@dataclass(frozen=True, eq=False)
class Pruned:
    """A pruned network.

    Attributes:
        apply: apply(params, x) -> (n, c), the network behind its mask.
        params: the weights to start from, zero where they are pruned; a tree like the one that was given.
        masks: the same tree with True where a weight is kept.
        kept: share of the weights that stay, by the names of the arrays that were pruned.
    """

    apply: Partial
    params: Any
    masks: Any = field(repr=False)
    kept: dict[str, float]

    def weights(self, params: Any) -> Any:
        """Weights of the original function: those of this one with mask and rescaling, which then is not pruned."""
        leaves, structure = jax.tree.flatten(params)
        with precision.scope(precision_of(params)):
            return jax.tree.unflatten(structure, _times(self.apply.args[1], leaves))


def prune(
    apply: Apply,
    params: Any,
    keep: float,
    criterion: Criterion = "random",
    *,
    scope: Scope = "layer",
    rescale: bool = False,
    where: Where | None = None,
    x: Array | None = None,
    y: Array | None = None,
    loss: Loss = "ce",
    key: KeyLike = 0,
) -> Pruned:
    """Prune the weights of a network.

    Args:
        apply: apply(params, x) -> (n, c): of a Net, of `limes.interop`, or any JAX function.
        params: its weights, a tree of arrays.
        keep: share of the weights that stay, above 0 and at most 1.
        criterion: "random" keeps each weight with probability `keep`, whatever the others do; the others keep the
            weights with the largest scores, see `scores`.
        scope: whether scores are ranked within each array ("layer"), or over all of them ("global").
        rescale: divide the weights that stay by the square root of their share of the array (of `keep`, if random). For
            random pruning this restores the infinite-width kernel.
        where: which arrays are pruned; None for all with two axes or more, so that biases are not. Random pruning of
            the layer on the inputs leaves an error that no width removes unless the inputs have many features.
        x, y, loss: rows, targets and loss for "snip" and "grasp", as `limes.finite.train` takes them.
        key: of the random choice.

    Raises:
        InputError: for a share out of range, an unknown criterion or scope, no array to prune, scores without rows, or
            a share so small that a ranking keeps nothing.
        DtypeError: for weights other than float32 and float64.

    Cost: "snip" one gradient of the loss on all rows, "grasp" about four; the others none.

    Reference: random: Yang & Wang 2023, arXiv 2203.14328.

    Example:
        >>> import numpy as np, limes as lm
        >>> net, x = lm.nets.mlp(3), np.eye(4, dtype="float32")
        >>> params = net.init(0, (4,), width=64, outputs=2)
        >>> pruned = prune(net.apply, params, 0.25, "magnitude", where=lambda name, w: name == "2.w")
        >>> pruned.kept, float((pruned.params[2]["w"] == 0).mean())
        ({'2.w': 0.25}, 0.75)
        >>> run = lm.finite.train(pruned.apply, pruned.params, x, np.arange(4) % 2)
        >>> bool((run.params[2]["w"][~pruned.masks[2]["w"]] == 0).all())
        True
    """
    if criterion not in get_args(Criterion):
        raise InputError(f"criterion must be one of {', '.join(get_args(Criterion))}, not {criterion!r}")
    if scope not in get_args(Scope):
        raise InputError(f"scope must be one of {', '.join(get_args(Scope))}, not {scope!r}")
    if not (math.isfinite(keep) and 0 < keep <= 1):
        raise InputError(f"keep is the share of weights that stay, above 0 and at most 1, not {keep!r}")
    dtype = precision_of(params)
    with precision.scope(dtype):
        names, leaves, structure = _flat(params)
        chosen = [_is_weight(w) and (where or _matrices)(name, w) for name, w in zip(names, leaves, strict=True)]
        if not any(chosen):
            raise InputError(f"no array is pruned: where must name some of {', '.join(names)}")
        if criterion == "random":
            keys = jax.random.split(as_key(key), len(leaves))
            masks = [jax.random.bernoulli(k, keep, jnp.shape(w)) for k, w in zip(keys, leaves, strict=True)]
        else:
            ranked = jax.tree.leaves(scores(apply, params, criterion, x=x, y=y, loss=loss))
            masks = _best(ranked, chosen, keep, scope)
        masks = [m if yes else jnp.ones(jnp.shape(w), bool) for m, yes, w in zip(masks, chosen, leaves, strict=True)]
        kept = {name: float(m.mean()) for name, m, yes in zip(names, masks, chosen, strict=True) if yes}
        if not all(kept.values()):
            gone = next(name for name, share in kept.items() if share == 0)
            raise InputError(f"nothing of {gone} would stay: raise keep, or rank within each array (scope='layer')")
        shares = [kept.get(name, 1.0) if criterion != "random" else keep for name in names]
        factors = [
            m.astype(dtype) / (math.sqrt(share) if rescale else 1.0) if yes else None
            for m, yes, share in zip(masks, chosen, shares, strict=True)
        ]
        start = [w * m if yes else w for w, m, yes in zip(leaves, masks, chosen, strict=True)]
    masked = Partial(_masked, as_partial(apply), factors)
    return Pruned(masked, jax.tree.unflatten(structure, start), jax.tree.unflatten(structure, masks), kept)


def scores(
    apply: Apply,
    params: Any,
    criterion: Criterion,
    *,
    x: Array | None = None,
    y: Array | None = None,
    loss: Loss = "ce",
) -> Any:
    """What `prune` ranks weights by: a tree like `params`, larger for weights to keep; other leaves than weights get 0.

    - "magnitude": |w|.
    - "snip": |w dL/dw|, to first order the change of the loss if w is removed (Lee, Ajanthan & Torr 2019, arXiv
      1810.02340).
    - "grasp": w (H g) with the gradient g and the Hessian H of the loss: the norm of the gradient falls least, to first
      order, if the largest of these stay (Wang, Zhang & Grosse 2020, arXiv 2002.07376, where the sign is the other
      one and the smallest stay).

    Raises:
        InputError: for "random", which ranks nothing, an unknown criterion, or one that needs rows and got none.

    Example:
        >>> import numpy as np
        >>> line = lambda w, x: x @ w
        >>> scores(line, np.array([[1.0], [-3.0]]), "magnitude").tolist()
        [[1.0], [3.0]]
    """
    with precision.scope(precision_of(params)):
        _, leaves, structure = _flat(params)
        weights = [jnp.asarray(w) if _is_weight(w) else None for w in leaves]
        if criterion == "magnitude":
            found = [None if w is None else jnp.abs(w) for w in weights]
        elif criterion in ("snip", "grasp"):
            if x is None or y is None:
                raise InputError(f"{criterion} scores weights by their effect on the loss of some rows: give x and y")
            found = _sensitivities(apply, structure, leaves, criterion, np.asarray(x), np.asarray(y), loss)
        else:
            raise InputError(f"there are scores for magnitude, snip and grasp, not for {criterion!r}")
        return jax.tree.unflatten(
            structure, [jnp.zeros(jnp.shape(w)) if s is None else s for w, s in zip(leaves, found, strict=True)]
        )


def _sensitivities(
    apply: Apply, structure: Any, leaves: list[Any], criterion: Criterion, x: Any, y: Any, loss: Loss
) -> list[Any]:
    if not callable(loss) and loss not in LOSSES:
        raise InputError(f"loss must be one of {', '.join(LOSSES)}, or a function, not {loss!r}")
    if len(x) == 0 or len(x) != len(y):
        raise InputError(f"x of shape {x.shape} and y of shape {y.shape} are no rows with their targets")
    each = LOSSES[loss] if isinstance(loss, str) else loss
    dtype = precision_of(leaves)
    inputs, targets = jnp.asarray(x, dtype), jnp.asarray(y, dtype if y.dtype.kind == "f" else jnp.int32)
    function = as_partial(apply)

    def mean_loss(weights: list[Any]) -> jax.Array:
        full = [w if w is not None else leaf for w, leaf in zip(weights, leaves, strict=True)]
        return each(function(jax.tree.unflatten(structure, full), inputs), targets).mean()

    weights = [jnp.asarray(w) if _is_weight(w) else None for w in leaves]
    gradient = jax.grad(mean_loss)
    slope = jax.jit(gradient)(weights)
    if criterion == "snip":
        return [None if w is None else jnp.abs(w * g) for w, g in zip(weights, slope, strict=True)]
    turned = jax.jit(lambda w, g: jax.jvp(gradient, (w,), (g,))[1])(weights, slope)
    return [None if w is None else w * h for w, h in zip(weights, turned, strict=True)]


def _best(ranked: list[Any], chosen: list[bool], keep: float, scope: Scope) -> list[Any]:
    """Masks of the largest scores: round(keep n) of each array, or of all together; ties go to the first."""
    places = [i for i, yes in enumerate(chosen) if yes]
    groups = [[i] for i in places] if scope == "layer" else [places]
    masks: list[Any] = [None] * len(ranked)
    for group in groups:
        values = np.concatenate([np.asarray(ranked[i]).ravel() for i in group])
        mask = np.zeros(len(values), bool)
        mask[np.argsort(-values, kind="stable")[: round(keep * len(values))]] = True
        for i, part in zip(group, np.split(mask, np.cumsum([np.size(ranked[i]) for i in group])[:-1]), strict=True):
            masks[i] = jnp.asarray(part.reshape(np.shape(ranked[i])))
    return masks


def _masked(apply: Partial, factors: list[Any], params: Any, x: Any) -> Any:
    leaves, structure = jax.tree.flatten(params)
    return apply(jax.tree.unflatten(structure, _times(factors, leaves)), x)


def _times(factors: list[Any], leaves: list[Any]) -> list[Any]:
    return [w if f is None else w * f for f, w in zip(factors, leaves, strict=True)]


def _flat(params: Any) -> tuple[list[str], list[Any], Any]:
    """Names, leaves and structure of a tree."""
    found, structure = jax.tree_util.tree_flatten_with_path(params)
    names = [jax.tree_util.keystr(path, simple=True, separator=".") for path, _ in found]
    return names, [leaf for _, leaf in found], structure


def _is_weight(leaf: Any) -> bool:
    return hasattr(leaf, "dtype") and jnp.issubdtype(leaf.dtype, jnp.floating)


def _matrices(name: str, leaf: Any) -> bool:
    return jnp.ndim(leaf) >= 2
