"""Runs ``pairs.cu`` on the processor: the same text, each thread of a block a thread, and a barrier where it waits."""

import ctypes
import shutil
import subprocess
from pathlib import Path

import numpy as np

from limes.kernels.loops.cuda import _shape_of_block, source, variances

COMPILER = shutil.which("g++")

_BEFORE = """
#include <algorithm>
#include <barrier>
#include <cmath>
#include <thread>
#include <vector>
struct Dim { int x = 0, y = 0; };
static Dim gridDim;
static thread_local Dim blockIdx, threadIdx;
static std::barrier<> *waiting;
using std::abs, std::atan, std::copysign, std::max, std::min, std::sqrt;
#define __device__
#define __global__
#define __shared__ static
#define __constant__ static const
#define __launch_bounds__(n)
#define __syncthreads() waiting->arrive_and_wait()
"""
_BEHIND = """
extern "C" void launch(int x, int y, const REAL *x1, const REAL *v1, const REAL *r1, const REAL *q1, const REAL *x2,
                       const REAL *r2, const REAL *q2, int n2, int with_itself, double *out) {
  gridDim = {x, y};
  std::barrier<> barrier(THREADS);
  waiting = &barrier;
  std::vector<std::thread> threads;
  for (int n = 0; n < THREADS; n++)
    threads.emplace_back([=] {
      for (int block = 0; block < x * y; block++) {
        threadIdx = {n, 0};
        blockIdx = {block % x, block / x};
        sums(x1, v1, r1, q1, x2, r2, q2, n2, with_itself, out);
        __syncthreads();
      }
    });
  for (auto &thread : threads) thread.join();
}
"""


def compiled(program, dtype, channels, folder: Path):
    """The function `launch` of a program."""
    text, library = folder / "pairs.cpp", folder / "pairs.so"
    text.write_text(_BEFORE + source(program, np.dtype(dtype), channels) + _BEHIND)
    flags = ("-std=c++20", "-O1", "-shared", "-fPIC", "-pthread", "-Wno-unknown-pragmas")
    subprocess.run([COMPILER, *flags, "-o", str(library), str(text)], check=True)
    return ctypes.CDLL(str(library)).launch


def sums(program, dtype, x, y, parts, folder: Path):
    """K and T of all pairs (2, n1, n2), and of x with itself (2, n1), for batches (n, height, width, channels)."""
    launch = compiled(program, dtype, x.shape[-1], folder)
    a, b = (variances(np, np.ascontiguousarray(np.moveaxis(images, 3, 2), dtype), program) for images in (x, y))
    assert _shape_of_block(program.sizes) is not None

    def call(first, second, n1, n2, with_itself):
        out = np.full((2, parts, n1 * n2), np.nan)
        batches = (first.x, first.v, first.r, first.q, second.x, second.r, second.q)
        pointers = [part.ctypes.data_as(ctypes.c_void_p) for part in batches]
        launch(n1 * n2, parts, *pointers, n2, int(with_itself), out.ctypes.data_as(ctypes.c_void_p))
        return program.factor * out.sum(axis=1).reshape(2, n1, n2)

    return call(a, b, len(x), len(y), False), call(a, a, len(x), 1, True)[:, :, 0]
