"""Markdown of committed results: the table of systems, their main claims, and the verdicts on a system's own page.

Counts, verdicts, commands and times are those of one run of each system, the full one where it is committed. Nothing
here is measured, and no package of a paper is imported.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from limes.papers.claim import Claim
from limes.papers.page import count_verdicts, format_measured
from limes.papers.registry import Entry, entries
from limes.papers.result import committed_runs, counted_run, cpu_seconds, in_order, run_seconds
from limes.report import format_seconds

_NONE = "–"


def systems_table(folder: str = "", listed: Iterable[Entry] | None = None) -> str:
    """A row for each system: how many claims have which verdict, the command behind them, and the time it takes.

    Args:
        folder: of the systems' pages, seen from the page of the table, with a slash at its end; links start with it.
        listed: the systems; None for all.

    Example:
        >>> systems_table("docs/papers/").splitlines()[0]
        '| System | Claims | Command | Time | Time of smoke |'
    """
    rows, every, small = [], list[Claim](), 0.0
    for entry in entries() if listed is None else listed:
        run, seconds = counted_run(entry.key), _small_seconds(entry.key)
        claims = () if run is None else _claims(run)
        about = [_NONE] * 2 if run is None else [f"`{run['command']}`", format_seconds(run_seconds(run))]
        rows.append([_link(entry, folder), count_verdicts(claims), *about, _time(seconds)])
        every += claims
        small += seconds
    rows.append([f"all {len(rows)}", count_verdicts(every), "`limes papers check`", "", _time(small)])
    return _table(("System", "Claims", "Command", "Time", "Time of smoke"), rows, right=(3, 4))


def claims_table(folder: str = "", listed: Iterable[Entry] | None = None) -> str:
    """The main claims of all systems, each system's below its name.

    Args:
        folder, listed: as for `systems_table`.
    """
    rows = []
    for entry in entries() if listed is None else listed:
        run = counted_run(entry.key)
        main = [] if run is None else [claim for claim in _claims(run) if claim.headline]
        if run is not None and main:
            rows.append([f"**{_link(entry, folder)}**, {run['size']} size", "", "", ""])
            rows += [_row(claim) for claim in main]
    return _claim_rows(rows) if rows else "No headline claim has a committed verdict."


def system_verdicts(key: str) -> str:
    """How a system stands: counts, its main claims and all that fail, and the commands with their times.

    Raises:
        InputError: for an unknown key.
        FormatError: if its committed results are damaged.
    """
    run = counted_run(key)
    if run is None:
        return f"Nothing is committed yet: `limes papers run {key}` measures its claims."
    claims = _claims(run)
    shown = [claim for claim in claims if claim.headline or claim.verdict == "fails"]
    head = f"Of {len(claims)} claims {count_verdicts(claims)}, at {run['size']} size. The main ones, and all that fail:"
    runs = [_run_row(one) for one in sorted(committed_runs(key), key=lambda one: one["size"])]
    commands = _table(("Size", "Command", "Time", "Measured"), runs, right=(2,))
    return "\n\n".join((head, _claim_rows([_row(claim, f"{claim.id}. ") for claim in shown]), commands))


def runs_table() -> str:
    """Of every committed run what it was measured with, when, from which commit and in what time."""
    rows = []
    for entry in entries():
        for run in sorted(committed_runs(entry.key), key=lambda run: run["size"]):
            versions = [run["versions"][name] for name in ("python", "jax", "numpy")]
            commit, cores = (run["commit"] or _NONE)[:7], str(run["machine"]["cpu_count"])
            time = format_seconds(run_seconds(run))
            rows.append([entry.key, run["size"], run["date"][:10], commit, *versions, cores, time])
    return _table(("Paper", "Size", "Date", "Commit", "Python", "JAX", "NumPy", "Cores", "Time"), rows)


def _claims(run: Mapping[str, Any]) -> tuple[Claim, ...]:
    return in_order(Claim.from_json(entry) for entry in run["claims"])


def _link(entry: Entry, folder: str) -> str:
    return f"[{entry.title}]({folder}{entry.key}.md)"


def _small_seconds(key: str) -> float:
    """Processor time of the small run, by the clock where that was not recorded; 0 where there is none."""
    small = [run for run in committed_runs(key) if run["size"] == "smoke"]
    return sum(run_seconds(run) if (cpu := cpu_seconds(run)) is None else cpu for run in small)


def _time(seconds: float) -> str:
    return format_seconds(seconds) if seconds else _NONE


def _row(claim: Claim, number: str = "") -> list[str]:
    verdict = "**fails**" if claim.verdict == "fails" else claim.verdict
    return [number + claim.statement, str(claim.expected), format_measured(claim), verdict]


def _run_row(run: Mapping[str, Any]) -> list[str]:
    code = f", code {run['commit']}" if run["commit"] else ""
    when = f"{run['date'][:10]}, {run['machine']['cpu_count']} cores{code}"
    cpu = cpu_seconds(run)
    time = format_seconds(run_seconds(run)) if cpu is None else f"{format_seconds(cpu)} of processor time"
    return [run["size"], f"`{run['command']}`", time, when]


def _claim_rows(rows: Sequence[Sequence[str]]) -> str:
    return _table(("Claim", "Expected", "Measured", "Verdict"), rows, right=(2,))


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    rule = ["---:" if i in right else "---" for i in range(len(heads))]
    lines = [heads, rule, *([cell.replace("|", "&#124;") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
