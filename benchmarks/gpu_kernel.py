"""Kernels on a GPU against its limits: the bare matrix product, its arithmetic, and the recursion in plain JAX.

    python benchmarks/gpu_kernel.py

Batches lie on the GPU and results stay there, except where a row says otherwise; times are medians of wall seconds,
with the device idle before and after. Fully connected kernels stand beside the whole matrix product of the same
precision; convolutional ones beside the same recursion in JAX, and their arithmetic, 50 operations an entry and layer,
beside the rate of a large matrix product. Differences are to float64 on the processor, relative to the largest entry.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import numpy as np

import common
from limes import nets
from limes.kernels.block import block
from limes.kernels.loops.recursion import Recursion

_OPERATIONS = 50
_SAMPLE = 12  # rows of the reference on the processor


def seconds(work: Callable[[], Any], rounds: int) -> list[float]:
    """Wall seconds of each round, after one that is not counted."""
    jax.block_until_ready(work())
    found = []
    for _ in range(rounds):
        start = time.perf_counter()
        jax.block_until_ready(work())
        found.append(time.perf_counter() - start)
    return found


def product(x: jax.Array) -> Callable[[], Any]:
    """The bare product of a batch with itself, in full precision."""
    compiled = jax.jit(lambda a: jax.numpy.matmul(a, a.T, precision="highest"))
    return lambda: compiled(x)


def fully_connected(depth: int, n: int, dtype: str, rounds: int) -> common.Row:
    """Both kernels of a ReLU net, n inputs of 3072 numbers."""
    with jax.enable_x64(dtype == "float64"):
        x = np.random.default_rng(0).normal(size=(n, 3072)).astype(dtype)
        on_device, net = jax.device_put(x), nets.mlp(depth)
        start = time.perf_counter()
        kernel = jax.block_until_ready(net.kernel(on_device))
        first = time.perf_counter() - start
        mine = seconds(lambda: net.kernel(on_device), rounds)
        bare = seconds(product(on_device), rounds)
        host = seconds(lambda: net.kernel(x), min(rounds, 3))
    part = x[:_SAMPLE].astype(np.float64)
    exact = net.kernel(part).ntk
    error = np.abs(np.asarray(kernel.ntk[:_SAMPLE, :_SAMPLE]) - exact).max() / np.abs(exact).max()
    best, floor = statistics.median(mine), statistics.median(bare)
    itemsize = np.dtype(dtype).itemsize
    detail = {
        "milliseconds": round(1e3 * best, 3),
        "milliseconds of the product": round(1e3 * floor, 3),
        "milliseconds from NumPy to NumPy": round(1e3 * statistics.median(host), 2),
        "TFLOP/s of the product": round(2 * n * n * 3072 / floor / 1e12, 1),
        "GB/s of the results alone": round(2 * n * n * itemsize / best / 1e9),
        "first call, seconds": round(first, 2),
        "spread": common.spread(mine),
    }
    case = f"fully connected ReLU, depth {depth}, n = {n}, d = 3072, {dtype}"
    accuracy = {"difference to float64": float(f"{error:.2g}")}
    return common.Row(case, round(best / floor, 3), "time / that of the whole matrix product", accuracy, detail)


def convolutional(
    name: str, net: nets.Net, entries: int, side: int, sizes: tuple[int, int], dtype: str, rounds: int, rate: float
) -> common.Row:
    """The NTK between n1 and n2 images, by compiled loops where there are some, and by plain JAX on a few of them.

    entries: of a pair's covariance, times layers.
    """
    n1, n2 = sizes
    draws = np.random.default_rng(0)
    x, y = (draws.normal(size=(n, side, side, 3)).astype(dtype) for n in sizes)
    program = net.program((side, side, 3))
    assert program is not None
    with jax.enable_x64(dtype == "float64"):
        a, b = jax.device_put(x), jax.device_put(y)
        start = time.perf_counter()
        kernel = jax.block_until_ready(net.kernel(a, b, get="ntk"))
        first = time.perf_counter() - start
        mine = statistics.median(seconds(lambda: net.kernel(a, b, get="ntk"), rounds)) / (n1 * n2)
        few = max(1, min(n2, 1024 // side) if program.every_offset else 256)
        plain_jax = jax.jit(lambda a, b: block(net, ("ntk",), a, b)[0])
        plain = statistics.median(seconds(lambda: plain_jax(a[:1], b[:few]), rounds)) / few
    loops = Recursion(program, np.dtype(np.float64))
    first_few = loops.images(x[:_SAMPLE].astype(np.float64)), loops.images(y[:_SAMPLE].astype(np.float64))
    exact = net.layers[-1].w_std ** 2 * loops.pairs(*first_few).sum(axis=0)  # the read-out is linear in both kernels
    error = np.abs(np.asarray(kernel.ntk[:_SAMPLE, :_SAMPLE]) - exact).max() / np.abs(exact).max()
    speed = _OPERATIONS * entries / mine
    detail = {
        "microseconds a pair": round(1e6 * mine, 3),
        "microseconds a pair in plain JAX": round(1e6 * plain, 3),
        "arithmetic / rate of a matrix product": round(speed / rate, 3),
        "TFLOP/s": round(speed / 1e12, 2),
        "pairs": [n1, n2],
        "first call, seconds": round(first, 2),
    }
    accuracy = {"difference to float64 on the processor": float(f"{error:.2g}")}
    case = f"{name}, {side} x {side} x 3, {dtype}"
    return common.Row(case, round(plain / mine, 2), "time of plain JAX / of limes", accuracy, detail)


def cases(quick: bool, rounds: int) -> Iterator[common.Row]:
    """All of them, one after the other."""
    rates = {}
    for dtype in ("float32", "float64"):
        for depth in (3, 10):
            row = fully_connected(depth, 1024 if quick else 8192, dtype, rounds)
            rates[dtype] = row.detail["TFLOP/s of the product"] * 1e12
            yield row
    pool, pairs = "global average pooling, depth 4", 32**4
    for dtype, rate in rates.items():
        for name, net, entries, side, sizes in (
            ("flatten, depth 4", nets.cnn(4, "flatten"), 4 * 32**2, 32, (1024, 1024)),
            (pool, nets.cnn(4, "gap"), 4 * 16**4, 16, (256, 256)),
            (pool, nets.cnn(4, "gap"), 4 * pairs, 32, (64, 128)),
            ("Myrtle-5", nets.myrtle(5), 2 * pairs + pairs // 16 + pairs // 256, 32, (16, 32)),
        ):
            sizes = (sizes[0] // 4, sizes[1] // 4) if quick else sizes
            yield convolutional(name, net, entries, side, sizes, dtype, rounds, rate)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run all cases and write the results."""
    parser = common.parser(__doc__ or "")
    options = parser.parse_args(arguments)
    if jax.default_backend() != "gpu":
        raise SystemExit("this benchmark needs a GPU and JAX for it: pip install 'limes[cuda]'")
    rows = []
    try:
        for row in cases(options.quick, options.rounds):
            rows.append(row)
            print(row, flush=True)
    finally:  # time on a GPU may end first
        what = (__doc__ or "").splitlines()[0]
        common.report("gpu_kernel", what, rows, options, device=jax.devices()[0].device_kind)


if __name__ == "__main__":
    main()
