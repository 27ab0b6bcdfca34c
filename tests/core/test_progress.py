import contextlib
import signal
import sys
from types import ModuleType

import pytest
import rich.console

from limes.core.progress import Bar, Muted, Progress, Quiet


def _work(progress: Progress):
    progress.start("kernel", 3)
    for _ in range(3):
        progress.step()
    progress.note("half [of] it")
    progress.start("solve", 1)
    progress.step(1)


def test_quiet_says_nothing(capsys):
    _work(Quiet())
    assert capsys.readouterr() == ("", "")


def test_bar_without_a_terminal_leaves_its_notes_on_standard_error(capsys):
    with Bar() as bar:
        _work(bar)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "half [of] it\n"


def test_long_notes_stay_one_line(capsys):
    with Bar() as bar:
        bar.note("word " * 100)
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_muted_passes_steps_on_and_keeps_notes_back():
    calls = []

    class Recorder:
        def start(self, label, total):
            calls.append((label, total))

        def step(self, n=1):
            calls.append(n)

        def note(self, text):
            calls.append(text)

    _work(Muted(Recorder()))
    assert calls == [("kernel", 3), 1, 1, 1, ("solve", 1), 1]


def test_a_notebook_shows_one_bar_that_is_replaced(monkeypatch, capsys):
    drawn = []

    class DisplayHandle:
        def display(self, data, raw):
            assert raw
            drawn.append(("new", data["text/plain"]))

        def update(self, data, raw):
            assert raw
            drawn.append(("replaced", data["text/plain"]))

    module = ModuleType("IPython.display")
    monkeypatch.setattr(module, "DisplayHandle", DisplayHandle, raising=False)
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    monkeypatch.setattr(rich.console, "_is_jupyter", lambda: True)
    with Bar() as bar:
        bar.start("kernel", 3000)
        for _ in range(3000):  # not a message each
            bar.step()
        bar.start("solve", 1)
        bar.step()
    assert [how for how, _ in drawn].count("new") == 1
    assert drawn[0][0] == "new"
    assert len(drawn) < 20
    for text in ("kernel", "0/3000", "3000/3000"):
        assert any(text in line for _, line in drawn)
    assert "solve" in drawn[-1][1]
    assert "1/1" in drawn[-1][1]
    assert not any("\n" in line for _, line in drawn)
    with Bar(quiet=True) as bar:
        bar.start("kernel", 1)
    assert drawn[-1][1].startswith("solve")
    assert capsys.readouterr() == ("", "")


def test_quiet_bar_says_nothing(capsys):
    with Bar(quiet=True) as bar:
        _work(bar)
    assert capsys.readouterr() == ("", "")


def test_an_error_passes_through_the_bar(capsys):
    def interrupted():
        with Bar() as bar:
            bar.start("kernel", 3)
            bar.step()
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        interrupted()
    assert capsys.readouterr() == ("", "")


def test_an_interrupt_that_was_swallowed_comes_with_the_next_step():
    """Python drops what is raised in a callback, as JAX has one for the garbage collector."""
    before, bar = signal.getsignal(signal.SIGINT), Bar(quiet=True)

    def swallow():
        with bar:
            bar.start("kernel", 2)
            bar.step()
            with contextlib.suppress(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
            bar.step()

    with pytest.raises(KeyboardInterrupt):
        swallow()
    assert signal.getsignal(signal.SIGINT) is before
