"""The loops of `limes.kernels.loops.recursion` on an NVIDIA GPU, for programs in which positions stay where they are.

A thread block works on a pair of inputs, a plane at a time: all pairs of positions p and p + d, counted around the
edges. With offsets that wrap there are as many planes as positions, each of them full, and each still evolves by
itself: a window takes only those neighbours that lie within both inputs. Threads keep entries in registers through all
layers and show them to each other in shared memory at each window, so the covariance of a pair, a million entries for
images of 32 x 32, never sees the memory of the GPU.

The program is compiled into ``pairs.cu`` by CuPy, which the extra ``limes[cuda]`` installs; without it JAX does the
work.
"""

import functools
import importlib.util
import math
from importlib import resources
from typing import Any

import jax
import numpy as np

from limes.kernels.arccosine import coefficients
from limes.kernels.loops.recursion import Images, Recursion, tables
from limes.kernels.program import Program, Window

_ROWS = (4, 8, 16, 32)  # that a thread may hold
_THREADS = 1024  # most of a block
_SHARED = 48 << 10  # bytes that every block may have
_STEPS = 64  # most that are worth the time of the compiler
_BLOCKS = 1 << 13  # that keep a large GPU busy: with fewer pairs the planes of each are shared out


def serves(program: Program, itemsize: int) -> bool:
    """Whether `CudaRecursion` can run a program here."""
    positions = math.prod(program.sizes)
    shape = _shape_of_block(program.sizes)
    if shape is None:
        return False
    shared = 2 * (positions + 2 * _margin(program, shape[0])) * itemsize + 8 * shape[1]
    fits = shared <= _SHARED and program.in_place and len(program.steps) <= _STEPS
    return fits and importlib.util.find_spec("cupy") is not None


