"""The contenders of empirical_ntk.py: a process that takes one JSON command a line and answers with one.

It runs under the interpreter of limes or under one with neural-tangents and an older JAX; the network is the same plain
function of JAX for both.
"""

import ctypes
import functools
import importlib
import sys
import types

import jax
import jax.numpy as jnp
import numpy as np

import fc_kernel_worker


def dense(params, x):
    """ReLU between products."""
    for w in params[:-1]:
        x = jax.nn.relu(x @ w / np.sqrt(w.shape[0]))
    return x @ params[-1] / np.sqrt(params[-1].shape[0])


def convolutional(params, x):
    """3x3 SAME convolutions, the mean over positions, a dense read-out."""
    for w in params[:-1]:
        x = jax.lax.conv_general_dilated(x, w, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
        x = jax.nn.relu(x / np.sqrt(9 * w.shape[2]))
    return dense(params[-1:], x.mean((1, 2)))


def limes(apply, params, x1, x2, trace, method):
    """`limes.finite.empirical_ntk`, results in NumPy."""
    finite = importlib.import_module("limes.finite")
    return functools.partial(finite.empirical_ntk, apply, params, x1, x2, trace, method=method)


def neural_tangents(apply, params, x1, x2, trace, method):
    """One of its implementations, compiled as a whole; the mean over outputs, or all pairs."""
    nt = importlib.import_module("neural_tangents")
    number = {"jacobian": 1, "products": 2, "structured": 3}[method]
    kernel = nt.empirical_ntk_fn(
        lambda params, x: apply(params, x),
        trace_axes=(-1,) if trace else (),
        vmap_axes=0,
        implementation=nt.NtkImplementation(number),
    )
    compiled = jax.jit(lambda a, b, params: kernel(a, b, params))
    on_device = [jnp.asarray(x) for x in (x1, x2)]
    return lambda: compiled(*on_device, params)  # arguments: as constants they would be folded into the program


class Worker(fc_kernel_worker.Worker):
    """One contender, so that memory and compilation are its own."""

    def prepare(self, contender, path, network, trace, method):
        """Build the contender and run it for the first time; the memory before it is the library's own."""
        data = np.load(path)
        params = [jnp.asarray(data[f"w{i}"]) for i in range(len(data.files) - 2)]
        apply = {"dense": dense, "conv": convolutional}[network]
        build = {"limes": limes, "neural-tangents": neural_tangents}[contender]
        self.load(contender)
        jax.block_until_ready(jax.jit(apply)(params, data["x1"]))
        self.before = self.resident()
        self.kernel = build(apply, params, data["x1"], data["x2"], trace, method)
        self.run = lambda: [np.asarray(self.kernel())]
        self.run()
        return {}

    def load(self, contender):
        """Import the library."""
        sys.modules["neural_tangents.experimental"] = types.ModuleType("x")  # needs TensorFlow; nothing needs it here
        importlib.import_module({"limes": "limes.finite", "neural-tangents": "neural_tangents"}[contender])

    def resident(self):
        """Bytes of this process now."""
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))

    def peak(self):
        """Peak bytes of all runs over those before the first one, and of one more run over those before it.

        The first figure is mostly that of the compiler where the case is small, and compilers differ between versions
        of JAX. For the second all memory that is free goes back to the system first (glibc), and Linux forgets its
        peak.
        """
        everything = super().peak()["bytes"]
        ctypes.CDLL(None).malloc_trim(0)
        with open("/proc/self/clear_refs", "w") as forget:
            forget.write("5")
        before = self.resident()
        self.run()
        return {"bytes": everything and everything - self.before, "run": super().peak()["bytes"] - before}


if __name__ == "__main__":
    fc_kernel_worker.main(Worker())
