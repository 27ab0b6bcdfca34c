"""What kernels on disk cost: kernel, factorisation, solve and product by the number of rows, and a model of them.

    python benchmarks/out_of_core.py

The NTK of a fully connected ReLU net in float64 (3072 features, random rows) is built on disk, factorised panel by
panel, solved with and multiplied, all with ten columns. The model has one constant for each: kernel and product grow
with n^2, the factorisation with n^3, a solve with n^2; constants are those of the largest size, and the ratio of a row
is what the model says of it. `full_cifar.json`, where it is, says what the model is worth at 50,000 rows.
"""

import json
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import common
from limes import gram, nets
from limes.linalg import panels

DEPTH, FEATURES, COLUMNS = 5, 3072, 10
POWERS = {"kernel": 2, "factorisation": 3, "solve": 2, "product": 2}


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    """Wall seconds, and what came out."""
    start = time.perf_counter()
    found = work()
    return time.perf_counter() - start, found


def measure(n: int) -> dict[str, float]:
    """Wall seconds of each part at one size; the solve is one with a factor that is there."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((n, FEATURES)), rng.standard_normal((n, COLUMNS))
    with tempfile.TemporaryDirectory(dir=".") as folder:
        kernel, store = seconds(lambda: gram.build(Path(folder) / "gram", nets.mlp(DEPTH), x))
        product, _ = seconds(lambda: store @ y)
        path, shift = Path(folder) / "factor", 1e-3 * float(store.diagonal().mean())
        width = panels.choose_width(n)
        factorisation, factor = seconds(lambda: panels.factorise(store, path, shift, width=width))
        assert factor is not None
        solve, coef = seconds(lambda: factor.solve(y))
        residual = np.linalg.norm(store @ coef + shift * coef - y) / np.linalg.norm(y)
        assert residual < 1e-8, residual
    return {"kernel": kernel, "factorisation": factorisation, "solve": solve, "product": product}


def at_full_size(constants: dict[str, float]) -> dict[str, float] | None:
    """Seconds at 50,000 rows by the model and as measured, where a result is there."""
    path = common.RESULTS / "full_cifar.json"
    if not path.exists():
        return None
    detail = json.loads(path.read_text())["rows"][0]["detail"]
    n, solves = 50_000, 5  # four of them for the condition number
    exact = constants["factorisation"] * n**3 + solves * constants["solve"] * n**2
    return {
        "kernel, model": round(constants["kernel"] * n**2, 1),
        "kernel, measured": detail["wall seconds: kernel on disk"],
        "exact solution, model": round(exact, 1),
        "exact solution, measured": detail["wall seconds: factorisation, condition number, solve"],
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure all sizes, fit the model, and write the results."""
    options = common.parser(__doc__ or "").parse_args(arguments)
    sizes = (256, 512) if options.quick else (4096, 8192, 16_384)
    measure(sizes[0])  # compiles
    found = {n: measure(n) for n in sizes}
    constants = {part: found[sizes[-1]][part] / sizes[-1] ** power for part, power in POWERS.items()}
    rows = [
        common.Row(
            f"{part}, {n} rows",
            round(found[n][part] / (constants[part] * n ** POWERS[part]), 3),
            f"seconds / those of the model, {constants[part]:.3g} n^{POWERS[part]}",
            {},
            {"seconds": round(found[n][part], 3), "load": common.load()},
        )
        for part in POWERS
        for n in sizes
    ]
    metrics: dict[str, Any] = {"seconds a power of n": constants, "at 50,000 rows": at_full_size(constants)}
    common.report("out_of_core", (__doc__ or "").splitlines()[0], rows, options, metrics)
    print(json.dumps(metrics["at 50,000 rows"], indent=1))


if __name__ == "__main__":
    main()
