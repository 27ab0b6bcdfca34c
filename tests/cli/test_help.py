"""What every command says of itself, and what the shell completes."""

import os
import re
import shlex
import subprocess
import sys
from typing import get_args

import pytest
import typer
from typer.testing import CliRunner

from limes.certify.point import METHODS
from limes.cli import complete
from limes.cli.app import app
from limes.core.types import Kind, Norm
from limes.data.readers import load
from limes.jobs.settings import DEFENCES
from limes.machines.scaling import Scale
from limes.measure.bound_training import BoundKind
from limes.nets.names import parse_net
from limes.papers import entries
from limes.papers.claim import Size


def commands(command=None, name=()):
    """All commands that do something, each with its words."""
    command = command or typer.main.get_command(app)
    if not hasattr(command, "commands"):
        yield " ".join(name), command
        return
    for word, below in command.commands.items():
        yield from commands(below, (*name, word))


ALL = dict(commands())


def shown(*words):
    done = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "80", "TERMINAL_WIDTH": "80"})
    assert done.exit_code == 0
    return done.stdout


@pytest.mark.parametrize("group", ["", "gram", "measure", "papers"])
def test_lists_of_commands_are_not_cut(group):
    text = shown(*group.split())
    assert "..." not in text.split("Commands:")[1]
    assert "Example: limes " in text


@pytest.mark.parametrize("verb", ALL)
def test_every_command_has_a_line_and_an_example_that_is_understood(verb):
    text = " ".join(shown(*verb.split()).split())
    line = ALL[verb].help.splitlines()[0]
    assert line.endswith(".")
    assert line in text
    example = re.search(r"Example: limes (.*)$", text)
    assert example is not None
    words = shlex.split(example[1])
    assert " ".join(words[: len(verb.split())]) == verb
    with ALL[verb].make_context(verb, words[len(verb.split()) :]) as context:  # refuses what it does not know
        assert context.params


def test_one_word_means_one_thing():
    """An option has one short form, and takes a value or takes none, in all commands; some are in all that run."""
    forms = {}
    for command in ALL.values():
        for option in command.params:
            if option.param_type_name == "option":
                forms.setdefault(option.opts[0], set()).add((*option.opts[1:], bool(option.is_flag)))
    assert not {name: found for name, found in forms.items() if len(found) > 1}
    assert set(ALL) == {verb for verb, command in ALL.items() if "--json" in flags(command)}
    runs = set(ALL) - {"doctor", "papers list", "papers show", "papers report", "gram check"}
    for option in ("--memory", "--out"):
        assert runs <= {verb for verb, command in ALL.items() if option in flags(command)}, option


def flags(command):
    return {name for option in command.params for name in option.opts}


def completions(line):
    """What bash shows for a line, in a process of its own; and that no numerics were loaded for it."""
    script = (
        "import atexit, sys\n"
        "heavy = ('jax', 'numpy', 'scipy', 'sklearn', 'matplotlib')\n"
        "atexit.register(lambda: print('loaded', [name for name in heavy if name in sys.modules]))\n"
        "from limes.cli import main\n"
        "sys.argv = ['limes']\n"
        "main()\n"
    )
    env = {"COMP_WORDS": line, "COMP_CWORD": str(line.count(" ")), "_LIMES_COMPLETE": "complete_bash", "PATH": ""}
    env |= {key: value for key, value in os.environ.items() if key in ("PYTHONPATH", "HOME")}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=env, timeout=60)
    *found, loaded = done.stdout.splitlines()
    assert loaded == "loaded []", done.stderr
    return found


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("limes ro", ["robustify"]),
        ("limes papers show ad", ["adv-ntk"]),
        ("limes fit --sc", ["--scale"]),
        ("limes certify m.npz --method j", ["joint"]),
        ("limes robustify dig", ["digits"]),
    ],
)
def test_the_shell_completes(line, expected):
    assert completions(line) == expected


def test_what_is_completed_exists(monkeypatch):
    assert complete.papers("") == sorted(entry.key for entry in entries())
    assert get_args(Norm) == complete.NORMS
    assert get_args(Kind) == complete.KINDS
    assert get_args(Size) == complete.SIZES
    assert complete.METHODS == METHODS
    assert (*DEFENCES, "none") == complete.DEFENCES
    assert get_args(BoundKind) == complete.LAYER_KINDS
    assert set(complete.SCALES) == {"none", *get_args(Scale)}
    for net in complete.NETS:
        parse_net(net, (8, 8, 1))
    monkeypatch.delenv("LIMES_DATA", raising=False)
    for name in complete.DATA_NAMES[1:]:  # each is known: read from official files, which are not here
        with pytest.raises(ValueError, match="official files"):
            load(name)


def test_members_of_collections_are_completed(tmp_path, monkeypatch):
    (tmp_path / "ucr" / "Adiac").mkdir(parents=True)
    (tmp_path / "uci").mkdir()
    (tmp_path / "uci" / "iris.npz").touch()
    monkeypatch.setenv("LIMES_DATA", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    context = typer.Context(typer.main.get_command(app))
    assert complete.data(context, "uc") == ["ucr/", "uci/", "uci/iris", "ucr/Adiac"]
    assert complete.data(context, "ucr/A") == ["ucr/Adiac"]
    assert complete.data(context, "my") == []
