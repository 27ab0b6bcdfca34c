"""The contenders of fc_kernel.py and conv_kernel.py: a process that takes one JSON command a line and answers with one.

It runs under the interpreter of limes or under one with neural-tangents and an older JAX, so packages are imported by
the contender that needs them. Contender: (x, depth, names of kernels) -> function without arguments that computes them
from start to end and returns NumPy or finished JAX arrays. On images x is the second batch, and its first rows, upside
down, are the first one, so that neither library can use symmetry.
"""

import json
import sys
import time
import types
from importlib import metadata
from pathlib import Path

import numpy as np


def limes(x, depth, get, activation):
    """`net.kernel` on a NumPy array: half of the tiles, results in NumPy."""
    from limes import nets

    net = nets.mlp(depth, activation)

    def run():
        kernel = net.kernel(x, get=get)
        return [getattr(kernel, name) for name in get]

    return run


def neural_tangents(x, depth, get, activation):
    """The compiled kernel function on a whole matrix, its fastest setting here; the input is on the device."""
    sys.modules["neural_tangents.experimental"] = types.ModuleType("x")  # needs TensorFlow; nothing here needs it
    import jax
    from neural_tangents import stax

    phi = {"relu": stax.Relu, "erf": stax.Erf, "gelu": stax.Gelu}[activation]
    layers = [stax.Dense(1, W_std=2**0.5)]
    for _ in range(depth - 1):
        layers += [phi(), stax.Dense(1, W_std=2**0.5)]
    kernel_fn = stax.serial(*layers)[2]
    compiled = jax.jit(lambda x: [getattr(kernel_fn(x, None, get), name) for name in get])
    on_device = jax.numpy.asarray(x)
    return lambda: jax.block_until_ready(compiled(on_device))


def product(x, depth, get, activation):
    """The bare matrix product of the same shape in JAX, the whole of it."""
    import jax

    with jax.enable_x64(x.dtype == np.float64):
        on_device = jax.numpy.asarray(x)
        compiled = jax.jit(lambda x: jax.numpy.matmul(x, x.T, precision="highest"))

    def run():
        with jax.enable_x64(x.dtype == np.float64):
            return [jax.block_until_ready(compiled(on_device))]

    return run


def numpy(x, depth, get, activation):
    """The textbook recursion in NumPy, in place, with the library's arccos."""

    def run():
        kernels = recursion(x, x, depth)
        return [kernels[name] for name in get]

    return run


def recursion(x1, x2, depth):
    """NNGP and NTK of a ReLU net with `depth` dense layers of weight variance 2 and no biases (Cho & Saul 2009).

    At this variance each layer keeps the variances v1 and v2. With angle t = arccos(k / sqrt(v1 v2)) an activation maps
    k to sqrt(v1 v2) (sin t + (pi - t) cos t) / pi, and multiplies the NTK by (pi - t) / pi.
    """
    cos = x1 @ x2.T
    cos *= 2 / x1.shape[1]
    v1, v2 = ((2 / x.shape[1]) * np.einsum("ij,ij->i", x, x) for x in (x1, x2))
    scale = np.sqrt(v1)[:, None] * np.sqrt(v2)
    cos /= scale
    ntk, angle, sine = cos.copy(), np.empty_like(cos), np.empty_like(cos)
    for _ in range(depth - 1):
        np.clip(cos, -1, 1, out=cos)
        np.arccos(cos, out=angle)
        np.multiply(cos, cos, out=sine)
        np.sqrt(np.subtract(1, sine, out=sine), out=sine)
        np.subtract(np.pi, angle, out=angle)
        angle /= np.pi
        cos *= angle
        cos += np.divide(sine, np.pi, out=sine)
        ntk *= angle
        ntk += cos
    cos *= scale
    ntk *= scale
    return {"nngp": cos, "ntk": ntk}


def limes_images(x, depth, get, head, rows):
    """Convolutions under a head, between the first `rows` images and all of them."""
    from limes import nets

    net = nets.myrtle(depth) if head == "myrtle" else nets.cnn(depth, head)
    first = np.ascontiguousarray(x[:rows, ::-1])

    def run():
        kernel = net.kernel(first, x, get=get)
        return [getattr(kernel, name) for name in get]

    return run


def neural_tangents_images(x, depth, get, head, rows):
    """The same compiled as a whole."""
    sys.modules["neural_tangents.experimental"] = types.ModuleType("x")
    import jax
    from neural_tangents import stax

    layer, layers = [stax.Conv(1, (3, 3), padding="SAME", W_std=2**0.5), stax.Relu()], []
    if head == "myrtle":
        assert depth == 5
        pool = stax.AvgPool((2, 2), strides=(2, 2))
        layers = [*layer, *layer, pool, *layer, pool, *layer]
    else:
        layers = layer * depth
    layers += [stax.Flatten() if head == "flatten" else stax.GlobalAvgPool(), stax.Dense(1, W_std=2**0.5)]
    kernel_fn = stax.serial(*layers)[2]
    compiled = jax.jit(lambda a, b: [getattr(kernel_fn(a, b, get), name) for name in get])
    first, second = jax.numpy.asarray(x[:rows, ::-1]), jax.numpy.asarray(x)
    return lambda: jax.block_until_ready(compiled(first, second))


CONTENDERS = {"limes": limes, "neural-tangents": neural_tangents, "numpy": numpy, "product": product}
ON_IMAGES = {"limes": limes_images, "neural-tangents": neural_tangents_images}


class Worker:
    """One contender on one batch, so that memory and compilation are its own."""

    def prepare(self, contender, path, depth, get, **options):
        """Build the contender and run it for the first time: tracing, compilation and one run."""
        x = np.load(path)
        build = (CONTENDERS if x.ndim == 2 else ON_IMAGES)[contender]
        self.run = build(x, depth, tuple(get), **options)
        start, cpu = time.perf_counter(), time.process_time()
        values = self.run()
        first = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - start}
        return {"first call": first, "dtypes": sorted({str(v.dtype) for v in values})}

    def time(self):
        """CPU and wall seconds of one run; freeing the result is not counted."""
        start, cpu = time.perf_counter(), time.process_time()
        values = self.run()
        seconds = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - start}
        del values
        return seconds

    def peak(self):
        """Peak resident memory of this process; `ru_maxrss` would begin with that of the process that started it."""
        status = Path("/proc/self/status")
        if not status.exists():
            return {"bytes": None}
        return {"bytes": next(int(s.split()[1]) * 1024 for s in status.read_text().splitlines() if "VmHWM" in s)}

    def save(self, path):
        """Write the kernels, one after the other, in the dtype they were computed in."""
        np.save(path, np.stack([np.asarray(kernel) for kernel in self.run()]))
        return {}

    def versions(self, packages):
        """Versions of installed packages."""
        return {name: metadata.version(name) for name in packages}


def main(worker):
    """Answer until there are no more commands."""
    answers = sys.stdout
    sys.stdout = sys.stderr  # what a package prints must not mix with the answers
    for line in sys.stdin:
        request = json.loads(line)
        answer = getattr(worker, request.pop("do"))(**request)
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main(Worker())
