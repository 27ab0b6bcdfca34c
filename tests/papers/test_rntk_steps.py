"""The measurements behind the claims about the recurrent NTK: each against something simpler."""

import jax
import numpy as np
import pytest

from limes.core.errors import FormatError
from limes.data import from_arrays
from limes.machines import RNTKClassifier
from limes.papers.paper import Request
from limes.papers.registry import find
from limes.papers.rntk import dtw, experiment, finite, kernels, phases, recursion, sensitivity, ucr
from limes.papers.rntk.archive import SETS, SMALL
from limes.papers.rntk.kernels import family
from limes.papers.tables import summary as table
from limes.papers.tables import svm
from oracles import recurrent

pytestmark = pytest.mark.usefixtures("quick_compilation")


@pytest.mark.parametrize("activation", ["relu", "erf"])
def test_the_plain_recursion_is_that_of_the_oracle(activation):
    rng = np.random.default_rng(0)
    x, z = rng.standard_normal((5, 3)), rng.standard_normal((3, 3))
    plain = recursion.Plain(activation)
    fields = {name: getattr(plain, name) for name in ("activation", "w_std", "u_std", "b_std", "h_std")} | {"layers": 1}
    for a, b, same in ((x, z, False), (x, x, True)):
        cells = recursion.grid(plain, a, b, same)
        for readout in ("last", "mean_shared"):
            values = recurrent.read_out(fields | {"readout": readout}, a, b, same)
            assert recursion.read(cells, readout) == pytest.approx(sum(values), rel=1e-12)


def test_two_series_with_one_start_are_one_series():
    x, z = np.random.default_rng(1).standard_normal((2, 4, 3))
    own = recursion.grid(recursion.Plain("relu"), x, x, True)
    shared = recursion.grid(recursion.Plain("relu", shared_start=True), x, x.copy(), False)
    np.testing.assert_allclose(shared, own, rtol=1e-7)  # the angle of a rounded cosine
    apart = [recursion.grid(recursion.Plain("relu", shared_start=s), x, z, False)[-1][-1] for s in (False, True)]
    assert apart[1] > apart[0]


def test_empirical_kernels_have_the_start_that_is_asked_for():
    """Networks that see nothing but their start: with one for all, all series are one."""
    net, key = recursion.Plain("relu", u_std=0.0, b_std=0.0, h_std=2.0).net("last"), jax.random.key(0)
    shared, apart = (finite._empirical(net, (2, 2, 2), 8, key, s) for s in (True, False))
    np.testing.assert_allclose(shared, shared[0, 0], rtol=1e-5)
    assert shared[0, 0] > 0
    assert abs(apart[0, 1] / apart[0, 0] - 1) > 0.01


def test_sensitivity_is_a_derivative_of_the_oracle():
    x = np.random.default_rng(2).standard_normal((3, 4, 1))
    fields = {"activation": "relu", "layers": 1, "w_std": 1.3, "u_std": 1.0, "b_std": 0.0, "h_std": 0.0}

    def kernel(i, j, t, by):
        moved = x[i].copy()
        moved[t] += by
        return sum(recurrent.read_out(fields | {"readout": "last"}, moved, x[j], False))

    pairs = [(i, j) for i in range(3) for j in range(3) if i != j]
    slopes = [[(kernel(i, j, t, 1e-5) - kernel(i, j, t, -1e-5)) / 2e-5 for t in range(4)] for i, j in pairs]
    found = sensitivity.derivative(family("relu", "last"), 1.3, x)
    np.testing.assert_allclose(found, np.sqrt(np.mean(np.square(slopes), axis=0)), rtol=1e-5)
    own = [sum(recurrent.read_out(fields | {"readout": "last"}, a, a, True)) for a in x]
    moved = [x[0].copy() for _ in range(2)]
    moved[1][2] += sensitivity.STEP
    own_moved = sum(recurrent.read_out(fields | {"readout": "last"}, moved[1], moved[1], True))
    first = 1 - kernel(0, 0, 2, sensitivity.STEP) / np.sqrt(own[0] * own_moved)
    change = sensitivity.change(family("relu", "last"), 1.3, x[:1])
    assert change[2] == pytest.approx(first, rel=1e-6)


