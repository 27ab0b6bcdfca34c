"""Exact kernel regression on all 50,000 training images of CIFAR-10, out of core, killed in the middle and continued.

    python benchmarks/full_cifar.py --data DIR --store DIR

builds the NTK of a fully connected ReLU net in float64 on disk, factorises it panel by panel and predicts the test
images, in a process of its own. That process is killed (SIGKILL) once half of the panels are done, and the same command
continues. Times and CPU seconds are those of both processes together, peak memory is the larger one's. The ratio sets
the rate of the factorisation, n^3 / 3 multiplications and as many additions, against that of a product of two tiles
that lie in memory.
"""

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import common

DEPTH, CLASSES = 5, 10
FULL, QUICK = (50_000, 10_000, "4GB"), (3_000, 500, "60MB")  # training and test images, memory for the solver


def worker(data: Path, store: Path, n: int, n_test: int) -> None:
    """One process's share of the work; its last line is the result."""
    import numpy as np

    import limes as lm
    from limes.core.progress import Bar
    from limes.machines.scaling import fit_affine

    cifar = lm.data.load("cifar10", data)
    assert cifar.x_test is not None
    assert cifar.y_test is not None
    x, y, net, stages = cifar.x[:n].astype(np.float64), cifar.y[:n], lm.nets.mlp(DEPTH), {}
    x_test, y_test = cifar.x_test[:n_test].astype(np.float64), cifar.y_test[:n_test]
    del cifar

    def mark(name: str) -> None:
        stages[name] = [time.time(), time.process_time()]
        print(json.dumps({"stages": stages}), flush=True)

    mark("start")
    affine = fit_affine(x, "standard")
    assert affine is not None
    with Bar() as progress:
        gram = lm.gram.build(store / "gram", net, affine(x), progress=progress)
        mark("kernel")
        machine = lm.NTKClassifier(net, scale="standard", solver="out_of_core")
        machine.fit_path(x, y, (float("inf"),), progress, gram=gram)
    mark("solve")
    accuracy = machine.score(x_test, y_test)
    mark("predict")
    found = {"accuracy": accuracy, "rcond": machine.rcond_, "jitter": machine.jitter_, "solver": machine.solver_}
    print(json.dumps({"stages": stages, "found": found}), flush=True)


def run(words: Sequence[str], store: Path, kill_at: int | None) -> dict[str, Any]:
    """A worker to its end, or until panel `kill_at` is finished; what it printed last, and what it used."""
    started = time.time()
    child = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    halfway = store / "gram-factor" / "c" / str(kill_at) / str(kill_at)
    while kill_at is not None and child.poll() is None and not halfway.exists():
        time.sleep(0.2)
    if kill_at is not None and child.poll() is None:
        child.send_signal(signal.SIGKILL)
    assert child.stdout is not None
    lines = child.stdout.read().splitlines()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, -signal.SIGKILL):
        raise SystemExit(child.returncode)
    used = {"wall": time.time() - started, "cpu": usage.ru_utime + usage.ru_stime, "peak": common.peak_memory(usage)}
    return json.loads(lines[-1]) | used | {"ended": time.time()}


def product_rate(width: int, rounds: int) -> float:
    """Operations a second of a product of tiles in memory."""
    import numpy as np

    tile = np.random.default_rng(0).standard_normal((width, width))
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        tile @ tile
        seconds.append(time.perf_counter() - start)
    return 2 * width**3 / min(seconds)


def row(runs: Sequence[dict[str, Any]], store: Path, n: int, n_test: int, rate: float) -> common.Row:
    """Both processes together."""
    first, last = runs
    spans = {"start": 0.0, "kernel": 0.0, "solve": 0.0, "predict": 0.0}
    for one in runs:
        marks = list(one["stages"].items())
        for (_, (since, _)), (name, (until, _)) in itertools.pairwise(marks):
            spans[name] += until - since
        unfinished = list(spans)[len(marks)] if len(marks) < len(spans) else None
        if unfinished:
            spans[unfinished] += one["ended"] - marks[-1][1][0]
    disk = sum(file.stat().st_blocks * 512 for file in store.rglob("*") if file.is_file())
    speed = 2 * n**3 / 3 / spans["solve"]
    detail = {
        "wall seconds: kernel on disk": round(spans["kernel"], 1),
        "wall seconds: factorisation, condition number, solve": round(spans["solve"], 1),
        "wall seconds: test images": round(spans["predict"], 1),
        "wall seconds in all": round(first["wall"] + last["wall"], 1),
        "CPU seconds in all": round(first["cpu"] + last["cpu"], 1),
        "peak memory, MB": round(max(one["peak"] for one in runs) / 1e6),
        "disk, MB": round(disk / 1e6),
        "GFLOP/s of the factorisation": round(speed / 1e9, 1),
        "GFLOP/s of a product in memory": round(rate / 1e9, 1),
        "killed after, seconds": round(first["wall"], 1),
        "load": common.load(),
    }
    case = f"NTK of mlp({DEPTH}) in float64, {n} images of 3072 numbers, {n_test} test images"
    return common.Row(
        case,
        round(rate / speed, 2),
        "time of the whole solution / of its arithmetic at the rate of a matrix product",
        {"test accuracy": round(last["found"]["accuracy"], 4)}
        | {name: float(f"{last['found'][name]:.3g}") for name in ("rcond", "jitter")},
        detail,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run both processes and write the results."""
    parser = common.parser(__doc__ or "")
    parser.add_argument("--data", type=Path, required=True, help="folder with cifar-10-batches-py")
    parser.add_argument("--store", type=Path, required=True, help="folder for 25 GB of tiles; emptied afterwards")
    parser.add_argument("--worker", action="store_true", help="(one process's share)")
    options = parser.parse_args(arguments)
    n, n_test, memory = QUICK if options.quick else FULL
    if options.worker:
        worker(options.data, options.store, n, n_test)
        return
    os.environ.setdefault("LIMES_MEMORY", memory)
    from limes.linalg import panels

    width = panels.choose_width(n)
    words = [sys.executable, __file__, *(sys.argv[1:] if arguments is None else arguments), "--worker"]
    runs = [run(words, options.store, kill_at) for kill_at in (-(-n // width) // 2, None)]
    what = (__doc__ or "").splitlines()[0]
    found = row(runs, options.store, n, n_test, product_rate(min(width, 4096), options.rounds))
    common.report("full_cifar", what, [found], options)
    for name in ("gram", "gram-factor"):
        shutil.rmtree(options.store / name)


if __name__ == "__main__":
    main()
