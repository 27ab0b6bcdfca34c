"""Which compiled loops run a program, and whether they pay: on the processor, on a GPU, or none."""

import math
from typing import TYPE_CHECKING

import jax
import numpy as np

from limes.kernels.program import Program
from limes.kernels.state import KernelRule

if TYPE_CHECKING:
    from limes.kernels.loops.recursion import Recursion

_WORTH_COMPILING = 3e8  # entries times layers: about as long as compilation in JAX
_TILE_WORK = 1 << 30  # the same for a tile of the loops on a processor
_TILE_WORK_GPU = 1 << 36
_MOST_ROWS = 512  # of a tile
_MOST_ROWS_GPU = 2048


def on_gpu() -> bool:
    """Whether JAX computes on a GPU."""
    return jax.default_backend() == "gpu"


def worth_compiling(net: KernelRule, n1: int, n2: int, shape: tuple[int, ...], itemsize: int) -> Program | None:
    """The net's program for compiled loops, where there is one and its compilation pays: for large work.

    Args:
        net: the architecture.
        n1, n2: rows of the batches.
        shape: of an input.
        itemsize: of a number, in bytes.
    """
    if jax.default_backend() not in ("cpu", "gpu"):
        return None
    program = net.program(shape)
    if program is None or n1 * n2 * program.work <= _WORTH_COMPILING:
        return None
    if on_gpu():
        from limes.kernels.loops import cuda

        return program if cuda.serves(program, itemsize) else None
    return program


def tile_rows(program: Program) -> int:
    """Rows and columns of a tile of the loops: a few seconds of work at most, so that progress is seen."""
    work, most = (_TILE_WORK_GPU, _MOST_ROWS_GPU) if on_gpu() else (_TILE_WORK, _MOST_ROWS)
    return max(16, min(most, math.isqrt(work // program.work) // 16 * 16))


def recursion(program: Program, dtype: np.dtype) -> "Recursion":
    """The loops for a program in a precision; loading their compiler takes a second."""
    if on_gpu():
        from limes.kernels.loops.cuda import CudaRecursion

        return CudaRecursion(program, dtype)
    from limes.kernels.loops.recursion import Recursion

    return Recursion(program, dtype)
