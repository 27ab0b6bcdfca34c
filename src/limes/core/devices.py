"""What this process may compute on: how many processors, and how much memory of an accelerator."""

import os

import jax


def processors() -> int:
    """At least 1; where the system tells, those that the process is bound to."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def device_bytes() -> int | None:
    """Bytes that are left on JAX's device; None where it has no memory of its own, or does not say."""
    stats = jax.devices()[0].memory_stats()
    return stats["bytes_limit"] - stats["bytes_in_use"] if stats else None
