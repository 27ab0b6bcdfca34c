"""What a run of a paper left behind, and the committed results that come with the package."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from limes.core.errors import FormatError
from limes.papers.claim import Claim, Size
from limes.papers.registry import entry

METRICS = "metrics.json"


@dataclass(frozen=True, eq=False)
class PaperResult:
    """A finished run of a paper.

    Attributes:
        key: of the paper.
        title: of the paper.
        size: "smoke" or "full".
        claims: with verdicts, in the paper's order.
        figures: SVG files by name.
        folder: the run directory, with ``report.html`` and ``metrics.json``.
        metrics: the content of ``metrics.json``: claims, curves, settings, seeds, command, date, versions, timings.
        resumed: whether anything of it was there before.
    """

    key: str
    title: str
    size: Size
    claims: tuple[Claim, ...]
    figures: Mapping[str, Path]
    folder: Path
    metrics: Mapping[str, Any]
    resumed: bool = False

    @property
    def report(self) -> Path:
        """The report, one HTML file."""
        return self.folder / "report.html"

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the result should see: data that were missing, claims left out."""
        return tuple(self.metrics["notes"])


def read_result(folder: str | Path, resumed: bool = True) -> PaperResult:
    """The result in the folder of a finished run.

    Raises:
        FormatError: if the folder holds none, or its figures and verdicts do not fit each other.
    """
    folder = Path(folder)
    try:
        metrics = json.loads((folder / METRICS).read_text(encoding="utf-8"))
        return PaperResult(
            key=metrics["paper"]["key"],
            title=metrics["paper"]["title"],
            size=metrics["size"],
            claims=tuple(Claim.from_json(claim) for claim in metrics["claims"]),
            figures={name: folder / "figures" / f"{name}.svg" for name in metrics["figures"]},
            folder=folder,
            metrics=metrics,
            resumed=resumed,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FormatError(f"{folder} holds no result of a paper that can be read: {error}") from error


def find_local(key: str, root: str | Path = "runs") -> PaperResult | None:
    """The newest finished run of a paper in the default place of runs, or None; what cannot be read is passed over."""
    found = []
    for path in Path(root).glob(f"papers-{key}-*/{METRICS}"):
        try:
            found.append(read_result(path.parent))
        except FormatError:
            continue
    return max(found, key=lambda result: result.metrics["date"], default=None)


def committed_runs(key: str) -> list[dict[str, Any]]:
    """The runs of a paper whose results are part of the package, the newest first; at most one a size.

    Each has ``size``, ``claims``, ``curves``, ``settings``, ``notes``, ``timings``, ``date``, ``command``, ``commit``
    (None where it was not known) and ``versions``.

    Raises:
        InputError: for an unknown key.
        FormatError: if the file is damaged.
    """
    file = resources.files("limes.papers").joinpath("results", f"{entry(key).key}.json")
    if not file.is_file():
        return []
    try:
        runs = json.loads(file.read_text(encoding="utf-8"))["runs"]
        return sorted(runs, key=lambda run: run["date"], reverse=True)
    except (ValueError, KeyError, TypeError) as error:
        raise FormatError(f"the committed results of {key} cannot be read ({error}): publish them again") from error


def counted_run(key: str) -> dict[str, Any] | None:
    """The committed run whose verdicts count: the full one, which is the size that claims ask for, else the small one.

    None where nothing is committed.

    Raises:
        InputError: for an unknown key.
        FormatError: if the file is damaged.
    """
    return max(committed_runs(key), key=lambda run: run["size"] == "full", default=None)


def run_seconds(run: Mapping[str, Any]) -> float:
    """Time of a run in seconds, that of its steps one after the other, on whatever machine each was measured."""
    return math.fsum(timing["seconds"] for timing in run["timings"])


def cpu_seconds(run: Mapping[str, Any]) -> float | None:
    """Processor time of a run in seconds, over all threads; None where it was not recorded."""
    times = [timing.get("cpu_seconds") for timing in run["timings"]]
    return None if None in times else math.fsum(times)


def committed(key: str) -> tuple[Claim, ...]:
    """The committed measurement of each claim of a paper that counts, in the paper's order; empty where there is none.

    That of the full run, which is the size that claims ask for; of the small run for claims that the full one lacks.

    Raises:
        InputError: for an unknown key.
        FormatError: if the file is damaged, or a verdict in it is not what follows from its figures.
    """
    found: dict[str, Claim] = {}
    for run in sorted(committed_runs(key), key=lambda run: run["size"] != "full"):
        for claim in map(Claim.from_json, run["claims"]):
            found.setdefault(claim.id, claim)
    return in_order(found.values())


def in_order(claims: Any) -> tuple[Claim, ...]:
    """Claims by number, then letter: 2a, 2b, 10."""

    def place(claim: Claim) -> list[Any]:
        parts = re.split(r"(\d+)", claim.id)
        return [(int(part), "") if part.isdigit() else (0, part) for part in parts]

    return tuple(sorted(claims, key=place))
