"""Empirical NTK of dense and convolutional networks: limes against the three implementations of neural-tangents 0.6.5.

    python benchmarks/empirical_ntk.py --nt-python nt-oracle/bin/python

Each contender has a process of its own, and they take turns; those three times slower than the fastest run once. Ratios
are of CPU seconds, best of the rounds, limes with the method that it chooses against the fastest implementation of
neural-tangents. Memory is the peak that a run adds to its process, in processes of their own in which every array goes
back to the system (glibc); for limes and the fastest also that of compilation and run together, most of which is the
compiler where a case is small. Float32; errors are relative to the largest entry, against limes in float64 by Jacobian
contraction, at the first rows; a unit within rounding of its kink changes a row by about one over their number.
"""

import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import common
from empirical_ntk_worker import convolutional, dense
from fc_kernel import HOW_TO_INSTALL, Contender
from limes import finite

WORKER = Path(__file__).with_name("empirical_ntk_worker.py")
METHODS = ("structured", "jacobian", "products")
OUTPUTS, LONGER, CHECKED = 10, 4, 32
"""Outputs of the networks; how many times longer the second batches are; and rows of which errors are taken."""


def weights(network: str, quick: bool, times: int = 1) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Standard normal weights, and two batches, some times as long."""
    rng = np.random.default_rng(0)
    if network == "dense":
        n, width, shape = (4, 16, (20,)) if quick else (100 * times, 512, (784,))
        shapes = [(*shape, width), (width, width), (width, OUTPUTS)]
    else:
        n, width, shape = (3, 4, (6, 6, 3)) if quick else (32 * times, 32, (16, 16, 3))
        shapes = [(3, 3, 3, width), (3, 3, width, width), (3, 3, width, width), (width, OUTPUTS)]
    draw = [rng.standard_normal(s) for s in (*shapes, (n, *shape), (n, *shape))]
    *params, x1, x2 = (a.astype(np.float32) for a in draw)
    return params, x1, x2


def measure(network: str, trace: bool, times: int, options: Any, folder: Path) -> common.Row:
    """One network and length of batches, with the mean over outputs or all pairs of them."""
    params, x1, x2 = weights(network, options.quick, times)
    path, result = folder / "case.npz", folder / "kernel.npy"
    np.savez(path, allow_pickle=False, x1=x1, x2=x2, **{f"w{i}": w for i, w in enumerate(params)})
    apply = {"dense": dense, "conv": convolutional}[network]
    wide = [w.astype(np.float64) for w in params]
    exact = finite.empirical_ntk(apply, wide, x1[:CHECKED], x2[:CHECKED], trace, method="jacobian")
    chosen = finite.plan(apply, params, x1, x2, trace)
    started = {"limes": Contender("limes", sys.executable, "float32", WORKER)}
    asked = {"path": str(path), "network": network, "trace": trace}
    started["limes"].ask("prepare", **how("limes"), **asked)
    for method in (METHODS if times == 1 else METHODS[:1]) if options.nt_python else ():
        name = f"neural-tangents, {method}"
        started[name] = Contender(name, options.nt_python, "float32", WORKER)
        started[name].ask("prepare", **how(name), **asked)
    contenders = {n: lambda c=c: c.ask("time")["cpu"] for n, c in started.items()}
    seconds = common.take_turns(contenders, options.rounds, hopeless=3)
    errors = {}
    for name, contender in started.items():
        contender.ask("save", path=str(result))
        kernel = np.load(result)[0][:CHECKED, :CHECKED]
        errors[name] = float(f"{np.abs(kernel - exact).max() / np.abs(exact).max():.2g}")
        contender.close()
    best = {name: min(values) for name, values in seconds.items()}
    others = [name for name in best if name != "limes"]
    fastest = min(others, key=best.__getitem__) if others else None
    peaks = {name: memory(name, asked, options) for name in ("limes", fastest) if name}
    accuracy = {"limes": errors["limes"]}
    if fastest:
        accuracy[fastest] = errors[fastest]
        accuracy["of its memory in limes"] = round(peaks["limes"]["run"] / peaks[fastest]["run"], 2)
    return common.Row(
        case=f"{network}, {len(x1)} x {len(x2)} rows of {'x'.join(map(str, x1.shape[1:]))}, "
        f"{sum(w.size for w in params)} weights, {OUTPUTS} outputs, {'mean over outputs' if trace else 'all pairs'}",
        ratio=round(best[fastest] / best["limes"], 2) if fastest else None,
        against=f"CPU seconds, {fastest} / limes, {chosen.method}" if fastest else "",
        accuracy=accuracy,
        detail={f"CPU seconds, {name}": common.spread(values) for name, values in seconds.items()}
        | {
            "memory of a run, MB": {name: round(peak["run"] / 1e6, 1) for name, peak in peaks.items()},
            "with its compilation, MB": {name: round(peak["bytes"] / 1e6) for name, peak in peaks.items()},
            "errors": errors,
            "plan": str(chosen),
            "load": common.load(),
        },
    )


def memory(name: str, asked: Mapping[str, Any], options: Any) -> dict[str, int]:
    """Median of three processes: peak bytes of a run, and of compilation and run together."""
    python = sys.executable if name == "limes" else options.nt_python
    found = []
    for _ in range(1 if options.quick else 3):
        contender = Contender(name, python, "float32", WORKER, {"MALLOC_MMAP_THRESHOLD_": "65536"})
        contender.ask("prepare", **asked, **how(name))
        found.append(contender.ask("peak"))
        contender.close()
    return {key: sorted(one[key] for one in found)[len(found) // 2] for key in found[0]}


def how(name: str) -> dict[str, str]:
    """What a worker is told of a contender."""
    library, _, method = name.partition(", ")
    return {"contender": library, "method": method or "auto"}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run all cases and write the results."""
    parser = common.parser(__doc__ or "")
    parser.add_argument("--nt-python", default=os.environ.get("NT_PYTHON"), help="interpreter with neural-tangents")
    options = parser.parse_args(arguments)
    if not options.nt_python:
        print(HOW_TO_INSTALL)
    with tempfile.TemporaryDirectory() as folder:
        cases = [
            (network, trace, times)
            for network in ("dense", "conv")
            for times in ((1,) if options.quick else (1, LONGER))
            for trace in (True, False)
        ]
        rows = [measure(*case, options, Path(folder)) for case in cases]
    name = "empirical_ntk" if options.nt_python else "empirical_ntk_alone"
    common.report(name, (__doc__ or "").splitlines()[0], rows, options)


if __name__ == "__main__":
    main()
