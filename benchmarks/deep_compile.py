"""First call and run of deep fully connected kernels: compilation takes little longer than for a shallow net.

    python benchmarks/deep_compile.py

Each case has a process of its own. The first call, on 16 rows, is tracing and compilation; the run, on 2000 rows in
float32, is the best of three after one more compilation for its tiles. The ratio is the run's CPU time for an
activation and entry over that of the three-layer net with the same activations: what passing through memory between
parts of a deep net costs.
"""

import json
import subprocess
import sys
import time
from collections.abc import Sequence

import numpy as np

import common

CASES = (
    ("relu", 3, "alike"),
    ("relu", 64, "alike"),
    ("relu", 64, "weights of each layer"),
    ("gelu", 3, "alike"),
    ("gelu", 64, "alike"),
    ("relu, erf, gelu and sin", 4, "in turn"),
    ("relu, erf, gelu and sin", 64, "drawn at random"),
)
_BOUND = 5.0  # seconds of a first call


def build(activations: str, depth: int, how: str):
    """A net of so many activations."""
    from limes import nets

    kinds = {"relu": nets.Relu(), "erf": nets.Erf(), "gelu": nets.Gelu(), "sin": nets.Sin()}
    names = activations.replace(" and ", ", ").split(", ")
    rng = np.random.default_rng(0)
    layers = []
    for i in range(depth):
        name = names[rng.integers(len(names))] if how == "drawn at random" else names[i % len(names)]
        layers += [nets.Dense(1.4 if how == "alike" else 1.2 + 0.4 * i / depth, 0.1), kinds[name]]
    return nets.serial(*layers, nets.Dense())


def measure(activations: str, depth: int, how: str, n: int) -> dict[str, float]:
    """Seconds of the first call, wall clock, and CPU seconds of the best run."""
    net = build(activations, depth, how)
    x = np.random.default_rng(1).normal(size=(n, 100)).astype(np.float32)
    start = time.perf_counter()
    net.kernel(x[:16])
    first = time.perf_counter() - start
    net.kernel(x)
    return {"first": first, "run": min(common.cpu_seconds(lambda: net.kernel(x)) for _ in range(3))}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run all cases and write the results."""
    options = common.parser(__doc__ or "").parse_args(arguments)
    n = 200 if options.quick else 2000
    rows, each = [], {}
    for activations, depth, how in CASES[:2] if options.quick else CASES:
        worker = [sys.executable, __file__, "worker", activations, str(depth), how, str(n)]
        found = json.loads(subprocess.run(worker, check=True, capture_output=True, text=True).stdout)
        share = found["run"] / depth
        each.setdefault(activations, share)
        detail = {
            "first call, seconds": round(found["first"], 2),
            f"first call within {_BOUND:g} s": found["first"] < _BOUND,
            "run, CPU seconds": round(found["run"], 4),
            "load": common.load(),
        }
        case = f"{activations}, {depth} activations, {how}, n = {n}: first call {found['first']:.1f} s"
        against = "CPU time for an activation / that of the shallow net"
        rows.append(common.Row(case, round(share / each[activations], 2), against, {}, detail))
        print(case, rows[-1].ratio, flush=True)
    common.report("deep_compile", (__doc__ or "").splitlines()[0], rows, options)


if __name__ == "__main__":
    if sys.argv[1:2] == ["worker"]:
        print(json.dumps(measure(sys.argv[2], int(sys.argv[3]), sys.argv[4], int(sys.argv[5]))))
    else:
        main()
