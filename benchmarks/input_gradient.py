"""Input gradient of a prediction against the two bare matrix products that it contains.

    python benchmarks/input_gradient.py

Batch 128, 10,000 centres, 3072 features, 10 outputs, float32. The products are X Z^T and W Z in JAX, in turns with
limes in one process. `vjp` is the gradient alone; `scores and vjp` gives the scores too, from the same kernel. Both
include fingerprints of the batch and the way from and to NumPy. Accuracy is that of a few rows, the first of them equal
to a centre: in float32 against float64, and in float64 against central differences of the textbook recursion.
"""

import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import common
from fc_kernel_worker import recursion
from limes import nets
from limes.kernels.coincidence import fingerprints
from limes.kernels.expansion import Expansion, expand

FEW = slice(0, 4)


def accuracy(depth: int, single: Expansion, x: np.ndarray, z: np.ndarray, coef: np.ndarray, v: np.ndarray) -> dict:
    """Errors of the gradient on a few rows, relative to its largest entry or, of differences, to its length."""
    found = single.vjp(x[FEW], v[FEW])
    x, z, coef, v = (np.asarray(a, np.float64) for a in (x[FEW], z, coef, v[FEW]))
    exact = expand(nets.mlp(depth), "ntk", z, coef).vjp(x, v)
    error = np.abs(found - exact).max(axis=1) / np.abs(exact).max()

    def values(points: np.ndarray) -> np.ndarray:
        return np.sum(recursion(points, z, depth)["ntk"] @ coef * v, axis=1)

    length = np.linalg.norm(exact, axis=1, keepdims=True)
    direction = exact / length + np.random.default_rng(1).normal(size=x.shape) / x.shape[1] ** 0.5
    step = 1e-4 * np.linalg.norm(x, axis=1, keepdims=True) / np.linalg.norm(direction, axis=1, keepdims=True)
    slope = (values(x + step * direction) - values(x - step * direction)) / (2 * step[:, 0])
    difference = np.abs(slope - np.sum(exact * direction, axis=1)) / length[:, 0]
    return {
        "row that is a centre, float32": float(f"{error[0]:.2g}"),
        "other rows, float32": float(f"{error[1:].max():.2g}"),
        "float64 gradient against differences": float(f"{difference.max():.2g}"),
    }


def first_call(work: Callable[[], Any]) -> dict[str, float]:
    """CPU and wall seconds of a call that compiles."""
    start = time.perf_counter()
    cpu = common.cpu_seconds(work)
    return {"cpu": round(cpu, 2), "wall": round(time.perf_counter() - start, 2)}


def beside(x: np.ndarray, rounds: int) -> dict[str, float]:
    """CPU milliseconds of what a gradient does once a batch beside products and kernel."""
    on_device, marks = jnp.asarray(x), jax.jit(fingerprints)
    work = {
        "fingerprints of the batch": lambda: jax.block_until_ready(marks(on_device)),
        "to the device and back": lambda: np.array(jax.block_until_ready(jnp.asarray(x))),
    }
    for run in work.values():
        run()
    turns = common.take_turns({name: lambda r=run: common.cpu_seconds(r) for name, run in work.items()}, rounds)
    return {name: round(1e3 * min(s), 2) for name, s in turns.items()}


def main() -> None:
    """Measure depth 3 and 10."""
    options = common.parser(__doc__ or "").parse_args()
    batch, m, d, outputs = (16, 200, 64, 3) if options.quick else (128, 10_000, 3072, 10)
    rng = np.random.default_rng(0)
    x, z, coef, v, w = (
        rng.normal(size=shape).astype(np.float32)
        for shape in ((batch, d), (m, d), (m, outputs), (batch, outputs), (batch, m))
    )
    x[0] = z[0]
    on_device = [jnp.asarray(a) for a in (x, z, w)]
    products = jax.jit(lambda x, z, w: (jnp.matmul(x, z.T, precision="highest"), jnp.matmul(w, z, precision="highest")))
    once, rows = beside(x, options.rounds), []
    for depth in (3, 10):
        expansion = expand(nets.mlp(depth), "ntk", z, coef)
        work = {
            "products": lambda: jax.block_until_ready(products(*on_device)),
            "scores and vjp": lambda e=expansion: e.scores_and_vjp(x, lambda scores: v),
            "vjp": lambda e=expansion: e.vjp(x, v),
        }
        first = {name: first_call(run) for name, run in work.items()}["scores and vjp"]
        turns = {name: lambda run=run: common.cpu_seconds(run) for name, run in work.items()}
        seconds = common.take_turns(turns, options.rounds)
        errors = accuracy(depth, expansion, x, z, coef, v)
        for name in ("vjp", "scores and vjp"):
            detail: dict[str, Any] = {n: common.spread(seconds[n]) for n in (name, "products")}
            detail["first call of scores and vjp (tracing, compilation, one run), seconds"] = first
            detail["once a batch, CPU milliseconds"] = once
            detail["load"] = common.load()
            ratio = round(min(seconds[name]) / min(seconds["products"]), 2)
            case = f"{name}, batch {batch}, {m} centres, d {d}, depth {depth}"
            rows.append(common.Row(case, ratio, "CPU seconds, limes / two matrix products", errors, detail))
    common.report("input_gradient", (__doc__ or "").splitlines()[0], rows, options)


if __name__ == "__main__":
    main()
