"""A step of Adv-NTK without its attack, against matrix exponential and automatic differentiation.

    python benchmarks/adv_ntk_step.py

2,000 rows of a fully connected NTK of depth 3 on Gaussian inputs, 10 outputs, float64; clocks as after some steps, a
few of them at rest. Coefficients alpha = K^-1 (I - exp(-K D)) Y and the gradient of <G, alpha> in D. The reference is
jax.scipy.linalg.expm with reverse mode, as the published code has it, in turns with limes in one process.
"""

import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import common
from limes import nets
from limes.core import precision
from limes.linalg.weighted import weighted_flow


def problem(n: int, d: int) -> tuple[np.ndarray, ...]:
    """Kernel, targets, clocks and cotangent."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, d)) / 2
    gram = nets.mlp(3, w_std=1.76, b_std=0.18).kernel(x, get="ntk").ntk
    clocks = np.abs(rng.normal(size=n)) * 0.01
    clocks[: n // 50] = 0.0
    y = np.eye(10)[rng.integers(0, 10, n)]
    return gram, y, clocks, rng.normal(size=(n, 10))


@jax.jit
def reference(gram: jax.Array, y: jax.Array, clocks: jax.Array, g: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Coefficients and gradient by the definition."""

    def value(clocks: jax.Array) -> tuple[jax.Array, jax.Array]:
        decay = jax.scipy.linalg.expm(-gram * clocks, max_squarings=48)
        coef = jax.scipy.linalg.solve(gram, y - decay @ y, assume_a="pos")
        return jnp.sum(coef * g), coef

    gradient, coef = jax.grad(value, has_aux=True)(clocks)
    return coef, gradient


def settled(work: Callable[[], None], times: int) -> float:
    """CPU seconds of one call, once the threads of the one before have gone to sleep."""
    time.sleep(1.0)
    return common.cpu_seconds(lambda: [work() for _ in range(times)]) / times


def main() -> None:
    """Measure one size."""
    options = common.parser(__doc__ or "").parse_args()
    n, d = (120, 20) if options.quick else (2000, 300)
    gram, y, clocks, g = problem(n, d)
    found: dict[str, Any] = {}

    def ours() -> None:
        flow = weighted_flow(gram, y, clocks)
        found["limes"] = flow.coef, flow.gradient(g)

    with precision.scope(np.float64):
        arguments = [jnp.asarray(a) for a in (gram, y, clocks, g)]

        def theirs() -> None:
            found["expm"] = [np.asarray(a) for a in jax.block_until_ready(reference(*arguments))]

        ours(), theirs()  # compilation
        seconds = common.take_turns(
            {"limes": lambda: settled(ours, 10), "expm": lambda: settled(theirs, 1)},
            min(options.rounds, 3),
            most=3,
        )
    accuracy = {
        name: float(f"{np.linalg.norm(a - b) / np.linalg.norm(b):.2g}")
        for name, a, b in zip(("coefficients", "gradient"), found["limes"], found["expm"], strict=True)
    }
    detail = {f"CPU seconds, {name}": common.spread(values) for name, values in seconds.items()}
    ratio = round(min(seconds["expm"]) / min(seconds["limes"]), 1)
    row = common.Row(f"n {n}, 10 outputs, float64", ratio, "CPU seconds, expm and autodiff / limes", accuracy, detail)
    common.report("adv_ntk_step", (__doc__ or "").splitlines()[0], [row], options)


if __name__ == "__main__":
    main()
