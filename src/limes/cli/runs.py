"""What commands that plan a run do alike behind their options: print the plan, or run, and print what came out."""

import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from limes.cli import options as o


@dataclass(frozen=True)
class Answer:
    """How a command answers.

    Attributes:
        out: folder of the run; None for the default one.
        force: replace what another run left there.
        dry_run: print the plan and stop.
        json: print one JSON object.
        quiet: show no progress.
    """

    out: Path | None
    force: bool
    dry_run: bool
    json: bool
    quiet: bool


def carry_out(
    answer: Answer,
    settings: Any,
    plan: Callable[[Any], dict[str, Any]],
    work: Callable[[dict[str, Any]], str],
    measure: Callable[..., Any],
    headline: Callable[[Any], str],
) -> None:
    """Print the plan of a run, or make it and print its result.

    Args:
        answer: see `Answer`.
        settings: of the run, with every choice made.
        plan: from settings to rows, bytes and seconds.
        work: from a plan to its work in words.
        measure: runs them, as the functions of `limes.jobs` do.
        headline: from metrics to the lines for the terminal.
    """
    from limes.core.progress import Bar

    if answer.dry_run:
        if not answer.quiet:
            o.remark(settings.notes)
        planned = plan(settings)
        _show_plan(planned, work(planned), answer.json)
        return
    with Bar(quiet=answer.quiet) as progress:
        result = measure(settings, out=answer.out, force=answer.force, progress=progress, command=_command())
    if answer.json:
        o.show({"folder": str(result.folder), "resumed": result.resumed, **result.metrics})
    else:
        print(f"{headline(result.metrics)}\nReport: {result.report}")


def _command() -> str:
    """The command line, without what does not change the result."""
    words = [a for a in sys.argv[1:] if a not in ("--force", "--json", "--quiet", "-q")]
    return f"limes {shlex.join(words)}"


def _show_plan(plan: dict[str, Any], work: str, json: bool) -> None:
    """Rows, work, bytes and time of a plan, or all of it as JSON."""
    if json:
        o.show(plan)
        return
    from limes.core.memory import format_bytes
    from limes.report import format_seconds

    if "rows" in plan:
        rows = [f"{n} {'training' if name == 'train' else name}" for name, n in plan["rows"].items()]
        print(f"rows      {', '.join(rows)}")
    print(f"work      {work}")
    print(f"memory    {format_bytes(plan['peak_bytes'])} of {format_bytes(plan['memory_limit_bytes'])}")
    print(f"time      about {format_seconds(plan['seconds'])}")
