"""The main job on 10,000 CIFAR-10 images: wall time, CPU time, peak memory, and the accuracies it found.

    python benchmarks/robustify_cifar.py --data DIR

runs `limes robustify cifar10` as a user would, with six stopping times and radius 8/255; options after ``--`` are
passed on to the command. Nothing large is imported here: a child's peak memory begins with that of its parent.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import common

LIMES = [sys.executable, "-c", "from limes.cli import main; main()"]
FULL = ["cifar10", "--n-train", "10000", "--n-times", "6", "--eps", "8/255", "--defence", "none"]
QUICK = ["digits", "--n-train", "200", "--n-validation", "40", "--n-test", "40", "--seeds", "1"]
QUICK += ["--n-times", "2", "--defence", "none", "--steps", "5", "--queries", "10", "--certify", "1"]
TIME_LIMIT, MEMORY_LIMIT = 15 * 60, 6e9


def run(words: Sequence[str]) -> dict[str, float]:
    """Run a command to its end: wall and CPU seconds and peak bytes of the process.

    Raises:
        SystemExit: with the command's exit code if it fails.
    """
    since = time.perf_counter()
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        print(f"the command ended with code {child.returncode}", file=sys.stderr)
        raise SystemExit(child.returncode)
    cpu = usage.ru_utime + usage.ru_stime
    return {"wall": time.perf_counter() - since, "cpu": cpu, "peak": common.peak_memory(usage)}


def rows(used: dict[str, float], metrics: dict[str, Any]) -> list[common.Row]:
    """Time and memory against their limits, with the robust-overfitting curve as accuracy."""
    accuracy = {
        f"t = {float(p['time']):.3g}": f"clean {p['clean']['mean']:.3f}, worst case {p['robust']['mean']:.3f}"
        for p in metrics["curve"]
    }
    detail = {
        "wall seconds": round(used["wall"], 1),
        "CPU seconds": round(used["cpu"], 1),
        "peak memory, MB": round(used["peak"] / 1e6),
        "chosen time": metrics["chosen"]["time"],
        "load": common.load(),
    }
    s = metrics["settings"]
    case = f"{s['n_train']} images, {len(s['times'])} times, {s['n_test']} test images attacked, eps {s['eps']:.4g}"
    return [
        common.Row(case, round(used["wall"] / TIME_LIMIT, 2), "wall time / 15 minutes", accuracy, detail),
        common.Row(case, round(used["peak"] / MEMORY_LIMIT, 2), "peak memory / 6 GB"),
    ]


def main() -> None:
    """Run the command, and read what it wrote."""
    parser = common.parser(__doc__ or "")
    parser.add_argument("--data", default=os.environ.get("LIMES_DATA"), help="folder of official data files")
    parser.add_argument("more", nargs="*", help="options for the command, after --")
    options = parser.parse_args()
    if not (options.quick or options.data):
        parser.error("CIFAR-10 is read from a folder of official files: name it with --data or $LIMES_DATA")
    words = [*QUICK, "--quiet"] if options.quick else [*FULL, "--data", options.data]
    with tempfile.TemporaryDirectory() as folder:
        used = run([*LIMES, "robustify", *words, *options.more, "--out", f"{folder}/run"])
        metrics = json.loads(Path(folder, "run", "metrics.json").read_text())
    parts = ("settings", "curve", "chosen", "radius", "table", "audit", "timings", "memory")
    kept = {key: metrics[key] for key in parts}
    what = (__doc__ or "").splitlines()[0]
    common.report("robustify_cifar", what, rows(used, metrics), options, metrics=kept)


if __name__ == "__main__":
    main()
