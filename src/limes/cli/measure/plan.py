"""What all of ``limes measure`` print alike: the plan of a run, and the command that makes it again."""

import shlex
import sys

from limes.cli import options as o


def command() -> str:
    """The command line, without what does not change the result."""
    words = [a for a in sys.argv[1:] if a not in ("--force", "--json", "--quiet", "-q")]
    return f"limes {shlex.join(words)}"


def show_plan(plan: dict, held_out: int, work: str, json: bool) -> None:
    """Rows, work, bytes and time of a plan, or all of it as JSON."""
    if json:
        o.show(plan)
        return
    from limes.core.memory import format_bytes
    from limes.report import format_seconds

    print(f"rows      {plan['rows']['train']} training, {held_out} held out")
    print(f"work      {work}")
    print(f"memory    {format_bytes(plan['peak_bytes'])} of {format_bytes(plan['memory_limit_bytes'])}")
    print(f"time      about {format_seconds(plan['seconds'])}")
