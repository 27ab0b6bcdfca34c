"""Bad input is refused before there is work, with one sentence, and nothing is left behind."""

import io
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

from limes.cli.app import app, main
from limes.machines import NTKClassifier

pytestmark = pytest.mark.usefixtures("quick_compilation")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("input")
    x = np.random.default_rng(0).uniform(size=(12, 4))
    np.savez(place / "rows.npz", X=x, y=np.arange(12) % 2)
    np.savez(place / "wide.npz", X=np.hstack([x, x]), y=np.arange(12) % 2)
    np.savez(place / "three.npz", X=x[:3], y=["a", "b", "c"])
    (place / "pictures" / "cat").mkdir(parents=True)
    (place / "pictures" / "cat" / "1.PNG").touch()
    NTKClassifier("mlp-2").fit(x, np.arange(12) % 2).save(place / "model.npz")
    return place


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("fit rows.npz --out .", "is a folder: name a file with --out"),
        ("fit rows.npz --out . --force", "is a folder"),
        ("fit rows.npz --out rows.npz/model.npz", "cannot be written, nor any file in"),
        ("predict model.npz rows.npz --out rows.npz/labels.csv", "cannot be written"),
        ("predict model.npz wide.npz", "holds inputs of shape (8,), but the model was fitted on (4,)"),
        ("attack model.npz wide.npz", "holds inputs of shape (8,), but the model was fitted on (4,)"),
        ("certify model.npz wide.npz", "holds inputs of shape (8,), but the model was fitted on (4,)"),
        ("attack model.npz rows.npz --n-test 0", "n_test must be at least 1"),
        ("certify model.npz rows.npz --n-test 0", "n_test must be at least 1"),
        ("attack model.npz rows.npz --seed -1", "--seed"),
        ("robustify rows.npz --kind nkt", "kind must be one of ntk, nngp, not 'nkt'"),
        ("robustify rows.npz --eps 0", "eps is 0, an attack that changes nothing"),
        ("robustify three.npz --dry-run", "three has 3 classes, each of which needs a row to train on, but 1 training"),
        (
            "robustify pictures",
            "holds pictures, such as cat/1.PNG, which are not read one by one: stack them into one npz",
        ),
        ("robustify rows.npz --steps 0", "steps must be at least 1, not 0"),
        ("robustify rows.npz --queries -5", "queries must be at least 1, not -5"),
        ("measure features rows.npz --norm l9", "norm must be one of linf, l2, not 'l9'"),
        ("measure features rows.npz --time -1", "time must be at least 0"),
        ("measure features rows.npz --kind nkt", "kind must be one of"),
        ("measure evolution rows.npz --norm l9", "norm must be one of linf, l2, not 'l9'"),
        ("measure evolution rows.npz", "12 rows to draw from, which cannot be 0 training rows, at least 2, and 100"),
    ],
)
def test_it_is_refused_at_the_door(folder, command, words, monkeypatch):
    monkeypatch.chdir(folder)
    before = sorted(folder.rglob("*"))
    done = CliRunner().invoke(app, command.split())
    assert done.exit_code == 2, done.exception
    assert words in done.stderr
    assert done.stdout == ""
    assert sorted(folder.rglob("*")) == before


def test_an_attack_without_a_radius_chooses_one_and_says_so(folder, monkeypatch):
    monkeypatch.chdir(folder)
    done = CliRunner().invoke(
        app, ["attack", "model.npz", "rows.npz", "--n-test", "2", "--steps", "2", "--queries", "2"]
    )
    assert done.exit_code == 0, done.exception
    assert "eps 0.05 " in done.stdout
    assert "the attack's radius was chosen from the data: eps = 0.05" in done.stderr


@pytest.mark.parametrize("verb", ["robustify", "measure features"])
@pytest.mark.parametrize(("eps", "said"), [("0.4", False), ("0.5", True), ("8", True)])
def test_a_plan_has_the_notes_of_the_run_and_says_where_eps_is_out_of_proportion(folder, monkeypatch, verb, eps, said):
    monkeypatch.chdir(folder)
    command = f"{verb} rows.npz --eps {eps} --dry-run"
    done = CliRunner().invoke(app, command.split())
    assert done.exit_code == 0, done.exception
    assert "note: all values lie in [0, 1], which is taken as the box of valid inputs" in done.stderr
    assert (f"eps = {eps} is half the width of the box [0, 1] or more" in done.stderr) == said
    assert ("are written --eps 8/255" in done.stderr) == (eps == "8")
    assert CliRunner().invoke(app, [*command.split(), "--quiet"]).stderr == ""


def test_labels_that_the_terminal_cannot_show_are_escaped(monkeypatch):
    narrow = io.TextIOWrapper(io.BytesIO(), "ascii")
    monkeypatch.setattr(sys, "stdout", narrow)
    monkeypatch.setattr(sys, "argv", ["limes", "--version"])
    with pytest.raises(SystemExit):
        main()
    print("süß", flush=True)
    assert narrow.buffer.getvalue().endswith(b"s\\xfc\\xdf\n")
