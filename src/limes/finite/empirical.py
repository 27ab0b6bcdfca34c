"""The neural tangent kernel of a finite network, at the weights that it has."""

import functools
from collections.abc import Callable
from typing import Any, Literal

import jax
import numpy as np

from limes.core import precision
from limes.core.progress import Progress, Quiet
from limes.core.types import Array
from limes.finite import modes
from limes.finite.network import Apply, Weighted, precision_of, weighted
from limes.finite.plan import Method, Plan, Programs, choose, compiled, whole


def empirical_ntk(
    apply: Apply,
    params: Any,
    x1: Array,
    x2: Array | None = None,
    trace: bool = True,
    *,
    output: int | None = None,
    method: Method | Literal["auto"] = "auto",
    memory: str | int | None = None,
    tile: int | None = None,
    progress: Progress | None = None,
) -> np.ndarray:
    """The empirical NTK of any JAX function: inner products of the gradients of its outputs in all of its weights.

    Theta(x, x')[a, b] = sum over weights w of (d f_a(x) / d w) (d f_b(x') / d w). With wide random weights in the NTK
    parametrisation, as ``net.init`` draws them, its mean over outputs is near ``net.kernel(x1, x2).ntk``.

    Args:
        apply: apply(params, x) -> (n, c), each row of the result a function of one row of x, in evaluation mode: for
            instance ``net.apply``, or what `limes.interop.flax.apply_fn` makes. Programs are compiled once for
            each function; a new lambda is a new function.
        params: a tree of arrays. All floating ones are weights, float32 or float64, and decide the precision.
        x1: (n1, ...).
        x2: (n2, ...); None stands for x1, and half of the work.
        trace: whether to give the mean over outputs a = b.
        output: one output to give the kernel of, in place of all; cheaper than the trace by a factor of about c, and
            as good an estimate of the infinite-width kernel for random weights.
        method: "structured" holds the derivatives of products with weights in factors, see `limes.finite.factors`, and
            for the mean over outputs one row for all of them where one is enough, see `limes.finite.split`;
            "jacobian" holds all derivatives of a tile of examples, "products" holds none and costs more; "auto" takes
            the cheapest by operations that fits the memory; `limes.finite.plan` shows which one that is.
        memory: limit in bytes or as "6GB"; default `limes.core.memory.limit`.
        tile: rows of a tile; default by memory.
        progress: told of every block.

    Returns:
        (n1, n2) with `trace` or `output`, otherwise (n1, n2, c, c), in the precision of the weights.

    Raises:
        InputError: for NaN, empty batches, rows of x2 unlike those of x1, outputs that are no (n, c), change from call
            to call or depend on other rows, and unknown options.
        DtypeError: for weights other than float32 and float64.
        MemoryRefused: for a result, or for derivatives of a pair of rows, beyond the limit.

    Cost: see `limes.finite.plan`; compilation of two programs for new shapes.

    Reference: Novak, Sohl-Dickstein & Schoenholz 2022, arXiv 2206.08720.

    Example:
        >>> import numpy as np, limes as lm
        >>> net, x = lm.nets.mlp(2), np.eye(3, dtype="float32")
        >>> params = net.init(0, (3,), width=512, outputs=4)
        >>> empirical_ntk(net.apply, params, x).shape, empirical_ntk(net.apply, params, x, trace=False).shape
        ((3, 3), (3, 3, 4, 4))
    """
    with precision.scope(precision_of(params)):
        found = weighted(apply, params, x1)
        mode = modes.parse(found.network.outputs, trace, output)
        first, second = found.batches(x1, x2)
        sizes = len(first), len(first) if second is None else len(second)
        same = second is None
        made = choose(found, mode, first[:1], sizes, same, method, memory, tile)
        programs = compiled(found, mode, made.method, first[:1], made.tile, whole(made.tile, sizes, same))
        return _fill(found, mode, programs, made, first, second, progress or Quiet())


def _fill(
    found: Weighted,
    mode: modes.Mode,
    programs: Programs,
    made: Plan,
    first: np.ndarray,
    second: np.ndarray | None,
    progress: Progress,
) -> np.ndarray:
    """Block by block: some tiles of rows are kept while those of columns pass by, each derived once for all of them.

    Without a second batch only blocks on and below the diagonal are computed.
    """
    columns = first if second is None else second
    tile, same = made.tile, second is None
    width = programs.columns or tile
    out = np.empty(mode.block(len(first), len(columns)), found.dtype)
    hold, meet, block = _steps(found, programs)
    rows, cols = range(0, len(first), tile), range(0, len(columns), width)
    progress.start("empirical NTK", len(rows) * (len(rows) + 1) // 2 if same else len(rows) * len(cols))
    for group in (rows[k : k + made.kept] for k in range(0, len(rows), made.kept)):
        kept = {i: hold(_part(first, i, tile)) for i in group}
        for j in cols[: group[-1] // tile + 1] if same else cols:
            theirs = kept[j] if same and j in kept else meet(_part(columns, j, width))
            for i, mine in kept.items():
                if same and i < j:
                    continue
                n, m = min(tile, len(first) - i), min(width, len(columns) - j)
                value = np.asarray(block(mine, theirs))[:n, :m]
                out[i : i + n, j : j + m] = value
                if same and j < i:
                    out[j : j + m, i : i + n] = value.transpose(1, 0, *((3, 2) if mode.full else ()))
                progress.step()
            del theirs  # before the next ones are made
    return out


def _steps(found: Weighted, programs: Programs) -> tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]:
    """What is held of a tile, what of one that passes by, and the block of the two."""

    def derive(x: np.ndarray) -> Any:
        """Waits, so that no two tiles are on their way at once."""
        return jax.block_until_ready(programs.derive(found.weights, found.others, x))

    def inputs(x: np.ndarray) -> np.ndarray:
        return x

    if programs.derive is not None and programs.columns is None:
        return derive, derive, programs.block
    hold = inputs if programs.derive is None else derive
    return hold, inputs, functools.partial(programs.block, found.weights, found.others)


def _part(x: np.ndarray, start: int, tile: int) -> np.ndarray:
    """Rows of a tile; the last one is filled up by repetition."""
    part = x[start : start + tile]
    return part if len(part) == tile else part[np.resize(np.arange(len(part)), tile)]
