"""Fit, predict, attack and doctor as functions, on small files."""

import csv

import numpy as np
import pytest

import limes as lm
from limes.core.errors import FormatError, InputError, NetError, RunFolderError
from limes.jobs import attack, doctor, fit, predict

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
NAMES = np.where(X[:, 0] + 0.2 * X[:, 1] > 0, "up", "down")


@pytest.fixture
def files(tmp_path):
    """Data with and without labels, as npz and csv, and a fitted model."""
    np.savez(tmp_path / "data.npz", X=X[:30], y=NAMES[:30], X_test=X[30:], y_test=NAMES[30:])
    np.savez(tmp_path / "bare.npz", X=X[30:])
    for name, labels in (("data.csv", NAMES), ("bare.csv", None)):
        with (tmp_path / name).open("w") as file:
            writer = csv.writer(file)
            writer.writerow(["a", "b", "c"] + (["label"] if labels is not None else []))
            writer.writerows([*row, *([] if labels is None else [labels[i]])] for i, row in enumerate(X.tolist()))
    fit(str(tmp_path / "data.npz"), out=tmp_path / "model.npz", net="mlp-2", time=5.0)
    return tmp_path


def rows_of(path):
    with path.open() as file:
        return list(csv.DictReader(file))


def test_fit_with_the_kernel_on_disk_is_the_same(files):
    data = str(files / "data.npz")
    found = fit(data, out=files / "m.npz", net="mlp-2", ridge_rel=0.01, gram=files / "gram")
    fit(data, out=files / "n.npz", net="mlp-2", ridge_rel=0.01)
    np.testing.assert_array_equal(lm.load(found["model"]).coef, lm.load(files / "n.npz").coef)
    assert lm.gram.open(files / "gram").missing() == []
    with pytest.raises(InputError, match="another net"):
        fit(data, out=files / "o.npz", net="mlp-3", gram=files / "gram")


def test_fit_saves_the_machine_that_the_library_fits(files):
    found = fit(str(files / "data.npz"), out=files / "m.npz", net="mlp-2", kind="nngp", time=5.0, ridge_rel=0.01)
    machine = lm.load(found["model"])
    same = lm.NTKClassifier(lm.nets.mlp(2), 5.0, ridge_rel=0.01, kind="nngp", scale="standard").fit(X[:30], NAMES[:30])
    assert machine.get_params() == same.get_params()
    np.testing.assert_array_equal(machine.scores(X[30:]), same.scores(X[30:]))
    assert (found["n_train"], found["n_test"], found["solver"]) == (30, 10, "eigh")
    assert found["test_accuracy"] == np.mean(same.predict(X[30:]) == NAMES[30:])


@pytest.mark.parametrize(("name", "scale"), [("none", None), ("unit", "unit"), (None, "standard")])
def test_inputs_are_mapped_as_asked_for(files, name, scale):
    found = fit(str(files / "data.npz"), out=files / "m.npz", net="mlp-2", ridge_rel=0.1, scale=name)
    same = lm.NTKClassifier("mlp-2", ridge_rel=0.1, scale=scale).fit(X[:30], NAMES[:30])
    np.testing.assert_array_equal(lm.load(found["model"]).scores(X[30:]), same.scores(X[30:]))


def test_fit_on_a_table_without_a_test_part(files):
    found = fit(str(files / "data.csv"), out=files / "m.npz", n_train=20, seed=3, target="label", time=5.0)
    assert (found["n_train"], found["n_test"], found["test_accuracy"]) == (20, 0, None)
    drawn = lm.load(files / "m.npz")
    again = fit(str(files / "data.csv"), out=files / "n.npz", n_train=20, seed=3, target="label", time=5.0)
    np.testing.assert_array_equal(lm.load(again["model"]).centres, drawn.centres)
    fit(str(files / "data.csv"), out=files / "o.npz", n_train=20, seed=4, target="label", time=5.0)
    assert not np.array_equal(lm.load(files / "o.npz").centres, drawn.centres)


