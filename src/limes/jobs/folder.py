"""What the verbs with a run folder have in common: a run that continues, its notes, and what it leaves behind."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from limes.core.progress import Progress, Quiet
from limes.jobs.inputs import tell
from limes.report import RunFolder, default_run_path, open_run


@dataclass(frozen=True)
class RunResult:
    """What a run left behind.

    Attributes:
        folder: the run directory, with ``report.html``, ``metrics.json`` and the files of its verb.
        metrics: the content of ``metrics.json``.
        resumed: whether anything of it was there before.
    """

    folder: Path
    metrics: dict[str, Any]
    resumed: bool

    @property
    def report(self) -> Path:
        """The report, one HTML file."""
        return self.folder / "report.html"


class Named(Protocol):
    """What a run is about, data or a model."""

    @property
    def name(self) -> str:
        """Part of the name of its folder."""
        ...


class Settled(Protocol):
    """Settings with every choice made."""

    @property
    def data(self) -> Named:
        """What is worked on."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on choices that were made."""
        ...

    def config(self) -> dict[str, Any]:
        """Plain values that tell runs apart."""
        ...


def run_in_folder(
    verb: str,
    settings: Settled,
    execute: Callable[[RunFolder], None],
    *,
    remark: Callable[[], str],
    out: str | Path | None,
    force: bool,
    progress: Progress | None,
    unfinished: Callable[[RunFolder], bool] = lambda folder: not folder.finished,
) -> RunResult:
    """Run a verb in its folder, or go on with it; does nothing to a finished one.

    Args:
        verb: names the folder.
        settings: of the verb.
        execute: does the work that is not stored yet, and writes ``metrics.json`` and ``report.html``.
        remark: a line on what is to come, with its time.
        out: folder of the run; None for ``runs/<verb>-<data>-<hash of the settings>``.
        force: replace a run with other settings in `out`.
        progress: told of notes.
        unfinished: whether there is work left.

    Raises:
        RunFolderError: for a folder of another run, or a full disk (DiskFullError).
    """
    config, progress = settings.config(), progress or Quiet()
    with open_run(out or default_run_path(verb, settings.data.name, config), verb, config, force) as folder:
        resumed = folder.resumed
        if unfinished(folder):
            _tell(progress, settings.notes, remark)
            execute(folder)
            folder.finish()
        return RunResult(folder.folder, folder.read_json("metrics.json"), resumed)


def _tell(progress: Progress, notes: Sequence[str], remark: Callable[[], str]) -> None:
    tell(progress, notes)
    progress.note(remark())
