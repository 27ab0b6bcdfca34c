"""Convolutional ReLU kernels: limes against neural-tangents 0.6.5, in CPU time for a pair of images.

    python benchmarks/conv_kernel.py --nt-python nt-oracle/bin/python

Each contender has a process of its own, and they take turns. neural-tangents gets blocks that suit it (4 x 16 images,
1 x 8 for the largest), limes as many images as it takes to make compiled loops worth their compilation; neither can use
symmetry. Differences are to neural-tangents in float64, relative to the largest entry. The arithmetic rate counts 50
operations for an entry and a layer, and stands beside that of a matrix product of the same precision.
"""

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import common
from fc_kernel import HOW_TO_INSTALL, Contender

_OPERATIONS = 50


@dataclass(frozen=True)
class Case:
    """A kernel to measure.

    Attributes:
        head: "flatten" or "gap" behind four convolutions, or "myrtle" for the whole net of that name.
        side: pixels along each side; there are three channels.
        dtype: precision of limes.
        peer_dtype: precision of neural-tangents: the same, or the one that is faster for it.
        blocks: images (rows, columns) for limes and for neural-tangents.
    """

    head: str
    side: int
    dtype: str
    peer_dtype: str
    blocks: tuple[tuple[int, int], tuple[int, int]]

    @property
    def depth(self) -> int:
        """As the contenders count it."""
        return 5 if self.head == "myrtle" else 4

    @property
    def entries(self) -> int:
        """Entries of a pair's covariance times activations; pools by 2 x 2 leave a sixteenth."""
        pairs = self.side**4
        return {"flatten": 4 * self.side**2, "gap": 4 * pairs, "myrtle": 2 * pairs + pairs // 16 + pairs // 256}[
            self.head
        ]

    def __str__(self) -> str:
        return f"{self.head}, {self.side} x {self.side} x 3, depth {self.depth}, {self.dtype}"


CASES = (
    Case("flatten", 32, "float32", "float32", ((256, 256), (64, 64))),
    Case("gap", 16, "float32", "float32", ((32, 32), (4, 16))),
    Case("gap", 16, "float32", "float64", ((32, 32), (4, 16))),
    Case("gap", 16, "float64", "float64", ((32, 32), (4, 16))),
    Case("gap", 32, "float32", "float64", ((8, 16), (1, 8))),
    Case("gap", 32, "float64", "float64", ((8, 16), (1, 8))),
    Case("myrtle", 32, "float32", "float32", ((8, 16), (1, 8))),
    Case("myrtle", 32, "float32", "float64", ((8, 16), (1, 8))),
    Case("myrtle", 32, "float64", "float64", ((8, 16), (1, 8))),
)
QUICK = (
    Case("myrtle", 8, "float32", "float32", ((8, 8), (4, 8))),
    Case("gap", 6, "float32", "float32", ((8, 8), (4, 8))),
)


def product_rate(dtype: str) -> float:
    """Operations a CPU second in a matrix product."""
    a = np.random.default_rng(0).normal(size=(1500, 1500)).astype(dtype)
    _ = a @ a
    return 2 * len(a) ** 3 / min(common.cpu_seconds(lambda: a @ a) for _ in range(5))


def ask(contender: Contender, case: Case, images: np.ndarray, rows: int, folder: Path, name: str) -> dict[str, Any]:
    """Prepare a contender, and its first values."""
    batch, result = folder / f"{name}.npy", folder / f"{name}-kernel.npy"
    np.save(batch, images)
    first = contender.ask(
        "prepare", contender=name, path=str(batch), depth=case.depth, get=("ntk",), head=case.head, rows=rows
    )
    contender.ask("save", path=str(result))
    return first | {"ntk": np.load(result)[0].astype(np.float64)}


def measure(case: Case, options: Any, folder: Path) -> common.Row:
    """One case: first calls, rounds, differences."""
    draws = np.random.default_rng(0).normal(size=(case.blocks[0][1], case.side, case.side, 3))
    pythons = {"limes": (sys.executable, case.dtype, case.blocks[0])}
    if options.nt_python:
        pythons["neural-tangents"] = (options.nt_python, case.peer_dtype, case.blocks[1])
    started = {n: Contender(n, python, dtype) for n, (python, dtype, _) in pythons.items()}
    try:
        first = {
            n: ask(c, case, draws[: pythons[n][2][1]].astype(pythons[n][1]), pythons[n][2][0], folder, n)
            for n, c in started.items()
        }
        rounds = {n: lambda c=c: c.ask("time")["cpu"] for n, c in started.items()}
        seconds = common.take_turns(rounds, options.rounds, options.rounds, patience=options.rounds)
    finally:
        for contender in started.values():
            contender.close()
    pairs = {n: rows * columns for n, (_, _, (rows, columns)) in pythons.items()}
    each = {n: min(s) / pairs[n] for n, s in seconds.items()}
    rate = _OPERATIONS * case.entries / each["limes"]
    detail: dict[str, Any] = {f"CPU ms a pair, {n}": round(1e3 * s, 5) for n, s in each.items()}
    detail |= {f"precision, {n}": p[1] for n, p in pythons.items()}
    detail |= {
        "images": {n: p[2] for n, p in pythons.items()},
        "first call (tracing, compilation, one run), seconds": {n: a["first call"] for n, a in first.items()},
        "arithmetic rate / that of a matrix product": round(rate / product_rate(case.dtype), 3),
        "spread": {n: common.spread(s) for n, s in seconds.items()},
        "load": common.load(),
    }
    if "neural-tangents" not in each:
        return common.Row(str(case), None, "neural-tangents was not there", {}, detail)
    rows, columns = (min(a, b) for a, b in zip(case.blocks[0], case.blocks[1], strict=True))
    mine, theirs = (first[n]["ntk"][:rows, :columns] for n in ("limes", "neural-tangents"))
    accuracy = {"largest difference": float(f"{np.abs(mine - theirs).max() / np.abs(theirs).max():.2g}")}
    against = f"CPU time, neural-tangents ({case.peer_dtype}) / limes"
    return common.Row(str(case), round(each["neural-tangents"] / each["limes"], 2), against, accuracy, detail)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run all cases and write the results."""
    parser = common.parser(__doc__ or "")
    parser.add_argument("--nt-python", default=os.environ.get("NT_PYTHON"), help="interpreter with neural-tangents")
    options = parser.parse_args(arguments)
    if not options.nt_python:
        print(HOW_TO_INSTALL)
    rows = []
    for case in QUICK if options.quick else CASES:
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            rows.append(measure(case, options, Path(folder)))
            print(f"{case}: {rows[-1].ratio} ({time.perf_counter() - start:.0f} s)", flush=True)
    name = "conv_kernel" if options.nt_python else "conv_kernel_alone"  # never replace the comparison by less
    common.report(name, (__doc__ or "").splitlines()[0], rows, options)


if __name__ == "__main__":
    main()