def test_an_existing_model_is_replaced_only_by_force(files):
    before = (files / "model.npz").read_bytes()
    with pytest.raises(InputError, match=r"model\.npz exists already: .*--force"):
        fit(str(files / "data.npz"), out=files / "model.npz", time=1.0)
    assert (files / "model.npz").read_bytes() == before
    fit(str(files / "data.npz"), out=files / "model.npz", time=1.0, force=True)
    assert lm.load(files / "model.npz").time == 1.0


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n_train": 1}, InputError, "n_train must lie between 2 and the 40 rows"),
        ({"n_train": 41}, InputError, "not 41"),
        ({"net": "transformer"}, NetError, "unknown net 'transformer'"),
        ({"net": "myrtle-5-gap"}, NetError, "unknown net 'myrtle-5-gap'"),
        ({"net": "cnn-2"}, NetError, "vector of 3 features: use mlp"),
        ({"time": -1.0}, InputError, "time must be at least 0"),
        ({"scale": "log"}, InputError, "scale must be none, standard or unit, not 'log'"),
    ],
)
def test_a_refused_fit_leaves_no_file(files, arguments, error, message):
    with pytest.raises(error, match=message):
        fit(str(files / "data.csv"), out=files / "refused.npz", target="label", **arguments)
    assert not (files / "refused.npz").exists()


def test_predict_with_labels(files):
    found = predict(files / "model.npz", str(files / "data.npz"), out=files / "p.csv")
    machine = lm.load(files / "model.npz")
    assert found["classes"] == ["down", "up"]
    assert found["labels"] == machine.predict(X[30:]).tolist()
    np.testing.assert_array_equal(found["scores"], machine.scores(X[30:]))
    assert found["accuracy"] == np.mean(machine.predict(X[30:]) == NAMES[30:])
    rows = rows_of(files / "p.csv")
    assert list(rows[0]) == ["row", "label", "score_down", "score_up"]
    assert [row["label"] for row in rows] == found["labels"]
    assert [int(row["row"]) for row in rows] == list(range(10))
    np.testing.assert_allclose([float(row["score_up"]) for row in rows], np.array(found["scores"])[:, 1], rtol=1e-5)


@pytest.mark.parametrize(("name", "rows"), [("bare.npz", X[30:]), ("bare.csv", X)])
def test_predict_without_labels(files, name, rows):
    found = predict(files / "model.npz", str(files / name))
    assert found["accuracy"] is None
    np.testing.assert_allclose(found["scores"], lm.load(files / "model.npz").scores(rows), rtol=1e-9, atol=1e-12)


def test_predict_writes_over_a_file_only_by_force(files):
    (files / "p.csv").write_text("mine")
    with pytest.raises(InputError, match=r"p\.csv exists already: .*--force"):
        predict(files / "model.npz", str(files / "bare.npz"), out=files / "p.csv")
    assert (files / "p.csv").read_text() == "mine"
    predict(files / "model.npz", str(files / "bare.npz"), out=files / "p.csv", force=True)
    assert len(rows_of(files / "p.csv")) == 10


def test_rows_of_another_shape_are_refused(files):
    np.savez(files / "wide.npz", X=np.ones((4, 5)))
    with pytest.raises(InputError, match=r"wide\.npz holds inputs of shape \(5,\), but the model was fitted on \(3,\)"):
        predict(files / "model.npz", str(files / "wide.npz"), out=files / "p.csv")
    assert not (files / "p.csv").exists()


@pytest.mark.parametrize("verb", [predict, attack])
def test_what_is_no_classifier_is_refused(files, verb):
    lm.NTKRegressor(time=1.0).fit(X, X[:, 0]).save(files / "regressor.npz")
    with pytest.raises(InputError, match="holds a NTKRegressor"):
        verb(files / "regressor.npz", str(files / "data.npz"))
    with pytest.raises(FormatError, match="limes did not write it"):
        verb(files / "data.npz", str(files / "data.npz"))


