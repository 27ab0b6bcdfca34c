"""Claims 1, 3 and 4: finite recurrent networks against the kernel.

Three series of 6, 4 and 9 steps and three channels, the same for every seed; a seed is a draw of the weights. The
deviation is that of the empirical NTK (3, 3), one network, from the kernel: Frobenius norms, relative.
"""

from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from limes.kernels.sequences import row_ids
from limes.nets import Dense, Net, Recurrent, serial
from limes.papers.rntk.recursion import Plain, grid, read

LENGTHS = (6, 4, 9)
_QUICK = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
"""Products of matrices, which take the time here, are library calls: optimising what is around them takes longer than
it saves."""
_BASE = {"w_std": 1.3, "u_std": 1.0, "b_std": 0.3, "h_std": 0.5}


def _net(**fields: Any) -> Net:
    return serial(Recurrent(**_BASE, **fields), Dense())


SINGLE = {
    "relu last": _net(activation="relu"),
    "relu mean": _net(activation="relu", readout="mean_shared"),
    "erf last": _net(activation="erf"),
    "erf mean": _net(activation="erf", readout="mean_shared"),
}
"""Of claim 1; "mean" is the mean over steps with one read-out."""
STACKS = {
    "two layers": _net(layers=2),
    "two layers, both frozen": _net(layers=2, frozen=2),
    "two layers, both directions": _net(layers=2, bidirectional=True),
}
"""Of claim 4."""
STARTS = {"last": (3, 3, 3), "mean_shared": (3, 2, 4)}
"""Of claim 3: read-outs, and lengths at which a shared start makes a difference. Last steps of series of different
lengths never meet a start, and after many steps little of it is left."""
START_STD = 2.0
"""Of the starts in claim 3. With 0.5 and the lengths of claim 1 both kernels differ by two per cent."""


def deviations(seed: int, nets: dict[str, Net], widths: tuple[int, ...]) -> dict[str, Any]:
    """Deviation of one network of each width from the kernel, by name; and its empirical NTK at the largest width.

    Cost: the gradients of three outputs, 3 width^2 numbers for each layer.
    """
    found: dict[str, Any] = {"widths": list(widths), "deviation": {}, "widest": {}, "exact": {}}
    for name, net in nets.items():
        exact = _exact(net, LENGTHS)
        kernels = [_empirical(net, LENGTHS, width, _key(seed, width)) for width in widths]
        found["deviation"][name] = [float(np.linalg.norm(k - exact) / np.linalg.norm(exact)) for k in kernels]
        found["widest"][name], found["exact"][name] = kernels[-1].tolist(), exact.tolist()
    return found


def starts(seed: int, width: int) -> dict[str, Any]:
    """Where the empirical NTK lies on the line from the kernel of independent starts (0) to that of a shared one (1).

    For each read-out, networks with either start: the projection on that line, and whether the nearer end is its own.
    """
    found: dict[str, Any] = {}
    for readout, lengths in STARTS.items():
        plain = Plain("relu", h_std=START_STD, shared_start=True)
        net = plain.net(readout)
        series = [x[:n].astype(np.float64) for x, n in zip(_series(), lengths, strict=True)]
        ends = (
            _exact(net, lengths),
            np.array([[read(grid(plain, a, b, a is b), readout) for b in series] for a in series]),
        )
        line = ends[1] - ends[0]
        for name, shared in (("independent", False), ("shared", True)):
            kernel = _empirical(net, lengths, width, _key(seed, width), shared)
            found[f"{name} {readout}"] = float(np.sum((kernel - ends[0]) * line) / np.sum(line**2))
        found[f"distance {readout}"] = float(np.linalg.norm(line) / np.linalg.norm(ends[0]))
    return found


def _series() -> np.ndarray:
    return np.random.default_rng(9).standard_normal((3, max(LENGTHS), 3)).astype(np.float32)


def _key(seed: int, width: int) -> jax.Array:
    return jax.random.fold_in(jax.random.key(seed), width)


@cache
def _exact(net: Net, lengths: tuple[int, ...]) -> np.ndarray:
    return np.asarray(net.kernel((_series().astype(np.float64), np.array(lengths)), get="ntk").ntk)  # pyright: ignore


def _empirical(net: Net, lengths: tuple[int, ...], width: int, key: jax.Array, shared: bool = False) -> np.ndarray:
    """Empirical NTK (3, 3) of the first output of one network.

    A start is a function of the series' fingerprint: given one fingerprint, all series have the same.
    """
    x, steps = jnp.asarray(_series()), jnp.asarray(lengths)
    ids = row_ids(x, steps)
    ids = jnp.broadcast_to(ids[:1], ids.shape) if shared else ids
    return np.asarray(_products(net, net.init(key, x.shape[1:], width), x, steps, ids), np.float64)


@partial(jax.jit, static_argnums=0, compiler_options=_QUICK)
def _products(net: Net, params: Any, x: jax.Array, steps: jax.Array, ids: jax.Array) -> jax.Array:
    """Inner products (n, n) of the gradients of the first output."""

    def output(params: Any) -> jax.Array:
        return net.layers[1].apply(params[1], net.layers[0].apply_sequences(params[0], x, steps, ids))[:, 0]

    gradients = [g.reshape(len(x), -1) for g in jax.tree.leaves(jax.jacrev(output)(params))]
    return jnp.asarray(sum(jnp.matmul(g, g.T, precision="highest") for g in gradients))