def _shape_of_block(sizes: tuple[int, int]) -> tuple[int, int] | None:
    """Rows that each thread holds, and threads; None for sizes that are too large."""
    height, width = sizes
    for rows in _ROWS:
        threads = -(-(-(-height // min(rows, height)) * width) // 32) * 32
        if threads <= _THREADS:
            return min(rows, height), threads
    return None


def _margin(program: Program, rows: int) -> int:
    """Positions around a plane that a window may read: so many rows before the first and behind a thread's last."""
    windows = [step.size for step in program.steps if isinstance(step, Window)]
    high, wide = (max((size[axis] for size in windows), default=1) for axis in (0, 1))
    return (high + rows) * program.sizes[1] + wide


def source(program: Program, dtype: np.dtype, channels: int) -> str:
    """CUDA C++ of a program: definitions, and behind them the text of ``pairs.cu``."""
    steps, floats, _, _ = tables(program.segments)
    plane = program.sizes if program.every_offset else (1, 1)
    shape = _shape_of_block(program.sizes)
    assert shape is not None
    calls, sizes, with_t = [], program.sizes, "false"
    for row, numbers in zip(steps.tolist(), floats.tolist(), strict=True):
        values = ", ".join(f"REAL({value!r})" for value in numbers)
        if row[0] == 0:
            fixed = ", ".join(map(str, (*row[1:5], *sizes)))
            calls.append(f"window<{with_t}, {fixed}>(at, k, t, shown, {values});")
            sizes, with_t = (row[5], row[6]), "true"
        else:
            calls.append(f"activation<{row[0]}, {row[7]}>(at, in, k, t, {values});")
    p, q = ("{" + ", ".join(repr(c) for c in reversed(series)) + "}" for series in coefficients(dtype))
    defined = {
        "REAL": "float" if dtype == np.float32 else "double",
        **dict(zip(("HEIGHT", "WIDTH"), program.sizes, strict=True)),
        "CHANNELS": channels,
        "ACTIVATIONS": max(1, int((steps[:, 0] > 0).sum())),
        "PLANES": math.prod(plane),
        "ACROSS": plane[1],
        **dict(zip(("END_H", "END_W"), program.segments[0].end, strict=True)),
        **dict(zip(("EACH", "THREADS"), shape, strict=True)),
        "MARGIN": _margin(program, shape[0]),
        "P_SERIES": p,
        "Q_SERIES": q,
        "STEPS": " ".join(calls),
    }
    lines = [f"#define {name} {value}" for name, value in defined.items()]
    return "\n".join(lines) + "\n" + resources.files("limes.kernels.loops").joinpath("pairs.cu").read_text("utf-8")


def _cupy() -> Any:
    return importlib.import_module("cupy")


@functools.cache
def _compiled(program: Program, dtype: np.dtype, channels: int) -> Any:
    options = ("--std=c++17", "--use_fast_math") if dtype == np.float32 else ("--std=c++17",)
    return _cupy().RawModule(code=source(program, dtype, channels), options=options).get_function("sums")


def variances(library: Any, x: Any, program: Program) -> Images:
    """What `Recursion.images` gives, by the functions of a library of arrays.

    Args:
        library: NumPy or CuPy.
        x: (n, height, channels, width), an array of the library.
        program: with `Program.in_place`.
    """
    steps, floats, _, _ = tables(program.segments)
    v, r, q = (library.zeros((len(x), max(1, int((steps[:, 0] > 0).sum())), *program.sizes), x.dtype) for _ in "vrq")
    now = (x * x).mean(axis=2)
    for row, f in zip(steps.tolist(), floats.tolist(), strict=True):
        height, width = row[5:7]
        if row[0] == 0:
            (h, w), (above, left) = row[1:3], row[3:5]
            behind = height + h - 1 - above - now.shape[1], width + w - 1 - left - now.shape[2]
            around = library.pad(now, ((0, 0), (above, behind[0]), (left, behind[1])))
            total = sum(around[:, i : i + height, j : j + width] for i in range(h) for j in range(w))
            now = f[0] * total + f[1]
            continue
        place = (slice(None), row[7], slice(height), slice(width))
        v[place] = now
        if row[0] == 1:
            q[place] = library.sqrt(now)
            r[place] = library.where(now > 0, 1 / library.sqrt(library.where(now > 0, now, 1)), 0)
            now = f[2] * now
        else:
            r[place] = 1 / library.sqrt(1 + 2 * now)
            now = 2 / math.pi * library.arctan(2 * now / library.sqrt(1 + 4 * now))
    return Images(x, v, r, q)


class CudaRecursion(Recursion):
    """`limes.kernels.loops.recursion.Recursion` on the GPU, where its results stay, as JAX arrays. It has no gradients.

    Args:
        program: steps that `serves` accepts.
        dtype: float32 or float64.

    Cost: the first one of a program and precision compiles for about a second.
    """

    differentiable = False

    def images(self, x: Any) -> Images:
        """A batch (n, height, width, channels), with the variances of its units."""
        cupy = _cupy()
        on_device = cupy.from_dlpack(x) if isinstance(x, jax.Array) else cupy.asarray(x)
        ordered = cupy.ascontiguousarray(cupy.moveaxis(on_device, 3, 2), self.dtype)
        return variances(cupy, ordered, self.program)

    def own(self, images: Images) -> jax.Array:
        """Each input with itself: (2, n)."""
        return self._sums(images, images, True)[:, :, 0]

    def pairs(self, first: Images, second: Images) -> jax.Array:
        """All pairs of two batches: (2, n1, n2)."""
        return self._sums(first, second, False)

    def _sums(self, first: Images, second: Images, with_itself: bool) -> jax.Array:
        cupy = _cupy()
        n1, n2 = len(first.x), 1 if with_itself else len(second.x)
        planes = math.prod(self.program.sizes) if self.program.every_offset else 1
        parts = max(1, min(planes, _BLOCKS // (n1 * n2)))
        launch = _compiled(self.program, self.dtype, first.x.shape[2])
        out = cupy.empty((2, parts, n1 * n2), np.float64)
        batches = (first.x, first.v, first.r, first.q, second.x, second.r, second.q)
        shape = _shape_of_block(self.program.sizes)
        assert shape is not None
        launch((n1 * n2, parts), (shape[1],), (*batches, np.int32(n2), np.int32(with_itself), out))
        found = (self.program.factor * out.sum(axis=1)).astype(self.dtype).reshape(2, n1, n2)
        return jax.dlpack.from_dlpack(found)
