"""Tails of all layers of a network, from its weights alone, wherever they come from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

import jax
import jax.numpy as jnp
import numpy as np

from limes.beyond.tails.index import TailIndex, heaviness_index, hill_index
from limes.beyond.tails.pruning import PruningKind, prunable_ratio
from limes.core.errors import InputError

Layout = Literal["in_out", "out_in"]
LEAST_VECTORS = 16
"""Layers with fewer vectors have no tail to speak of and are left out."""


@dataclass(frozen=True)
class LayerTails:
    """Tails of one layer.

    Attributes:
        name: of its array in the tree.
        shape: of its array.
        vectors: (n, d) of `weight_vectors`.
        heaviness: `heaviness_index` of its vectors.
        entries: the same of its single weights.
        hill: `hill_index` of the lengths of its vectors, from the largest tenth.
        prunable: `prunable_ratio` for each kind of pruning.
    """

    name: str
    shape: tuple[int, ...]
    vectors: np.ndarray
    heaviness: TailIndex
    entries: TailIndex
    hill: TailIndex
    prunable: dict[PruningKind, float]

    @classmethod
    def measure(
        cls,
        name: str,
        shape: tuple[int, ...],
        vectors: np.ndarray,
        *,
        error: float = 0.1,
        top: float = 0.1,
        key: int = 0,
    ) -> Self:
        """Measure one layer, given as vectors; arguments as for `layer_tails`.

        Raises:
            InputError: for vectors that are not finite, or too few.
        """
        return cls(
            name,
            shape,
            vectors,
            heaviness_index(vectors, key=key),
            heaviness_index(vectors.ravel(), key=key),
            hill_index(vectors, top=top),
            {kind: prunable_ratio(vectors, error, kind) for kind in get_args(PruningKind)},
        )


def layer_tails(
    weights: Any,
    *,
    layout: Layout = "in_out",
    error: float = 0.1,
    top: float = 0.1,
    key: int = 0,
    last: str | None = None,
) -> list[LayerTails]:
    """Tail indices and prunable shares of every layer of a network.

    Args:
        weights: a tree or mapping of arrays: params of a Net, of Flax, a torch ``state_dict()``, whatever has arrays
            with two axes or more; others, and those with fewer than 16 vectors, are left out. The last layer is read by
            its inputs, as it has few outputs. Types of less than 32 bits are read as float32.
        layout: "in_out" for weights (..., in, out), as JAX has them; "out_in" for (out, in, ...), as torch has them.
        error: relative l2 error of pruning.
        top: share of the vectors that `hill_index` uses.
        key: seed of the permutations.
        last: name of the last layer; None for the last one of the tree, which is wrong where names were sorted.

    Raises:
        InputError: if there is no layer to measure, weights are not finite, or for an unknown layout or last layer.

    Cost: a few passes over all weights, and one singular value decomposition of each layer.

    Example:
        >>> import limes as lm
        >>> params = lm.nets.mlp(3).init(0, (20,), width=64, outputs=10)
        >>> for layer in layer_tails(params):
        ...     print(layer.name, layer.vectors.shape, layer.prunable["magnitude"] < 0.3)
        0.w (64, 20) True
        2.w (64, 64) True
        4.w (64, 10) True
    """
    shapes = {name: a.shape for name, a in _named(weights).items()}
    how = {"error": error, "top": top, "key": key}
    found = layer_vectors(weights, layout, last=last)
    return [LayerTails.measure(name, shapes[name], rows, **how) for name, rows in found.items()]


def layer_vectors(weights: Any, layout: Layout = "in_out", *, last: str | None = None) -> dict[str, np.ndarray]:
    """The layers of a network that `layer_tails` measures, by name, each as (n, d) vectors.

    Raises:
        InputError: as `layer_tails`.

    Example:
        >>> {name: rows.shape for name, rows in layer_vectors([np.eye(20), np.ones(20), np.eye(20, 3)]).items()}
        {'0': (20, 20)}
    """
    named = _named(weights)
    arrays = _matrices(named)
    last = _last(arrays, last)
    found = {}
    for name, a in arrays.items():
        if not np.isfinite(a).all():
            raise InputError(f"{name} holds {np.sum(~np.isfinite(a))} weights that are not finite: a run diverged?")
        rows = weight_vectors(a, layout, transposed=name == last)
        if (rows != np.median(rows, axis=0)).any(axis=1).sum() >= LEAST_VECTORS:
            found[name] = rows
    if not found:
        least = f"two axes or more and {LEAST_VECTORS} vectors that differ from their median"
        raise InputError(f"no layer to measure: of {len(named)} arrays none has {least}")
    return found


def last_layer(weights: Any, last: str | None = None) -> str | None:
    """The name of the layer that `layer_vectors` reads by its inputs; None where there is one array or none.

    Raises:
        InputError: if `last` is not the name of an array with two axes or more.

    Example:
        >>> last_layer({"b": np.ones((20, 30)), "a": np.ones((30, 3))})
        'a'
    """
    return _last(_matrices(_named(weights)), last)


def weight_vectors(weights: np.ndarray, layout: Layout = "in_out", *, transposed: bool = False) -> np.ndarray:
    """The weights of a layer as n vectors: one for each neuron, or for each pair of channels of a convolution.

    Args:
        weights: dense (in, out), or a convolution (*window, in, out), in the layout "in_out"; (out, in, *window)
            in "out_in".
        layout: see above.
        transposed: one vector for each input of a dense layer instead, for a last layer with few outputs.

    Returns:
        (out, in), (in, out) if transposed, (out * in, window) of a convolution.

    Raises:
        InputError: for fewer than two axes, or an unknown layout.

    Reference: as in the code of Barsbey et al. 2021 (arXiv 2106.03795).

    Example:
        >>> weight_vectors(np.zeros((3, 3, 4, 8))).shape, weight_vectors(np.zeros((5, 2))).shape
        ((32, 9), (2, 5))
    """
    if layout not in get_args(Layout):
        raise InputError(f"layout must be one of {', '.join(get_args(Layout))}, not {layout!r}")
    w = np.asarray(weights)
    if w.ndim < 2:
        raise InputError(f"weights of a layer have two axes or more, not the shape {w.shape}")
    if layout == "in_out":
        w = np.moveaxis(w, (-1, -2), (0, 1))
    if w.ndim > 2:
        return w.reshape(w.shape[0] * w.shape[1], -1)
    return w.T if transposed else w


def from_vectors(vectors: np.ndarray, like: np.ndarray, layout: Layout = "in_out", *, transposed: bool = False) -> Any:
    """The weights of a layer from its vectors: the inverse of `weight_vectors`.

    Example:
        >>> w = np.arange(72.0).reshape(3, 3, 2, 4)
        >>> bool((from_vectors(weight_vectors(w), w) == w).all())
        True
    """
    if layout not in get_args(Layout):
        raise InputError(f"layout must be one of {', '.join(get_args(Layout))}, not {layout!r}")
    shape = np.shape(like)
    if len(shape) == 2:
        return vectors.T if transposed == (layout == "out_in") else vectors
    if layout == "out_in":
        return vectors.reshape(shape)
    return np.moveaxis(vectors.reshape(shape[-1], shape[-2], *shape[:-2]), (0, 1), (-1, -2))


def _matrices(named: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: a for name, a in named.items() if a.ndim >= 2 and a.size and a.dtype.kind == "f"}


def _last(arrays: dict[str, np.ndarray], last: str | None) -> str | None:
    if last is not None and last not in arrays:
        raise InputError(f"the last layer is one of {', '.join(arrays) or 'no layers'}, not {last!r}")
    if last is None and len(arrays) > 1:
        return next(reversed(arrays))
    return last


def _named(weights: Any, name: str = "") -> dict[str, np.ndarray]:
    """Arrays of a tree by name, in its own order: JAX sorts keys, and "layer_10" comes before "layer_2" then."""
    if isinstance(weights, Mapping):
        parts = weights.items()
    elif isinstance(weights, list | tuple):
        parts = enumerate(weights)
    else:
        leaves, _ = jax.tree_util.tree_flatten_with_path(weights)
        named = {jax.tree_util.keystr(path, simple=True, separator="."): _array(leaf) for path, leaf in leaves}
        return {".".join(filter(None, (name, inner))): a for inner, a in named.items()}
    return {k: a for key, part in parts for k, a in _named(part, f"{name}.{key}" if name else str(key)).items()}


def _array(value: Any) -> np.ndarray:
    for step in ("detach", "cpu", "float"):  # of a torch tensor: NumPy takes no gradients, no devices and no bfloat16
        if type(value).__module__.startswith("torch"):
            value = getattr(value, step)()
    a = np.asarray(value)
    if a.itemsize < 4 and jnp.issubdtype(a.dtype, jnp.floating):
        return a.astype(np.float32)  # NumPy takes bfloat16 of JAX for no number, and squares in float16 underflow
    return a
