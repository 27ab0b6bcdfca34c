"""Running a paper: its steps, each stored when it is done; then claims, figures and a report."""

import math
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from limes.core import memory as mem
from limes.core.errors import InputError
from limes.core.progress import Muted, Progress, Quiet
from limes.papers.carry import Carried
from limes.papers.claim import Size
from limes.papers.page import page_html
from limes.papers.paper import Found, Paper, Plan, Request, Step
from limes.papers.provenance import commit
from limes.papers.registry import find
from limes.papers.result import METRICS, PaperResult, read_result
from limes.report import RunFolder, default_run_path, format_seconds, open_run, save_figure
from limes.report.environment import environment, utc_now

_VERB = "papers"


def run(
    key: str,
    size: Size = "smoke",
    data: str | None = None,
    out: str | Path | None = None,
    seeds: int | None = None,
    progress: Progress | None = None,
    *,
    carry: str | Path | None = None,
    force: bool = False,
) -> PaperResult:
    """Measure the claims of a published system, and write a report.

    Every step is stored as soon as it is done; the same call continues an interrupted run, and does nothing to a
    finished one.

    Args:
        key: the paper's, as ``limes papers list`` shows it.
        size: "smoke" (at most 90 s on two cores) or "full" (what the claims ask for; minutes to hours).
        data: folder of official data files; None for ``$LIMES_DATA``. Claims that need them are left out without.
        out: folder of the run; None for ``runs/papers-<key>-<hash of the settings>``.
        seeds: number of seeds of every quantity; None for the paper's own choice.
        progress: told of every step.
        carry: a JSON file of results of finished parts (a net and a seed, say): what it holds is not measured again,
            what is finished here is added. So a run of many hours can go on on another machine.
        force: replace a run with other settings in `out`.

    Returns:
        A `PaperResult`: claims with verdicts, figures, folder.

    Raises:
        InputError: for an unknown key or size, or a number of seeds below 1.
        FormatError: for data that cannot be read.
        FormatError: for a carried file of another paper or size, or a damaged one.
        RunFolderError: for a folder of another run, or a full disk (DiskFullError).
        MemoryRefused: if a step would not fit.

    Cost: printed by ``limes papers run KEY --dry-run``.
    """
    paper, request = find(key), Request(size, seeds, None if data is None else str(data))
    plan = paper.plan(request)
    config = {"paper": key, "size": size, **plan.settings}
    mem.require(plan.peak_bytes, f"{key} at size {size}", "use --size smoke, or a machine with more memory")
    progress = progress or Quiet()
    with open_run(out or default_run_path(_VERB, key, config), _VERB, config, force) as folder:
        resumed = folder.resumed
        if not folder.finished:
            for note in plan.notes:
                progress.note(f"note: {note}")
            found = _steps(folder, plan, Carried(carry, key, size, plan.steps), progress)
            _conclude(folder, paper, plan, size, found, _command(key, request))
            folder.finish()
        return read_result(folder.folder, resumed)


def measure(
    key: str,
    parts: Sequence[str],
    carry: str | Path,
    size: Size = "smoke",
    data: str | None = None,
    out: str | Path | None = None,
    seeds: int | None = None,
    progress: Progress | None = None,
    *,
    force: bool = False,
) -> None:
    """Measure some parts of a run only, for a later `run` with the same file; processes may share the file.

    Args:
        key, size, data, seeds, progress, force: as for `run`.
        parts: names, as the plan has them.
        carry: the JSON file that they are added to.
        out: folder of the steps; None for one of these parts alone.

    Raises:
        InputError: for a name that is not a part of the plan; and what `run` raises.
    """
    whole = find(key).plan(Request(size, seeds, None if data is None else str(data)))
    names = list(dict.fromkeys(step.part.name for step in whole.steps))
    unknown = [part for part in parts if part not in names]
    if unknown or not parts:
        raise InputError(f"{key} at size {size} has no part {', '.join(unknown) or '(none given)'}: {', '.join(names)}")
    some = replace(whole, steps=[step for step in whole.steps if step.part.name in parts])
    mem.require(some.peak_bytes, f"{key} at size {size}", "use a machine with more memory")
    config = {"paper": key, "size": size, "parts": sorted(parts), **some.settings}
    with open_run(out or default_run_path(_VERB, key, config), _VERB, config, force) as folder:
        _steps(folder, some, Carried(carry, key, size, some.steps), progress or Quiet())


