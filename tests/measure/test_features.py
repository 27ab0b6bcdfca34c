"""The features of kernel machines against their formulas, and their fast attack against the plain one."""

import numpy as np
import pytest

import limes as lm
from limes.attacks import FGSM, PGD
from limes.core.errors import InputError
from limes.measure.cumulative import default_counts
from limes.nets import Conv, Dense, Flatten, Relu, serial

pytestmark = pytest.mark.usefixtures("quick_compilation")
RNG = np.random.default_rng(3)
X, X_TEST = RNG.uniform(size=(24, 4)), RNG.uniform(size=(11, 4))
Y = np.where(X[:, 0] > X[:, 1] + 0.4, "c", np.where(X[:, 0] > 0.5, "a", "b"))
Y_TEST = np.where(X_TEST[:, 0] > X_TEST[:, 1] + 0.4, "c", np.where(X_TEST[:, 0] > 0.5, "a", "b"))
NET = lm.nets.mlp(2, b_std=0.1)


@pytest.fixture(scope="module")
def machine():
    return lm.NTKClassifier(NET, ridge=0.01, solver="eigh", scale="standard").fit(X, Y)


@pytest.fixture(scope="module")
def basis(machine):
    return lm.measure.feature_basis(machine)


def kernels(machine):
    z, z_test = machine.affine_(X), machine.affine_(X_TEST)
    return NET.kernel(z, get="ntk").ntk, NET.kernel(z_test, z, get="ntk").ntk


def test_sums_of_features_are_the_machine(machine, basis):
    assert len(basis) == len(X)
    for time in (0.3, 20.0, float("inf")):
        found = basis.predictor(time=time)
        np.testing.assert_allclose(found.scores(X_TEST), machine.scores_at(X_TEST, time), rtol=1e-9, atol=1e-11)
        assert (found.predict(X_TEST) == machine.predict_at(X_TEST, time)).all()
    halves = basis.predictor(slice(0, 9), 2.0).scores(X_TEST) + basis.predictor(slice(9, None), 2.0).scores(X_TEST)
    np.testing.assert_allclose(halves, machine.scores_at(X_TEST, 2.0), rtol=1e-9, atol=1e-11)


def test_a_feature_is_its_formula(machine, basis):
    gram, cross = kernels(machine)
    values, vectors = np.linalg.eigh(gram)
    v, size = vectors[:, -3], values[-3]
    expected = np.outer(cross @ v / (size + machine.ridge_), v @ machine.targets_)
    np.testing.assert_allclose(basis.predictor(2).scores(X_TEST), expected, rtol=1e-8, atol=1e-10)
    high, low = basis.labels([2])
    h = basis.directions([2]).scores(X_TEST)[:, 0]
    assert (np.where(h > 0, high, low) == expected.argmax(axis=1)).all()
    assert (basis.single(2).predict(X_TEST) == basis.predictor([2]).predict(X_TEST)).all()


def test_centred_features_are_those_of_the_centred_kernel(machine):
    basis = lm.measure.feature_basis(machine, centred=True)
    gram, cross = kernels(machine)
    means = gram.mean(axis=0)
    middle = gram - means - means[:, None] + gram.mean()
    row = cross - means - cross.mean(axis=1, keepdims=True) + gram.mean()
    np.testing.assert_allclose(basis.values, np.linalg.eigvalsh(middle)[::-1], atol=1e-10)
    expected = row @ np.linalg.solve(middle + machine.ridge_ * np.eye(len(X)), machine.targets_)
    np.testing.assert_allclose(basis.predictor().scores(X_TEST), expected, rtol=1e-7, atol=1e-9)
    assert abs(basis.single(0).scores(X).mean()) < 1e-10


@pytest.mark.parametrize("attack", [FGSM(), FGSM("l2", loss="ce")], ids=["linf", "l2"])
def test_features_attacked_together_are_those_attacked_alone(basis, attack):
    for centred in (basis, lm.measure.feature_basis(lm.NTKClassifier(NET).fit(X, Y), centred=True)):
        found = lm.measure.singles(centred, X_TEST, Y_TEST, 0.12, attack=attack, bounds=(0, 1))
        for rank in (0, 1, 5, 17):
            alone = attack(centred.single(rank), X_TEST, Y_TEST, 0.12, bounds=(0, 1))
            assert found.robust[rank] == pytest.approx(alone.robust_accuracy, abs=1e-12)
            assert found.clean[rank] == np.mean(centred.single(rank).predict(X_TEST) == Y_TEST)
    assert found.robust.max() > 0.2
    assert (found.robust <= found.clean).all()