def test_rows_that_the_model_was_fitted_to_or_that_have_other_units_are_noted(files):
    assert predict(files / "model.npz", str(files / "data.npz"))["notes"] == []
    assert predict(files / "model.npz", str(files / "bare.npz"))["notes"] == []
    (seen,) = predict(files / "model.npz", str(files / "data.csv"))["notes"]
    assert seen.startswith("30 of 40 rows are among those that the model was fitted to, and say little about new ones")
    for factor in (100, 0.01):
        np.savez(files / "other.npz", X=factor * X[30:])
        (units,) = predict(files / "model.npz", str(files / "other.npz"))["notes"]
        assert f"fitted to from {X[:30].min():.3g} to {X[:30].max():.3g}: are they in the same units?" in units
    found = attack(files / "model.npz", str(files / "data.csv"), eps=(0.1,), steps=1, queries=1, n_test=4)
    assert "of 4 rows are among those that the model was fitted to" in found["notes"][0]


def test_attack_measures_the_saved_model_on_test_rows(files):
    found = attack(
        files / "model.npz", str(files / "data.npz"), eps=(0.0, 0.2, 3.0), out=files / "run", steps=3, queries=20
    )
    machine = lm.load(files / "model.npz")
    assert found["n_points"] == 10
    assert found["eps"] == [0.0, 0.2, 3.0]
    assert found["clean_accuracy"] == found["robust_accuracy"][0] == np.mean(machine.predict(X[30:]) == NAMES[30:])
    assert found["clean_accuracy"] >= found["robust_accuracy"][1] >= found["robust_accuracy"][2]
    assert found["robust_accuracy"][2] < 0.5
    assert (files / "run" / "metrics.json").exists()
    with np.load(files / "run" / "adversarial.npz") as stored:
        np.testing.assert_array_equal(stored["y"], NAMES[30:])
        np.testing.assert_array_equal(stored["rows"], np.arange(10))
        moved = np.abs(stored["x_adv"] - X[30:])
        assert moved.max() <= 3.0 + 1e-12
    same = attack(
        files / "model.npz", str(files / "data.npz"), eps=(0.0, 0.2, 3.0), out=files / "run", steps=3, queries=20
    )
    assert same == found


def test_attack_refuses_the_folder_of_another_run(files):
    options = {"out": files / "run", "steps": 2, "queries": 10, "n_test": 4}
    attack(files / "model.npz", str(files / "data.npz"), eps=(0.1,), **options)
    with pytest.raises(RunFolderError, match="--force"):
        attack(files / "model.npz", str(files / "data.npz"), eps=(0.2,), **options)
    found = attack(files / "model.npz", str(files / "data.npz"), eps=(0.2,), force=True, **options)
    assert (found["eps"], found["n_points"]) == ([0.2], 4)


def test_attack_checks_the_box(files):
    with pytest.raises(InputError, match=r"box|bounds"):
        attack(files / "model.npz", str(files / "data.npz"), eps=(0.1,), bounds=(0.0, 1.0))


def test_the_doctor_finds_this_installation_sound():
    found = doctor()
    assert [check["passed"] for check in found["checks"]] == [True] * 7, found["checks"]
    assert found["versions"]["limes"]
    assert found["devices"]


def test_the_doctor_reports_a_failure_instead_of_raising(monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("no kernel today")

    monkeypatch.setattr(lm.nets.Net, "kernel", broken)
    failed = [check for check in doctor()["checks"] if not check["passed"]]
    assert len(failed) == 3
    assert "RuntimeError: no kernel today" in failed[0]["detail"]


def test_the_doctor_reads_the_environment(monkeypatch):
    monkeypatch.setenv("LIMES_MEMORY", "lots")
    monkeypatch.setenv("LIMES_DATA", "/nowhere")
    failed = {check["name"]: check["detail"] for check in doctor()["checks"] if not check["passed"]}
    assert "'lots' is not an amount of memory: write it as 6GB" in failed["memory limit"]
    assert "$LIMES_DATA is /nowhere, which is no folder" in failed["folder of official data"]
