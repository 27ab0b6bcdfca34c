"""Machines on a kernel that lies on disk."""

import numpy as np
import pytest

from limes import NTKClassifier, NTKRegressor, gram, nets
from limes.core.errors import FormatError, InputError, MemoryRefused

NET = nets.mlp(3, b_std=0.1)
RNG = np.random.default_rng(0)
X = RNG.standard_normal((60, 4))
Y = np.array(["a", "b", "c"])[RNG.integers(0, 3, 60)]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return gram.build(tmp_path_factory.mktemp("disk") / "gram", NET, X, tile=25)


@pytest.mark.parametrize("solver", ["auto", "cg", "out_of_core"])
@pytest.mark.parametrize("time", [np.inf, 0.3])
def test_scores_are_those_of_a_kernel_in_memory(store, solver, time):
    if time < np.inf:
        solver = "krylov" if solver == "cg" else "auto"
    expected = NTKClassifier(NET, time=time, ridge_rel=1e-3).fit(X, Y)
    machine = NTKClassifier(NET, time=time, ridge_rel=1e-3, solver=solver).fit(X, Y, gram=store)
    if solver != "auto":
        assert machine.solver_ == solver
    np.testing.assert_allclose(machine.scores(X[:9] + 0.1), expected.scores(X[:9] + 0.1), atol=1e-5)


def test_the_factor_serves_other_targets(store):
    options = {"ridge_rel": 1e-2, "solver": "out_of_core"}
    NTKClassifier(NET, **options).fit(X, Y, gram=store)
    folder = store.path.with_name("gram-factor")
    made = {file: file.stat().st_mtime_ns for file in (folder / "c").rglob("*") if file.is_file()}
    other = NTKRegressor(NET, **options).fit(X, X[:, 0], gram=store)
    assert made == {file: file.stat().st_mtime_ns for file in made}
    np.testing.assert_allclose(
        other.predict(X), NTKRegressor(NET, ridge_rel=1e-2).fit(X, X[:, 0]).predict(X), atol=1e-8
    )


def test_a_kernel_too_large_for_memory_is_solved_on_disk(tmp_path, monkeypatch):
    x, y = RNG.standard_normal((300, 3)), RNG.standard_normal(300)
    store = gram.build(tmp_path / "gram", NET, x, tile=128)
    expected = NTKRegressor(NET, ridge_rel=1e-3).fit(x, y)
    monkeypatch.setenv("LIMES_MEMORY", "600kB")
    machine = NTKRegressor(NET, ridge_rel=1e-3).fit(x, y, gram=store)
    assert (expected.solver_, machine.solver_) == ("cholesky", "out_of_core")
    np.testing.assert_allclose(machine.coef, expected.coef, rtol=1e-9)
    with pytest.raises(MemoryRefused, match=r"a kernel on disk \(limes.gram.build"):
        NTKRegressor(NET, solver="eigh").fit(x, y)


def test_what_does_not_belong_together_is_refused(store, tmp_path):
    with pytest.raises(InputError, match="Gram matrix of other inputs"):
        NTKClassifier(NET).fit(X + 1, Y, gram=store)
    with pytest.raises(InputError, match="another net"):
        NTKClassifier(nets.mlp(2)).fit(X, Y, gram=store)
    with pytest.raises(InputError, match="the ntk, not the nngp"):
        NTKClassifier(NET, kind="nngp").fit(X, Y, gram=store)
    with pytest.raises(InputError, match="equal weight"):
        NTKClassifier(NET).fit(X, Y, sample_weight=np.arange(60.0) + 1, gram=store)
    with pytest.raises(InputError, match="needs a kernel on disk"):
        NTKClassifier(NET, solver="out_of_core").fit(X, Y)
    unfinished = gram.build(tmp_path / "gram", NET, X, tile=25)
    (tmp_path / "gram" / "c" / "0" / "1").unlink()
    with pytest.raises(FormatError, match=r"1 tiles of .* are not there yet"):
        NTKClassifier(NET).fit(X, Y, gram=unfinished)
