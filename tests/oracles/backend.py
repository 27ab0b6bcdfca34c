"""What a test may assume of JAX's device."""

import jax
import pytest

on_cpu = jax.default_backend() == "cpu"
cpu_only = pytest.mark.skipif(not on_cpu, reason="about memory and tiles of the processor")
