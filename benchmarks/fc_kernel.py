"""Fully connected kernels: limes against neural-tangents 0.6.5, the bare matrix product and NumPy.

    python benchmarks/fc_kernel.py --nt-python nt-oracle/bin/python

Each contender has a process of its own, and they take turns. Ratios are of CPU seconds, best of the rounds. Errors are
relative to the largest entry, against the textbook recursion in float64 with the diagonal from its closed form for
relu, and against limes in float64 for erf and gelu, where NumPy does not take part. Without
neural-tangents (an older JAX, in an environment apart) the rest is measured.
"""

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.linalg import eigh

import common
from fc_kernel_worker import recursion
from limes import nets

WORKER = Path(__file__).with_name("fc_kernel_worker.py")
SETTINGS = (
    (3, "float32", "relu"),
    (10, "float32", "relu"),
    (3, "float64", "relu"),
    (3, "float32", "erf"),
    (3, "float32", "gelu"),
)
Case = tuple[int, str, str, tuple[str, ...]]
HOW_TO_INSTALL = """neural-tangents is not compared: no interpreter that has it was given. To make one:
    python3.11 -m venv nt-oracle
    nt-oracle/bin/pip install jax==0.4.23 jaxlib==0.4.23 numpy==1.26.4 scipy==1.12.0 frozendict
    nt-oracle/bin/pip install --no-deps neural-tangents==0.6.5
and run again with --nt-python nt-oracle/bin/python (or NT_PYTHON in the environment)."""


