"""Empirical NTK of finite networks on a GPU against the plain contraction of Jacobians in JAX.

    python benchmarks/gpu_empirical.py

The networks are those of empirical_ntk.py, wider and on longer batches. Batches lie on the GPU; times are medians of
wall seconds until the kernel is there, after one call that is not counted, with what limes chooses by itself against
one compiled program that takes both Jacobians whole. Float32, in full precision; errors are relative to the largest
entry, against limes in float64 on the first rows. Peaks are of the GPU's memory, limes first.
"""

import statistics
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import common
from empirical_ntk_worker import convolutional, dense
from gpu_kernel import seconds
from limes import finite

OUTPUTS, SAMPLE = 10, 8


def network(name: str, quick: bool) -> tuple[Any, list[np.ndarray], np.ndarray, np.ndarray]:
    """The function, standard normal weights, and two batches."""
    rng = np.random.default_rng(0)
    if name == "dense":
        n, width, shape = (16, 32, (20,)) if quick else (512, 1024, (784,))
        shapes = [(*shape, width), (width, width), (width, OUTPUTS)]
    else:
        n, width, shape = (16, 8, (8, 8, 3)) if quick else (256, 128, (32, 32, 3))
        shapes = [(3, 3, 3, width), (3, 3, width, width), (3, 3, width, width), (width, OUTPUTS)]
    *params, x1, x2 = (rng.standard_normal(s).astype(np.float32) for s in (*shapes, (n, *shape), (n, *shape)))
    return {"dense": dense, "conv": convolutional}[name], params, x1, x2


def plain(apply: Any, params: Any, trace: bool) -> Callable[[jax.Array, jax.Array], jax.Array]:
    """Both Jacobians, row by row, and their contraction, as one program."""
    subscripts = "iap,jap->ij" if trace else "iap,jbp->ijab"

    def jacobian(x: jax.Array) -> list[jax.Array]:
        rows = jax.vmap(lambda row: jax.jacrev(lambda p: apply(p, row[None])[0])(params))(x)
        return [part.reshape(len(x), OUTPUTS, -1) for part in rows]

    @jax.jit
    def kernel(x1: jax.Array, x2: jax.Array) -> jax.Array:
        parts = zip(jacobian(x1), jacobian(x2), strict=True)
        total = sum((jnp.einsum(subscripts, p, q, precision="highest") for p, q in parts), start=jnp.zeros(()))
        return total / OUTPUTS if trace else total

    return kernel


def measure(name: str, trace: bool, options: Any) -> common.Row:
    """One network, with the mean over outputs or all pairs of them."""
    apply, params, x1, x2 = network(name, options.quick)
    exact = finite.empirical_ntk(
        apply, [w.astype(np.float64) for w in params], x1[:SAMPLE].astype(float), x2[:SAMPLE].astype(float), trace
    )
    on_device = [jax.device_put(w) for w in params]
    a, b = jax.device_put(x1), jax.device_put(x2)
    chosen = finite.plan(apply, on_device, a, b, trace)
    found, times, peaks = {}, {}, {}
    whole = plain(apply, on_device, trace)
    works = {
        "limes": lambda: finite.empirical_ntk(apply, on_device, a, b, trace),
        "plain JAX": lambda: whole(a, b),
    }
    for who, work in works.items():
        try:
            times[who] = statistics.median(seconds(work, options.rounds))
            found[who] = np.asarray(work())[:SAMPLE, :SAMPLE]
        except jax.errors.JaxRuntimeError as error:
            print(f"{who}: {str(error).splitlines()[0]}", flush=True)
        peaks[who] = (jax.devices()[0].memory_stats() or {}).get("peak_bytes_in_use", 0)
    errors = {w: float(f"{np.abs(k - exact).max() / np.abs(exact).max():.2g}") for w, k in found.items()}
    ratio = times["plain JAX"] / times["limes"] if "plain JAX" in times else None
    return common.Row(
        case=f"{name}, {len(x1)} x {len(x2)} rows of {'x'.join(map(str, x1.shape[1:]))}, "
        f"{sum(w.size for w in params)} weights, {OUTPUTS} outputs, {'mean over outputs' if trace else 'all pairs'}",
        ratio=round(ratio, 2) if ratio is not None else None,
        against=f"time of plain JAX / of limes, {chosen.method}",
        accuracy=errors,
        detail={f"milliseconds, {w}": round(1e3 * t, 2) for w, t in times.items()}
        | {f"MB at the peak, {w}": round(p / 1e6) for w, p in peaks.items()},
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure all cases and write the results."""
    options = common.parser(__doc__ or "").parse_args(arguments)
    if jax.default_backend() != "gpu":
        raise SystemExit("this benchmark needs a GPU and JAX for it: pip install 'limes[cuda]'")
    rows = [measure(name, trace, options) for name in ("dense", "conv") for trace in (True, False)]
    what = (__doc__ or "").splitlines()[0]
    common.report("gpu_empirical", what, rows, options, device=jax.devices()[0].device_kind)


if __name__ == "__main__":
    main()