def plan(
    key: str,
    size: Size = "smoke",
    data: str | None = None,
    seeds: int | None = None,
    carry: str | Path | None = None,
) -> dict[str, Any]:
    """What a run would do: steps with the seconds that they take on two cores, and bytes.

    `seconds` in all and of each quantity are those of steps that `carry` does not hold; `parts` has those of each part,
    0 where it is carried.

    Raises:
        InputError, FormatError: as `run`.
    """
    found = find(key).plan(Request(size, seeds, data))
    carried = Carried(carry, key, size, found.steps)
    quantities: dict[str, dict[str, Any]] = {}
    parts: dict[str, float] = {}
    for step in found.steps:
        seconds = step.seconds if carried.get(step) is None else 0.0
        entry = quantities.setdefault(step.quantity, {"seeds": [], "seconds": 0.0})
        entry["seeds"].append(step.seed)
        entry["seconds"] += seconds
        parts[step.part.name] = parts.get(step.part.name, 0.0) + seconds
    return {
        "paper": key,
        "size": size,
        "quantities": quantities,
        "parts": parts,
        "n_steps": len(found.steps),
        "seconds": sum(parts.values()),
        "peak_bytes": found.peak_bytes,
        "memory_limit_bytes": mem.limit(),
        "notes": list(found.notes),
    }


def _steps(folder: RunFolder, plan: Plan, carried: Carried, progress: Progress) -> Found:
    """Results of all steps, those of an earlier run or another machine read back."""
    found: Found = {}
    expected, taken = 0.0, 0.0
    left = sum(step.seconds for step in plan.steps)
    for i, step in enumerate(plan.steps):
        known = carried.get(step)
        if known is not None:
            found.setdefault(step.quantity, {})[step.seed] = known
            left -= step.seconds
            continue
        pace = taken / expected if expected else 1.0
        progress.note(f"[{i + 1}/{len(plan.steps)}] {step.name}; about {format_seconds(left * pace)} left")
        since = time.perf_counter()
        found.setdefault(step.quantity, {})[step.seed] = folder.stage(step.name, _timed(step, found, progress))
        carried.keep(step, found)
        seconds = time.perf_counter() - since
        left -= step.seconds
        if seconds > 0.5 * found[step.quantity][step.seed]["seconds"]:  # not one that was read back
            expected, taken = expected + step.seconds, taken + seconds
    return found


def _timed(step: Step, found: Found, progress: Progress) -> Any:
    def compute() -> dict[str, Any]:
        since, cpu = time.perf_counter(), _cpu_seconds()
        with threadpool_limits(1) if step.small else nullcontext():
            result = dict(step.compute(found, Muted(progress)))
        return result | {"seconds": time.perf_counter() - since, "cpu_seconds": _cpu_seconds() - cpu}

    return compute


def _cpu_seconds() -> float:
    """Processor time of this process, its threads and its children so far: other work on the machine adds nothing."""
    children = os.times()
    return time.process_time() + children.children_user + children.children_system


def _timing(quantity: str, by_seed: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    """Times of a quantity over its seeds; processor time if all have it: results carried from old runs may not."""
    seconds = {"seconds": math.fsum(result["seconds"] for result in by_seed.values())}
    if all("cpu_seconds" in result for result in by_seed.values()):
        seconds["cpu_seconds"] = math.fsum(result["cpu_seconds"] for result in by_seed.values())
    return {"quantity": quantity, "seeds": list(by_seed), **seconds}


def _untimed(result: Mapping[str, Any]) -> dict[str, Any]:
    """What a step found, without what `_timed` added for the record."""
    return {name: value for name, value in result.items() if name != "cpu_seconds"}


def _conclude(folder: RunFolder, paper: Paper, plan: Plan, size: Size, found: Found, command: str) -> None:
    """Claims, figures and the report, from what was found."""
    timings = [_timing(name, by_seed) for name, by_seed in found.items()]
    found = {name: {seed: _untimed(r) for seed, r in by_seed.items()} for name, by_seed in found.items()}
    curves = paper.curves(found, plan.settings)
    drawings = paper.figures(curves)
    here = environment()
    folder.write_json(
        METRICS,
        {
            "paper": {"key": paper.key, "title": paper.title, "reference": paper.reference, "about": paper.about},
            "size": size,
            "claims": [claim.to_json() for claim in paper.claims(found, size, plan.settings)],
            "curves": curves,
            "figures": list(drawings),
            "settings": dict(plan.settings),
            "notes": list(plan.notes),
            "timings": timings,
            "command": command,
            "date": utc_now(),
            "commit": commit(),
            "versions": {"python": here["python"], **here["packages"]},
            "machine": {"platform": here["platform"], "cpu_count": here["cpu_count"]},
        },
    )
    metrics = folder.read_json(METRICS)  # as a reader will see it
    for name, drawing in drawings.items():
        save_figure(drawing.figure, folder.path(f"figures/{name}.svg"))
    folder.write_text("report.html", page_html(metrics, drawings))


def _command(key: str, request: Request) -> str:
    """The command that gives the same figures, without folders of this machine."""
    seeds = "" if request.seeds is None else f" --seeds {request.seeds}"
    return f"limes papers run {key} --size {request.size}{seeds}" + ("" if request.data is None else " --data DATA")