class Contender:
    """A worker process, spoken to in lines of JSON."""

    def __init__(
        self, name: str, python: str, dtype: str, worker: Path = WORKER, settings: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        settings = os.environ | ({"JAX_ENABLE_X64": "1"} if dtype == "float64" else {}) | dict(settings or {})
        self.process = subprocess.Popen(
            [python, str(worker)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=settings
        )

    def ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        """Send a command and wait for the answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"the process of {self.name} ended with code {self.process.wait()}: see its error above")
        return json.loads(answer)

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


@contextlib.contextmanager
def contenders(nt_python: str | None, dtype: str, activation: str) -> Iterator[dict[str, Contender]]:
    """One process each; neural-tangents where it is there."""
    pythons = {"limes": sys.executable, "product": sys.executable}
    if activation == "relu":
        pythons["numpy"] = sys.executable
    if nt_python:
        pythons["neural-tangents"] = nt_python
    started = {name: Contender(name, python, dtype) for name, python in pythons.items()}
    try:
        yield started
    finally:
        for contender in started.values():
            contender.close()


def reference(x: np.ndarray, depth: int, activation: str) -> dict[str, np.ndarray]:
    """Both kernels in float64; on the diagonal, where angles are 0, the variance and depth times the variance."""
    x = x.astype(np.float64)
    if activation != "relu":
        exact = nets.mlp(depth, activation).kernel(x)
        return {"nngp": exact.nngp, "ntk": exact.ntk}
    kernels = recursion(x, x, depth)
    variance = 2 * np.mean(x * x, axis=1)
    np.fill_diagonal(kernels["nngp"], variance)
    np.fill_diagonal(kernels["ntk"], depth * variance)
    return kernels


def smallest_eigenvalue(kernel: np.ndarray) -> float:
    """In float64, whatever the kernel was computed in."""
    value = eigh(kernel.astype(np.float64), eigvals_only=True, subset_by_index=[0, 0])[0]
    return float(f"{value:.6g}")


def errors(kernels: np.ndarray, exact: Sequence[np.ndarray]) -> dict[str, float]:
    """Largest errors over all kernels, relative to the largest entry of each."""
    off, on = [], []
    for kernel, truth in zip(kernels, exact, strict=True):
        difference = np.abs(kernel.astype(np.float64) - truth) / np.abs(truth).max()
        on.append(difference.diagonal().max())
        np.fill_diagonal(difference, 0)
        off.append(difference.max())
    return {"off diagonal": float(f"{max(off):.2g}"), "diagonal": float(f"{max(on):.2g}")}


def measure(case: Case, x: np.ndarray, truth: dict, smallest: float, options: Any, folder: Path) -> list:
    """One case: first calls, rounds, memory, accuracy."""
    depth, dtype, activation, get = case
    batch, result = folder / "batch.npy", folder / "kernel.npy"
    np.save(batch, x)
    with contenders(options.nt_python, dtype, activation) as started:
        asked = {"path": str(batch), "depth": depth, "get": get, "activation": activation}
        first = {n: c.ask("prepare", contender=n, **asked) for n, c in started.items()}
        wrong = {n: a["dtypes"] for n, a in first.items() if a["dtypes"] != [dtype]}
        if wrong:
            raise SystemExit(f"results in another precision than {dtype}: {wrong}")
        seconds = common.take_turns({n: lambda c=c: c.ask("time")["cpu"] for n, c in started.items()}, options.rounds)
        peaks = {n: c.ask("peak")["bytes"] for n, c in started.items()}
        found = {}
        for name in started.keys() - {"product"}:
            started[name].ask("save", path=str(result))
            kernels = np.load(result)
            found[name] = errors(kernels, [truth[k] for k in get])
            found[name]["smallest eigenvalue"] = smallest_eigenvalue(kernels[-1])
    best = {name: min(s) for name, s in seconds.items()}
    compiling = {n: {k: round(s, 2) for k, s in a["first call"].items()} for n, a in first.items()}
    detail: dict[str, Any] = {f"CPU seconds, {name}": common.spread(s) for name, s in seconds.items()}
    detail |= {
        "first call (tracing, compilation, one run), seconds": compiling,
        "peak memory of the process, MB": {name: b and round(b / 1e6) for name, b in peaks.items()},
        "smallest eigenvalue, ntk": {"float64 reference": smallest}
        | {name: e.pop("smallest eigenvalue") for name, e in found.items()},
        "errors, numpy": found.pop("numpy", None),
        "load": common.load(),
    }
    accuracy = {f"{what}, {name}": value for name in sorted(found) for what, value in found[name].items()}
    named = f"n {len(x)}, d {x.shape[1]}, depth {depth}, {activation}, {dtype}, {' + '.join(get)}"
    rows = [common.Row(named, round(best["limes"] / best["product"], 2), "CPU seconds, limes / whole matrix product")]
    if "neural-tangents" not in best:
        return [replace(rows[0], accuracy=accuracy, detail=detail)]
    detail["ratio, median / median"] = round(
        statistics.median(seconds["neural-tangents"]) / statistics.median(seconds["limes"]), 2
    )
    ratio = round(best["neural-tangents"] / best["limes"], 2)
    return [common.Row(named, ratio, "CPU seconds, neural-tangents / limes", accuracy, detail), *rows]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run all cases and write the results."""
    parser = common.parser(__doc__ or "")
    parser.add_argument("--nt-python", default=os.environ.get("NT_PYTHON"), help="interpreter with neural-tangents")
    options = parser.parse_args(arguments)
    n, d = (200, 30) if options.quick else (3000, 784)
    more = {}
    if options.nt_python:
        probe = Contender("neural-tangents", options.nt_python, "float32")
        packages = {"neural-tangents": "neural-tangents", "jax": "its jax", "numpy": "its numpy"}
        more = {packages[k]: v for k, v in probe.ask("versions", packages=list(packages)).items()}
        probe.close()
    else:
        print(HOW_TO_INSTALL)
    draws = np.random.default_rng(0).normal(size=(n, d))
    rows = []
    for depth, dtype, activation in SETTINGS[:1] if options.quick else SETTINGS:
        x = draws.astype(dtype)
        truth = reference(x, depth, activation)
        smallest = smallest_eigenvalue(truth["ntk"])
        with tempfile.TemporaryDirectory() as folder:
            for get in (("ntk",), ("nngp", "ntk")):
                rows += measure((depth, dtype, activation, get), x, truth, smallest, options, Path(folder))
    name = "fc_kernel" if options.nt_python else "fc_kernel_alone"  # never replace the comparison by less
    common.report(name, (__doc__ or "").splitlines()[0], rows, options, **more)


if __name__ == "__main__":
    main()