def test_a_few_at_a_time_change_nothing(basis, monkeypatch):
    whole = lm.measure.singles(basis, X_TEST, Y_TEST, 0.1)
    monkeypatch.setitem(lm.measure.singles.__globals__, "_MOST", 7)
    some = lm.measure.singles(basis, X_TEST, Y_TEST, 0.1, ranks=range(2, 22))
    np.testing.assert_array_equal(some.robust, whole.robust[2:22])
    np.testing.assert_array_equal(some.clean, whole.clean[2:22])


def test_zero_radius_and_stronger_attacks(machine, basis):
    still = lm.measure.singles(basis, X_TEST, Y_TEST, 0, ranks=range(4))
    np.testing.assert_array_equal(still.clean, still.robust)
    one = lm.measure.singles(basis, X_TEST, Y_TEST, 0.1, ranks=range(3))
    many = lm.measure.singles(basis, X_TEST, Y_TEST, 0.1, ranks=range(3), attack=PGD(steps=4, random_start=False))
    np.testing.assert_array_equal(one.clean, many.clean)
    assert (many.robust <= one.robust + 1 / len(X_TEST)).all()
    found = lm.measure.features(machine, X_TEST, Y_TEST, 0.1, ranks=[0, 3], counts=[2, 24], bounds=(0, 1))
    assert found.top.clean[-1] == machine.score(X_TEST, Y_TEST)
    attacked = FGSM()(machine, X_TEST, Y_TEST, 0.1, bounds=(0, 1))
    assert found.top.robust[-1] == pytest.approx(attacked.robust_accuracy)


def test_balanced_accuracy_sees_a_constant_feature(basis):
    found = lm.measure.singles(basis, X_TEST, Y_TEST, 0.05)
    assert np.linalg.norm(np.diff(np.sign(basis.vectors[:, 0]))) == 0  # all of one sign
    assert found.chance == pytest.approx(1 / 3)
    assert not (found.useful_not_robust & ~found.useful).any()
    assert -1 <= found.order <= 1


@pytest.mark.parametrize("net", [NET, serial(Conv((2,)), Relu(), Flatten(), Dense())], ids=["dense", "convolution"])
def test_jacobian_is_made_of_gradients(net):
    x, x_test = (X, X_TEST) if net is NET else (X[..., None], X_TEST[..., None])
    predictor = lm.NTKClassifier(net).fit(x, Y).expansion
    found = predictor.jacobian(x_test)
    assert found.shape == (3, *x_test.shape)
    for column in range(3):
        v = np.zeros((len(x_test), 3))
        v[:, column] = 1
        np.testing.assert_allclose(found[column], predictor.scores_vjp(x_test, v), rtol=1e-9, atol=1e-12)


def test_agreement_compares_equal_ranks(basis):
    first = lm.measure.singles(basis, X_TEST, Y_TEST, 0.05)
    second = lm.measure.singles(basis, X_TEST, Y_TEST, 0.05, ranks=[9, 4, 1, 0, 20])
    found = lm.measure.agreement({"all": first, "some": second})
    assert found.ranks.tolist() == [0, 1, 4, 9, 20]
    np.testing.assert_allclose(np.diag(found.clean), 1)
    assert found.robust[0, 1] == pytest.approx(found.robust[0, 0])
    with pytest.raises(InputError, match="no two ranks"):
        lm.measure.agreement({"a": first, "b": lm.measure.singles(basis, X_TEST, Y_TEST, 0.05, ranks=3)})


def test_what_has_no_features_is_refused(machine, basis):
    with pytest.raises(InputError, match="NTKSVC"):
        lm.measure.feature_basis(lm.NTKSVC(NET).fit(X, Y))
    weighted = lm.NTKClassifier(NET).fit(X, Y, sample_weight=np.linspace(1, 2, len(X)))
    with pytest.raises(InputError, match="equal weight"):
        lm.measure.feature_basis(weighted)
    for ranks in ([0, 0], [24], [-1], [], [0.5]):
        with pytest.raises(InputError, match="from 0 to 23"):
            basis.predictor(ranks)
    with pytest.raises(InputError, match="from 1 to 24"):
        lm.measure.cumulative(basis, X_TEST, Y_TEST, 0.1, counts=[0])
    assert default_counts(24) == [1, 2, 5, 10, 20, 24]