def test_machines_on_kernels_are_those_of_the_classifier():
    rng, numbers = np.random.default_rng(3), {"w_std": 1.3, "b_std": 0.1}
    x, lengths, y = rng.standard_normal((14, 6, 1)), rng.integers(3, 7, 14), np.arange(14) % 3
    x[np.arange(6) >= lengths[:, None]] = 0.0
    net, train = family("relu", "last"), (x[:10], lengths[:10])
    own = kernels.own(net, numbers, (x, lengths))
    kernel = kernels.cosines(kernels.ntk(net, numbers, (x, lengths), train), own, own[:10])
    np.testing.assert_allclose(np.diagonal(kernel), 1.0, rtol=1e-12)
    np.testing.assert_allclose(kernels.ntk(net, numbers, train), kernels.ntk(net, numbers, train, train), rtol=1e-12)
    classifier = RNTKClassifier(readout="last", **numbers, C=10.0, scale=None, tol=1e-3)
    for labels in (y[:10] % 2, y[:10]):
        classifier.fit(x[:10], labels, lengths[:10])
        found = svm.svm_labels(kernel[:10], labels, kernel[10:], 10.0)
        assert found.tolist() == classifier.predict(x[10:], lengths[10:]).tolist()


def test_phases_draw_disjoint_rows_and_zeros_behind_the_end():
    rows = phases.draw(3, 0.8, 20, n_valid=10, n_test=30)
    assert [part.stop - part.start for part in (rows.train, rows.valid, rows.test)] == [20, 10, 30]
    assert (rows.train.stop, rows.valid.stop, rows.test.stop) == (20, 30, len(rows.x))
    assert rows.lengths.min() >= 30
    assert all(not rows.x[i, n:].any() and rows.x[i, n - 1].any() for i, n in enumerate(rows.lengths))


def naive_dtw(x, z, window):
    cost = np.full((len(x) + 1, len(z) + 1), np.inf)
    cost[0, 0] = 0.0
    for t in range(len(x)):
        for s in range(len(z)):
            if abs(t - s) <= window:
                cost[t + 1, s + 1] = (x[t] - z[s]) ** 2 + min(cost[t, s], cost[t, s + 1], cost[t + 1, s])
    return cost[-1, -1]


def test_time_warping_is_that_of_the_naive_recursion():
    rng = np.random.default_rng(4)
    x, among = rng.standard_normal((6, 9)).cumsum(axis=1), rng.standard_normal((12, 9)).cumsum(axis=1)
    for window in (0, 1, 3, 8):
        values = np.array([[naive_dtw(a, b, window) for b in among] for a in x])
        found = [[dtw.distance(a, b, window, np.inf) for b in among] for a in x]
        np.testing.assert_allclose(found, values, rtol=1e-12)
        assert dtw.nearest(x, among, window).tolist() == values.argmin(axis=1).tolist()
    own = np.array([[np.inf if i == j else naive_dtw(a, b, 2) for j, b in enumerate(x)] for i, a in enumerate(x)])
    assert dtw.nearest(x, x, 2, leave_out=True).tolist() == own.argmin(axis=1).tolist()
    assert dtw.distance(x[0], among[0], 2, 1e-9) == np.inf
    twins = np.repeat(among[:1], 2, axis=0)
    assert dtw.nearest(among[:1], twins, 1).tolist() == [0]
    y = np.array([0, 0, 0, 1, 1, 1])
    window, share = dtw.chosen_window(x, y)
    shares = {w: np.mean(y[dtw.nearest(x, x, dtw.steps(w, 9), leave_out=True)] == y) for w in dtw.WINDOWS}
    assert share == max(shares.values())
    assert window == min(w for w in shares if shares[w] == share)


def test_the_table_by_hand():
    accuracy = np.array([[0.9, 0.8, 0.9], [0.5, 1.0, 0.94], [0.6, 0.3, 0.54]])
    found = table.summary(accuracy)
    np.testing.assert_allclose(table.ranks(accuracy), [[1.5, 3, 1.5], [3, 1, 2], [1, 3, 2]])
    np.testing.assert_allclose(found["rank"], [5.5 / 3, 7 / 3, 5.5 / 3])
    np.testing.assert_allclose(found["mean"], [2 / 3, 0.7, 2.38 / 3])
    np.testing.assert_allclose(found["p90"], [2 / 3, 1 / 3, 1])  # 0.54 is 90 % of 0.6
    np.testing.assert_allclose(found["p95"], [2 / 3, 1 / 3, 1 / 3])
    np.testing.assert_allclose(found["pma"], [2.5 / 3, (8 / 9 + 1.5) / 3, 2.84 / 3])
    pair = table.paired(accuracy[:, 0], accuracy[:, 1])
    assert (pair["wins"], pair["losses"]) == (2, 1)
    assert pair["standard_error"] == pytest.approx(np.std([0.1, -0.5, 0.3], ddof=1) / np.sqrt(3))
    assert table.paired(accuracy[:1, 0], accuracy[:1, 1])["standard_error"] is None
    assert table.critical_difference(4, 14) == pytest.approx(2.569 * np.sqrt(20 / 84), rel=1e-3)  # Demsar, table 5


