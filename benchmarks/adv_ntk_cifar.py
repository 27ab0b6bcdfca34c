"""Adv-NTK on CIFAR-10 at the size of the paper, evaluation under true PGD-10 on the whole test set included.

    python benchmarks/adv_ntk_cifar.py --data DIR

10,000 images in the kernel, 2,000 that tune the clocks, 10,000 test images; three dense layers, W_std 1.76, b_std 0.18,
pixels in [-0.5, 0.5], one-hot targets, 8/255; 50 steps of 128 images under PGD-10. The goal is 8 minutes on two cores
and 6 GB.
"""

import resource
import time

import numpy as np

import common
import limes as lm
from limes.attacks import PGD

BOX, EPS, SIZE = (-0.5, 0.5), 8 / 255, 1.6 / 255


def main() -> None:
    """Fit and evaluate one seed."""
    parser = common.parser(__doc__ or "")
    parser.add_argument("--data", required=True, help="folder of official data files")
    options = parser.parse_args()
    n, n_tune, n_test = (500, 100, 200) if options.quick else (10_000, 2_000, 10_000)
    data = lm.data.load("cifar10", options.data)
    assert data.x_test is not None
    assert data.y_test is not None
    order = np.random.default_rng(0).permutation(len(data.y))
    kernel, tune = order[:n], order[n : n + n_tune]
    x_test, y_test = data.x_test[:n_test] - np.float32(0.5), data.y_test[:n_test]
    start, cpu = time.perf_counter(), time.process_time()
    machine = lm.AdvNTKClassifier(
        lm.nets.mlp(3, w_std=1.76, b_std=0.18),
        eps=EPS,
        bounds=BOX,
        validation=(data.x[tune] - np.float32(0.5), data.y[tune]),
    ).fit(data.x[kernel] - np.float32(0.5), data.y[kernel])
    fitted = time.perf_counter() - start
    clean = float((machine.predict(x_test) == y_test).mean())
    robust = PGD(steps=10, loss="mse", step_size=SIZE)(machine, x_test, y_test, EPS, bounds=BOX).robust_accuracy
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    memory = common.peak_memory(resource.getrusage(resource.RUSAGE_SELF)) / 1e9
    row = common.Row(
        f"{n:,} + {n_tune:,} images, {machine.steps} steps, {n_test:,} test images",
        round(480 / seconds, 2),
        "goal of 8 minutes / seconds",
        {"clean": round(clean, 4), "true PGD-10": round(robust, 4)},
        {
            "seconds": round(seconds, 1),
            "of which fit": round(fitted, 1),
            "CPU seconds": round(cpu, 1),
            "peak memory, GB": round(memory, 2),
            "load": common.load(),
        },
    )
    common.report("adv_ntk_cifar", (__doc__ or "").splitlines()[0], [row], options)


if __name__ == "__main__":
    main()
