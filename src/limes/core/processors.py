"""How many processors this process may use."""

import os


def processors() -> int:
    """At least 1; where the system tells, those that the process is bound to."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