def test_folds_are_even_and_deal_out_every_class():
    y = np.array(["a"] * 10 + ["b"] * 5 + ["c"])
    fold = svm.folds(y, 5, seed=0)
    assert sorted(np.bincount(fold)) == [3, 3, 3, 3, 4]
    assert np.bincount(fold[y == "a"]).tolist() == [2] * 5
    assert np.bincount(fold[y == "b"], minlength=5).tolist() == [1] * 5
    assert fold.tolist() != svm.folds(y, 5, seed=1).tolist()


def test_the_first_of_equal_choices_is_taken_and_overflow_is_passed_over():
    grams = {"huge": np.full((2, 2), np.inf), "first": np.eye(2), "second": np.eye(2), "better": 2 * np.eye(2)}
    some = [svm.Candidate({"name": n}, lambda g=g: g, lambda g=g: g) for n, g in grams.items()]
    assert svm.choose(some[:3], (10.0, 1.0), lambda gram, C: 0.5).candidate is some[1]
    best = svm.choose(some, (10.0, 1.0), lambda gram, C: gram[0, 0] - 0.1 * C)
    assert (best.candidate, best.C, best.validation) == (some[3], 1.0, pytest.approx(1.9))


def test_long_series_are_averaged_over_windows():
    x = np.arange(7, dtype=np.float32).reshape(1, 7, 1)
    assert ucr.averaged(x, 3)[0, :, 0].tolist() == [1.0, 4.0, 6.0]
    assert ucr.block_length(20, 100) == 1
    k = ucr.block_length(600, 235)
    assert 600**2 * np.ceil(235 / k) ** 2 / 2 <= ucr.MOST_STEPS < 600**2 * np.ceil(235 / (k - 1)) ** 2 / 2


def test_a_set_is_measured_by_all_methods(monkeypatch):
    monkeypatch.setattr(ucr, "GRID", {r: {"relu": ((1.3, 0.1, 0.0), (2**0.5, 0.1, 0.5))} for r in ucr.READOUTS})
    monkeypatch.setattr(ucr, "DEPTHS", (2,))
    rng = np.random.default_rng(5)
    y = np.arange(16) % 2
    x = np.sin(np.where(y[:, None] == 0, 0.5, 1.5) * np.arange(8)) + 0.1 * rng.standard_normal((16, 8))
    data = from_arrays(x[:10, :, None], y[:10], x[10:, :, None], y[10:], name="toy", source="memory")
    found = ucr.measure(data, 0)
    methods = found["methods"]
    assert list(methods) == [
        "rntk",
        "rntk-mean_shared",
        "rntk-last",
        "rntk-mean_per_step",
        "ntk",
        "rbf",
        "euclidean",
        "dtw",
    ]
    assert all(methods[name]["accuracy"] == 1.0 for name in ("rntk", "rbf", "euclidean", "dtw"))
    assert methods["rntk"]["readout"] == "mean_shared"
    assert methods["rntk"]["validation"] == max(methods[f"rntk-{r}"]["validation"] for r in ucr.READOUTS)
    assert (found["n_train"], found["n_test"], found["length"], found["classes"]) == (10, 6, 8, 2)


def test_the_plan_without_data_and_with_some(monkeypatch, tmp_path):
    monkeypatch.delenv("LIMES_DATA", raising=False)
    for size in ("smoke", "full"):
        plan = experiment.plan(Request(size))
        assert not any("ucr" in step.quantity for step in plan.steps)
        assert "claim 8" in plan.notes[0]
        parts = [step.part.name for step in plan.steps]
        assert len(set(parts)) == len(parts)
    assert len({step.quantity for step in plan.steps}) == 8
    folder = tmp_path / "ucr" / SMALL[0]
    folder.mkdir(parents=True)
    for part in ("TRAIN", "TEST"):
        rows = "\n".join(f"{i % 2 + 1}\t" + "\t".join(str(float(i + t)) for t in range(5)) for i in range(6))
        (folder / f"{SMALL[0]}_{part}.tsv").write_text(rows + "\n")
    plan = experiment.plan(Request("smoke", data=str(tmp_path)))
    assert plan.steps[-1].part.name == f"ucr-{SMALL[0]}-seed0"
    assert "left out" in plan.notes[0]
    assert plan.settings["ucr"]["sets"] == [SMALL[0]]
    with pytest.raises(FormatError, match="none of the sets"):
        experiment.plan(Request("smoke", data=str(folder)))
    assert len(set(SETS)) == 55
    assert find("rntk").plan is experiment.plan
