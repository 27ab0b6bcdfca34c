"""What the benchmarks share: settings, fair timing, and results in one form.

Times are CPU seconds (user + system of the whole process), which a busy machine disturbs least; contenders take turns,
so that a disturbance meets all of them, and the best of several rounds counts. NumPy is imported late: a benchmark that
measures the memory of a child must be small itself.
"""

import argparse
import itertools
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from multiprocessing import get_context
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("limes", "jax", "jaxlib", "numpy", "scipy")
_PATH_OPTIONS = ("--nt-python", "--rocket-python", "--data", "--out", "--store")


@dataclass(frozen=True)
class Row:
    """One figure of a benchmark.

    Attributes:
        case: what was computed, with its sizes.
        ratio: the figure; None where there was nothing to compare with.
        against: what the ratio means, in words.
        accuracy: errors, each with its meaning as the key.
        detail: times, spreads, memory, load.
    """

    case: str
    ratio: float | None
    against: str
    accuracy: Mapping[str, Any] = field(default_factory=dict)
    detail: Mapping[str, Any] = field(default_factory=dict)


def parser(description: str) -> argparse.ArgumentParser:
    """The options that every benchmark has."""
    options = argparse.ArgumentParser(description=description.splitlines()[0])
    options.add_argument(
        "--quick", action="store_true", help="small sizes, to see that it runs; the figures say little"
    )
    options.add_argument(
        "--out", type=Path, help="folder for the results; default benchmarks/results, none with --quick"
    )
    options.add_argument("--rounds", type=int, default=5, help="least number of rounds (default 5)")
    return options


def cpu_seconds(work: Callable[[], Any]) -> float:
    """CPU seconds of this process, all threads, for one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def take_turns(
    contenders: Mapping[str, Callable[[], float]],
    least: int,
    most: int | None = None,
    patience: int = 3,
    hopeless: float = float("inf"),
) -> dict[str, list[float]]:
    """Measure contenders round by round until no best time has fallen by 2 % in `patience` rounds.

    Args:
        contenders: name -> function that runs once and returns its seconds.
        least: least number of rounds.
        most: largest number of rounds; default four times `least`.
        patience: rounds without a new best time that end the measurement.
        hopeless: contenders so many times slower than the fastest are measured no more.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    best, since = dict.fromkeys(contenders, float("inf")), 0
    for done in range(1, (most or 4 * least) + 1):
        since += 1
        for name, measure in contenders.items():
            if done > 1 and best[name] > hopeless * min(best.values()):
                continue
            seconds[name].append(measure())
            if seconds[name][-1] < 0.98 * best[name]:
                best[name], since = seconds[name][-1], 0
        if done >= least and since >= patience:
            break
    return seconds


def spread(seconds: Sequence[float]) -> dict[str, Any]:
    """Best, median and worst of some rounds."""
    return {
        "best": round(min(seconds), 5),
        "median": round(statistics.median(seconds), 5),
        "worst": round(max(seconds), 5),
        "rounds": len(seconds),
    }


def place(folder: Path, name: str) -> Path:
    """Where `kept` has a part."""
    return folder / f"{name.replace(' ', '-')}.json"


def kept(folder: Path | None, name: str, work: Callable[[], Any]) -> Any:
    """What `work` returns, numbers and texts in lists and dictionaries, from a file in a folder where it is there.

    Args:
        folder: of finished parts, so that the same command continues; None to keep nothing.
        name: of the part, with all that it depends on.
        work: what takes long.
    """
    if folder is None:
        return work()
    folder.mkdir(parents=True, exist_ok=True)
    path = place(folder, name)
    if not path.exists():
        new = path.with_suffix(".new")
        new.write_text(json.dumps(work()))
        new.replace(path)
    return json.loads(path.read_text())


def keep_all(folder: Path, works: Mapping[str, Callable[[], Any]], jobs: int) -> None:
    """Put parts into a folder for `kept`, several at a time, each process with one thread of linear algebra.

    Args:
        folder: of finished parts; those that are there are left.
        works: what takes long, by the name of the part: functions that can be pickled.
        jobs: number of processes.
    """
    missing = {name: work for name, work in works.items() if not place(folder, name).exists()}
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        for done in [pool.submit(kept, folder, name, work) for name, work in missing.items()]:
            done.result()


def load() -> float:
    """Mean number of processes that wanted the processor in the last minute; nan where the system does not say."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else float("nan")


def peak_memory(usage: Any) -> int:
    """Bytes of the largest resident set in what `resource.getrusage` or `os.wait4` returned."""
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def machine() -> str:
    """Processor model and number of cores."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        models = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = models[0] if models else model
    return f"{model}, {os.cpu_count()} cores"


def versions() -> dict[str, str]:
    """Python and the packages that a benchmark runs on."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def command(arguments: Sequence[str]) -> str:
    """The command that is running, with the name of its option in place of each path."""
    shown = ["python", f"benchmarks/{Path(arguments[0]).name}"]
    for before, word in itertools.pairwise(arguments):
        option, equals, _ = word.partition("=")
        if before in _PATH_OPTIONS:
            word = before[2:].upper().replace("-", "_")
        elif option in _PATH_OPTIONS and equals:
            word = f"{option}={option[2:].upper().replace('-', '_')}"
        shown.append(word)
    return " ".join(shown)


def report(
    name: str,
    what: str,
    rows: Sequence[Row],
    options: argparse.Namespace,
    metrics: Mapping[str, Any] | None = None,
    **more_versions: str,
) -> None:
    """Print the rows, and write them to ``<name>.json``."""
    result = {
        "name": name,
        "what": what,
        "rows": [asdict(row) for row in rows],
        "command": command(sys.argv),
        "machine": machine(),
        "versions": versions() | more_versions,
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
    }
    if metrics is not None:
        result["metrics"] = metrics
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}  "
        print(f"{row.case}: {ratio}{row.against}")
        for part in (row.accuracy, row.detail):
            for key, value in part.items():
                print(f"    {key}: {value}")
    folder = options.out or (None if options.quick else RESULTS)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(result, indent=2, ensure_ascii=False, allow_nan=False)
        (folder / f"{name}.json").write_text(text + "\n")
        print(f"written: {name}.json")
