"""Exact kernel regression on CIFAR-10 at full size, out of core, killed in the middle and continued.

    python benchmarks/full_cifar.py --data DIR --store DIR [--net mlp-5 | cnn-3]

builds the NTK on disk, factorises it panel by panel and predicts the test images, in a process of its own: a fully
connected ReLU net on all 50,000 training images in float64, or three convolutions and a flat read-out on as many as two
hours allow, with the kernel in float32. That process is killed (SIGKILL) once half of the panels are done, and the same
command continues. It may be stopped and started again at any other moment too: each process writes down what it uses
every few seconds. Times are sums over all processes, peak memory is the largest. The ratio sets the rate of the
factorisation, n^3 / 3 multiplications and as many additions, against that of a product of two tiles that lie in memory.
"""

import itertools
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import common


class Size(NamedTuple):
    """Numbers of training and test images, precision of the kernel, memory for the solver."""

    n: int
    n_test: int
    dtype: str
    memory: str


FULL = {"mlp-5": Size(50_000, 10_000, "float64", "4GB"), "cnn-3": Size(45_000, 10_000, "float32", "4GB")}
QUICK = {"mlp-5": Size(3_000, 500, "float64", "60MB"), "cnn-3": Size(1_500, 200, "float32", "200MB")}
STAGES = ("start", "kernel", "solve", "predict")
BEAT = 5.0  # seconds between two records of what a process uses


class Usage:
    """What this process has used so far, in a file of its own in `folder`, which outlives its death."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{time.time_ns()}.json"
        self._seen: dict[str, Any] = {"stages": {}}
        self._lock = threading.Lock()
        self.mark("start")
        threading.Thread(target=self._beat, daemon=True).start()

    def mark(self, stage: str, **found: Any) -> None:
        """Note that a stage has ended, and what it found."""
        self._seen["stages"][stage] = self._now()
        self._seen |= found
        self._write()

    def _now(self) -> list[float]:
        return [time.time(), time.process_time()]

    def _beat(self) -> None:
        while True:
            time.sleep(BEAT)
            self._write()

    def _write(self) -> None:
        peak = common.peak_memory(resource.getrusage(resource.RUSAGE_SELF))
        with self._lock:
            new = self._path.with_suffix(".new")
            new.write_text(json.dumps(self._seen | {"ended": self._now(), "peak": peak}))
            new.replace(self._path)


def worker(data: Path, store: Path, name: str, size: Size) -> None:
    """One process's share of the work."""
    usage = Usage(store / "usage")
    import numpy as np

    import limes as lm
    from limes.core.progress import Bar
    from limes.machines.scaling import fit_affine
    from limes.nets.names import parse_net

    cifar = lm.data.load("cifar10", data)
    assert cifar.x_test is not None
    assert cifar.y_test is not None
    x, y = cifar.x[: size.n].astype(size.dtype), cifar.y[: size.n]
    x_test, y_test = cifar.x_test[: size.n_test].astype(size.dtype), cifar.y_test[: size.n_test]
    del cifar
    net, affine = parse_net(name, x.shape[1:]), fit_affine(x, "standard")
    assert affine is not None
    with Bar() as progress:
        gram = lm.gram.build(store / "gram", net, affine(x), progress=progress)
        usage.mark("kernel")
        machine = lm.NTKClassifier(net, scale="standard", solver="out_of_core")
        machine.fit_path(x, y, (float("inf"),), progress, gram=gram)
        usage.mark("solve")
        accuracy = float(np.mean(machine.predict(x_test) == y_test))
    found = {"accuracy": accuracy, "rcond": machine.rcond_, "jitter": machine.jitter_, "solver": machine.solver_}
    usage.mark("predict", found=found)


def run(words: Sequence[str], store: Path, kill_at: int | None) -> None:
    """A worker to its end, or until panel `kill_at` is finished."""
    child = subprocess.Popen(words)
    halfway = store / "gram-factor" / "c" / str(kill_at) / str(kill_at)
    while kill_at is not None and child.poll() is None and not halfway.exists():
        time.sleep(0.2)
    if kill_at is not None and child.poll() is None:
        child.send_signal(signal.SIGKILL)
    if child.wait() not in (0, -signal.SIGKILL):
        raise SystemExit(child.returncode)


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


def row(store: Path, name: str, size: Size, rate: float) -> common.Row:
    """All processes together."""
    runs = [json.loads(path.read_text()) for path in sorted((store / "usage").glob("*.json"))]
    wall, cpu = dict.fromkeys(STAGES, 0.0), dict.fromkeys(STAGES, 0.0)
    for one in runs:
        ends = [*one["stages"].values(), one["ended"]]
        for stage, (before, after) in zip(STAGES[1:], itertools.pairwise(ends), strict=False):
            wall[stage] += after[0] - before[0]
            cpu[stage] += after[1] - before[1]
    found = runs[-1]["found"]
    disk = sum(file.stat().st_blocks * 512 for file in store.rglob("*") if file.is_file())
    speed = 2 * size.n**3 / 3 / wall["solve"]
    words = {"kernel": "kernel on disk", "solve": "factorisation, condition number, solve", "predict": "test images"}
    detail = {
        **{f"wall seconds: {text}": round(wall[stage], 1) for stage, text in words.items()},
        "wall seconds in all": round(sum(wall.values()), 1),
        **{f"CPU seconds: {text}": round(cpu[stage], 1) for stage, text in words.items()},
        "CPU seconds in all": round(sum(cpu.values()), 1),
        "peak memory, MB": round(max(one["peak"] for one in runs) / 1e6),
        "disk, MB": round(disk / 1e6),
        "GFLOP/s of the factorisation": round(speed / 1e9, 1),
        "GFLOP/s of a product in memory": round(rate / 1e9, 1),
        "processes": len(runs),
        "load": common.load(),
    }
    case = f"NTK of {name} in {size.dtype}, {size.n} images of 3072 numbers, {size.n_test} test images"
    return common.Row(
        case,
        round(rate / speed, 2),
        "time of the whole solution / of its arithmetic at the rate of a matrix product",
        {"test accuracy": round(found["accuracy"], 4)}
        | {key: float(f"{found[key]:.3g}") for key in ("rcond", "jitter")},
        detail,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a process that is killed, one that continues, and write the results."""
    parser = common.parser(__doc__ or "")
    parser.add_argument("--data", type=Path, required=True, help="folder with cifar-10-batches-py")
    parser.add_argument("--store", type=Path, required=True, help="folder for 25 GB of tiles; emptied afterwards")
    parser.add_argument("--net", choices=FULL, default="mlp-5", help="(default mlp-5)")
    parser.add_argument("--worker", action="store_true", help="(one process's share)")
    options = parser.parse_args(arguments)
    size = (QUICK if options.quick else FULL)[options.net]
    if options.worker:
        worker(options.data, options.store, options.net, size)
        return
    os.environ.setdefault("LIMES_MEMORY", size.memory)
    from limes.linalg import panels

    width = panels.choose_width(size.n)
    words = [sys.executable, __file__, *(sys.argv[1:] if arguments is None else arguments), "--worker"]
    for kill_at in (-(-size.n // width) // 2, None):
        run(words, options.store, kill_at)
    what = (__doc__ or "").splitlines()[0]
    found = row(options.store, options.net, size, product_rate(min(width, 4096), options.rounds))
    name = "full_cifar" if options.net == "mlp-5" else "conv_cifar"
    common.report(name, what, [found], options)
    for folder in ("gram", "gram-factor", "usage"):
        shutil.rmtree(options.store / folder)


if __name__ == "__main__":
    main()
