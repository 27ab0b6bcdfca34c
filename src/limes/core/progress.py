"""Progress of long work, shown by whoever runs it.

Numerical code calls ``progress.step(...)`` on an object it is given and never prints. `Quiet` does nothing; `Bar` draws
on standard error with the time left where that is a terminal, and in the output of a notebook's cell.
"""

import io
import signal
import sys
import threading
import time
from types import TracebackType
from typing import Any, Protocol, Self


class Progress(Protocol):
    """What long work reports to."""

    def start(self, label: str, total: int) -> None:
        """Begin a task of `total` steps."""
        ...

    def step(self, n: int = 1) -> None:
        """`n` more steps are done."""
        ...

    def note(self, text: str) -> None:
        """A line that a person following the work wants to read."""
        ...


class Quiet:
    """Reports nothing."""

    def start(self, label: str, total: int) -> None:
        """Do nothing."""

    def step(self, n: int = 1) -> None:
        """Do nothing."""

    def note(self, text: str) -> None:
        """Do nothing."""


class Muted:
    """Passes steps on and keeps notes back: for work inside work that has its own notes."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def start(self, label: str, total: int) -> None:
        """Pass on."""
        self._progress.start(label, total)

    def step(self, n: int = 1) -> None:
        """Pass on."""
        self._progress.step(n)

    def note(self, text: str) -> None:
        """Keep back."""


class _NotebookOutput:
    """A bar in the output of a notebook's cell, replaced in place. Rich draws there only with ipywidgets installed."""

    _APART = 0.5  # seconds between two updates: each is a message to the browser

    def __init__(self) -> None:
        from IPython.display import DisplayHandle  # pyright: ignore[reportMissingImports]

        self._handle = DisplayHandle()
        self._shown, self._last = False, 0.0

    def show(self, renderable: Any, now: bool) -> None:
        """Draw, at once or if the last drawing is old enough."""
        from rich.console import Console

        if not now and time.monotonic() < self._last + self._APART:
            return
        text = io.StringIO()
        Console(file=text, width=110, color_system=None, force_jupyter=False).print(renderable)
        draw = self._handle.update if self._shown else self._handle.display
        draw({"text/plain": text.getvalue().rstrip()}, raw=True)
        self._shown, self._last = True, time.monotonic()


class Bar:
    """A progress bar with the time left on a terminal and in a notebook, plain lines elsewhere.

    It draws on standard error, or in the output of the notebook's cell, which keeps the last task's bar.

    Within its `with` block Ctrl-C is not lost: Python drops an exception that is raised in a callback, as JAX has one
    for the garbage collector, and the next step raises it again.
    """

    def __init__(self, quiet: bool = False) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        self._console = Console(file=sys.stderr, quiet=quiet, highlight=False)
        columns = (
            TextColumn("{task.description:<34}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        self._bar = RichProgress(
            *columns, console=self._console, transient=True, disable=quiet or not self._console.is_terminal
        )
        self._notebook = _NotebookOutput() if self._console.is_jupyter and not quiet else None
        self._task = None
        self._interrupted = False
        self._handler: Any = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._handler = signal.signal(signal.SIGINT, self._interrupt)
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._finish()
        self._bar.stop()
        if self._handler is not None:
            signal.signal(signal.SIGINT, self._handler)

    def start(self, label: str, total: int) -> None:
        """Begin a task; the one before is finished."""
        self._raise_if_interrupted()
        self._finish()
        self._task = self._bar.add_task(label, total=total)
        self._draw(now=True)

    def step(self, n: int = 1) -> None:
        """Advance the bar."""
        self._raise_if_interrupted()
        if self._task is not None:
            self._bar.advance(self._task, n)
            self._draw(now=False)

    def note(self, text: str) -> None:
        """Print a line above the bar."""
        self._console.print(text, markup=False, soft_wrap=True)

    def _interrupt(self, number: int, frame: Any) -> None:
        self._interrupted = True
        raise KeyboardInterrupt

    def _raise_if_interrupted(self) -> None:
        if self._interrupted:
            raise KeyboardInterrupt

    def _draw(self, now: bool) -> None:
        if self._notebook is not None:
            self._notebook.show(self._bar.get_renderable(), now)

    def _finish(self) -> None:
        if self._task is not None:
            self._draw(now=True)
            self._bar.remove_task(self._task)
            self._task = None
