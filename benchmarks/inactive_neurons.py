"""Training a two-layer network at the cost of its active neurons, against the matrix products of a dense step.

    python benchmarks/inactive_neurons.py

Unit vectors with random signs as labels, float32, full batch, all processors; thresholds for 1 % active pairs. Every
case is a process of its own, whose peak memory is given with the estimate that a training is refused by. Two figures
of a training of 200 steps count: the median step and the mean of all, the first lists included; the learning rate is
from a tenth to a ten-thousandth of the stable one, at which no list runs out. Products: X W^T and (n, m) times X, the
best of the rounds, timed on up to 20,000 neurons, to whose number their time is proportional. Dense losses, on 20,000
neurons, are those of the engine without lists.
"""

import json
import resource
import statistics
import subprocess
import sys
import time
from typing import Any

import common

CASES = (
    ("rows", 64, 20_000, 1e-3),
    ("rows", 784, 20_000, 1e-3),
    ("gram", 784, 20_000, 1e-4),
    ("gram", 784, 20_000, 1e-3),
    ("rows", 64, 200_000, 0.1),
    ("gram", 784, 20_000, 0.1),
    ("rows", 64, 1_000_000, 1e-3),
    ("rows", 64, 1_000_000, 0.1),
)
_ROWS, _SHARE = 1000, 0.01
_TIMED = 20_000
_FORMS = {"rows": "lists", "gram": "Gram form"}


def train(form: str, d: int, m: int, haste: float, steps: int, rounds: int) -> dict[str, Any]:
    """One training, with its times, losses and memory."""
    import numpy as np
    from scipy.special import ndtri

    from limes.finite.inactive import ShallowNet, stable_rate, train_shallow
    from limes.finite.inactive.choice import active_share, peak_bytes

    rng = np.random.default_rng(0)
    x = rng.standard_normal((_ROWS, d)).astype(np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    y = rng.choice([-1.0, 1.0], _ROWS)
    net = ShallowNet.draw(d, m, float(-ndtri(_SHARE)))
    rate = haste * stable_rate(net, x)
    train_shallow(ShallowNet.draw(d, 400, 2.0), x[:50], y[:50], steps=3, form=form)  # compiles

    class Clock:
        """CPU seconds between steps."""

        def __init__(self) -> None:
            self.times: list[float] = []

        def start(self, label: str, total: int) -> None:
            self.last = time.process_time()

        def step(self, n: int = 1) -> None:
            now = time.process_time()
            self.times.append(now - self.last)
            self.last = now

        def note(self, text: str) -> None:
            pass

    clock, idle = Clock(), resource.getrusage(resource.RUSAGE_SELF)
    run = train_shallow(net, x, y, steps=steps, learning_rate=rate, form=form, progress=clock)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    each = clock.times[2:]  # behind what is read from a checkpoint, and the first lists
    w, z = net.weights[:_TIMED], x @ net.weights[:_TIMED].T
    products = [common.cpu_seconds(lambda: (x @ w.T, z.T @ x)) * m / len(w) for _ in range(rounds)]
    relative = None
    if m <= _TIMED:
        right = train_shallow(net, x, y, steps=steps, learning_rate=rate, form="dense").losses
        relative = float(np.abs(run.losses / right - 1).max())
    return {
        "products": common.spread(products),
        "step": statistics.median(each),
        "mean": sum(clock.times[1:]) / steps,
        "first": clock.times[1],
        "refreshed": float(run.refreshed[1:].mean()),
        "active": [float(run.active[0]), float(run.active[-1])],
        "loss": float(run.losses[-1] / run.losses[0]),
        "relative": relative,
        "peak": common.peak_memory(usage),
        "idle": common.peak_memory(idle),
        "estimate": peak_bytes(net, _ROWS, form, active_share(net, x)) + net.weights.nbytes,
        "seconds": sum(clock.times),
    }


def row(form: str, d: int, m: int, haste: float, steps: int, found: dict[str, Any]) -> common.Row:
    """The figures of a case."""
    best = found["products"]["best"]
    accuracy = (
        {} if found["relative"] is None else {"largest relative difference of the loss": f"{found['relative']:.1e}"}
    )
    return common.Row(
        f"{_FORMS[form]}, d = {d}, {m:,} neurons, {haste:g} of the stable rate",
        best / found["step"],
        f"median of {steps} steps against a dense step's matrix products; {best / found['mean']:.1f} with all lists",
        accuracy,
        {
            "CPU seconds of a step": round(found["step"], 5),
            "with the first and all other lists": round(found["mean"], 5),
            "products of a dense step": found["products"],
            "lists that ran out in a step": f"{found['refreshed']:.3%}",
            "active pairs, first and last": [f"{share:.2%}" for share in found["active"]],
            "loss left": f"{found['loss']:.3g}",
            "peak memory in MB, and before": [round(found["peak"] / 1e6), round(found["idle"] / 1e6)],
            "estimate of the training in MB": round(found["estimate"] / 1e6),
            "load": common.load(),
        },
    )


def main() -> None:
    """All cases."""
    options = common.parser(__doc__ or "")
    options.add_argument("--case", type=int, help="run this case here, and print it as JSON")
    arguments = options.parse_args()
    steps = 10 if arguments.quick else 200
    cases = [(form, d, m // 20, haste) for form, d, m, haste in CASES[:3]] if arguments.quick else list(CASES)
    if arguments.case is not None:
        form, d, m, haste = cases[arguments.case]
        print(json.dumps(train(form, d, m, haste, steps, arguments.rounds)))
        return
    rows = []
    for i, (form, d, m, haste) in enumerate(cases):
        again = [sys.executable, *sys.argv, "--case", str(i)]
        done = subprocess.run(again, stdout=subprocess.PIPE, text=True, check=True)
        rows.append(row(form, d, m, haste, steps, json.loads(done.stdout)))
        print(f"{rows[-1].case}: {rows[-1].ratio:.1f}, {rows[-1].against}", flush=True)
    what = (
        "Two-layer networks with 1 % active pairs: a step against the matrix products of a dense one, in CPU seconds."
    )
    common.report("inactive_neurons", what, rows, arguments)


if __name__ == "__main__":
    main()
