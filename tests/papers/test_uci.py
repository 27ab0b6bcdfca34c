"""The comparison on small tables: its splits, kernels, choices and claims."""

import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifier

from limes.core.errors import FormatError
from limes.papers.paper import Request
from limes.papers.registry import find
from limes.papers.uci import contenders, kernels
from limes.papers.uci.archive import Splits, tables
from limes.papers.uci.experiment import METHODS

RNG = np.random.default_rng(0)


def splits(n=40):
    x = RNG.standard_normal((n, 3))
    y = (x[:, 0] + 0.3 * x[:, 1] > 0).astype(int)
    order = RNG.permutation(n)
    folds = tuple((np.roll(order, 10 * k)[: n - 10], np.roll(order, 10 * k)[n - 10 :]) for k in range(4))
    return Splits(x, y, (order[: n // 2], order[n // 2 :]), folds)


@pytest.mark.parametrize("shape", [(37, 5), (16, 4), (1, 1)])
def test_padding_does_not_change_a_kernel(shape):
    x, net = RNG.standard_normal(shape), kernels.network(3, 1, 0.4)
    exact = np.asarray(net.kernel(x, get="ntk").ntk)
    np.testing.assert_allclose(kernels._gram(net, x, "ntk"), exact / exact.diagonal().mean(), rtol=1e-12)


def test_fixed_layers_are_those_at_the_bottom():
    assert [layer.trainable for layer in kernels.network(4, 2).layers if layer.name == "dense"] == [
        *(False, False),
        *(True, True),
    ]
    grid = [settings for settings, _ in kernels.ntk_grid(np.eye(2))]
    assert len(grid) == 15
    assert {(s["depth"], s["fixed"]) for s in grid} == {(d, f) for d in range(1, 6) for f in range(d)}


def test_the_best_on_the_tuning_rows_is_tested_on_all_folds():
    s = splits()
    good, bad = s.x @ s.x.T, np.eye(len(s.y))
    grid = iter([({"depth": 9}, lambda: bad), ({"depth": 1}, lambda: good), ({"depth": 2}, lambda: good)])
    found = kernels.measure(grid, kernels.by_svm, (1.0, 10.0), s)
    assert found["depth"] == 1
    assert found["accuracy"] == np.mean(found["folds"])
    assert len(found["folds"]) == 4
    assert min(found["folds"]) >= 0.6


def test_regression_is_that_of_scikit_learn():
    s = splits()
    rows, others = s.folds[0]
    gram = s.x @ s.x.T
    labels = kernels.by_regression(gram, s.y, rows, others, 0.5)
    ridge = RidgeClassifier(0.5, fit_intercept=False).fit(s.x[rows], s.y[rows])
    np.testing.assert_array_equal(labels, ridge.predict(s.x[others]))
    alone = s.y[rows] == 1
    assert set(kernels.by_regression(gram, s.y, rows[alone], others, 0.5)) == {1}


def test_contenders_learn(monkeypatch):
    monkeypatch.setitem(contenders.GRIDS, "network", [{"hidden_layer_sizes": (64,)}])
    s = splits(80)
    assert contenders.measure("network", s, 0)["accuracy"] > 0.8


def test_files_of_the_collection(tmp_path):
    s = splits()
    (tmp_path / "uci").mkdir()
    arrays = {"X": s.x, "y": s.y, "tune_train": s.tune[0], "tune_val": s.tune[1]}
    for k, (train, test) in enumerate(s.folds):
        arrays |= {f"fold{k}_train": train, f"fold{k}_test": test}
    np.savez(tmp_path / "uci" / "toy.npz", **arrays)
    (table,), notes = tables(Request("full", data=str(tmp_path)))
    assert (table.name, table.shape, notes) == ("toy", (40, 3, 2), ())
    np.testing.assert_array_equal(table.splits.folds[2][1], s.folds[2][1])
    del arrays["fold3_test"]
    np.savez(tmp_path / "uci" / "toy.npz", **arrays)
    with pytest.raises(FormatError, match="no table of the UCI collection"):
        assert tables(Request("full", data=str(tmp_path)))[0][0].splits
    with pytest.raises(FormatError, match="has no UCI tables"):
        tables(Request("full", data=str(tmp_path / "uci")))


def test_without_files_the_plan_says_so(monkeypatch):
    monkeypatch.delenv("LIMES_DATA", raising=False)
    plan = find("uci").plan(Request("smoke"))
    assert [step.quantity for step in plan.steps] == ["uci-iris", "uci-wine", "uci-breast-cancer"]
    assert "were not given" in plan.notes[0]


def test_claims_and_pictures_of_a_table_by_hand():
    paper, accuracy = find("uci"), [[0.9, 0.8, 0.8, 0.7, 0.8, 0.8, 0.7], [0.6, 0.7, 0.7, 0.6, 0.5, 0.6, 0.5]]
    rows = [{m: {"accuracy": a, "seconds": 1.0} for m, a in zip(METHODS, row, strict=True)} for row in accuracy]
    found = {f"uci-t{i}": {0: {"n": 9, "methods": row}} for i, row in enumerate(rows)}
    claims = {claim.id: claim for claim in paper.claims(found, "full", {})}
    assert claims["1"].measured == pytest.approx(0.1)
    assert claims["2"].measured == pytest.approx(0.15)
    assert claims["4"].measured == pytest.approx(0.75)
    assert claims["3"].measured == pytest.approx(((1 + 4) - (3.5 + 1.5)) / 2)
    assert "Better on 2 tables, worse on 0" in claims["1"].note
    drawings = paper.figures(paper.curves(found, {}))
    assert set(drawings) == {"ranks", "tables"}
    assert all(drawing.alt for drawing in drawings.values())
