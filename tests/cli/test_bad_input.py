"""Bad input is refused before there is work, with one sentence, and nothing is left behind."""

import numpy as np
import pytest
from typer.testing import CliRunner

from limes.cli.app import app
from limes.machines import NTKClassifier

pytestmark = pytest.mark.usefixtures("quick_compilation")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("input")
    x = np.random.default_rng(0).uniform(size=(12, 4))
    np.savez(place / "rows.npz", X=x, y=np.arange(12) % 2)
    np.savez(place / "wide.npz", X=np.hstack([x, x]), y=np.arange(12) % 2)
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
