"""Compilation by XLA, in full vector registers where its result can be trusted.

A kernel recursion is a long chain of arithmetic. XLA keeps to 256 bits of a register unless told otherwise; with all
512 of a processor that has them, a deep fully connected kernel takes about two thirds of the time. But in these XLA's
arctangent is wrong in the first digit (jaxlib 0.10.2; it came up in the variances of erf), so only nets whose rules
consist of arithmetic and square roots are compiled for them. GPUs take no notice of the option.
"""

from collections.abc import Callable
from typing import Any

import jax

_OPTIONS = {"xla_cpu_prefer_vector_width": 512}


def jit_of_net(function: Callable[..., Any], static: tuple[int, ...] = (0,)) -> Callable[..., Any]:
    """`jax.jit` for a function whose first argument is a net; it is called from Python, never from a compiled function.

    Args:
        function: of a net and arrays, pure.
        static: positions of hashable arguments that are part of the program, the net's among them.
    """
    narrow = jax.jit(function, static_argnums=static)
    full = jax.jit(function, static_argnums=static, compiler_options=_OPTIONS)

    def call(net: Any, *args: Any) -> Any:
        return (full if net.arithmetic else narrow)(net, *args)

    return call
