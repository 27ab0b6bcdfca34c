"""The recurrent NTK as a classifier of series."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.svm import SVC

from limes import RNTKClassifier, load, nets
from limes.core.errors import InputError

pytestmark = pytest.mark.usefixtures("quick_compilation")


def _waves(n, seed, shortest=8, longest=12):
    """Sines of two frequencies, any phase, with a little noise: series of different lengths and their labels."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    lengths = rng.integers(shortest, longest + 1, n)
    series = [
        np.sin((0.5 + 0.7 * k) * np.arange(t) + rng.uniform(0, 2 * np.pi)) + 0.1 * rng.standard_normal(t)
        for k, t in zip(labels, lengths, strict=True)
    ]
    return series, np.array(["slow", "fast"])[labels]


TRAIN, TEST = _waves(16, 0), _waves(8, 1)


@pytest.fixture(scope="module")
def fitted():
    return RNTKClassifier().fit(*TRAIN)


def test_waves_of_different_lengths_are_told_apart(fitted):
    assert fitted.score(*TRAIN) == 1.0
    assert fitted.score(*TEST) >= 0.9
    assert fitted.scores(TEST[0]).shape == (8, 2)
    np.testing.assert_allclose(fitted.scores(TEST[0]).sum(axis=1), 0, atol=1e-12)


def test_a_list_is_a_padded_array_with_lengths(fitted):
    lengths = np.array([len(s) for s in TEST[0]])
    x = np.full((8, 12), 7.0)  # what stands behind the end does not count
    for row, series in zip(x, TEST[0], strict=True):
        row[: len(series)] = series
    np.testing.assert_allclose(fitted.scores(x, lengths), fitted.scores(TEST[0]), atol=1e-12)
    np.testing.assert_allclose(fitted.scores(x[..., None], lengths), fitted.scores(TEST[0]), atol=1e-12)
    np.testing.assert_array_equal(fitted.predict(x, lengths), fitted.predict(TEST[0]))
    assert fitted.decision_function(x, lengths).shape == (8,)


def test_is_scikit_learn_s_machine_on_the_cosines_of_the_kernel():
    rng, lengths = np.random.default_rng(0), np.array([5, 6, 7, 8] * 3)
    x, y = rng.standard_normal((12, 8, 2)), np.arange(12) % 2
    options = {"activation": "erf", "readout": "last", "w_std": 1.2, "b_std": 0.3, "h_std": 0.4}
    clf = RNTKClassifier(**options, C=3.0, scale=None, tol=1e-9).fit(
        x[:8], y[:8], None if lengths is None else lengths[:8]
    )
    net = nets.serial(nets.Recurrent(**options), nets.Dense())
    k = net.kernel(x if lengths is None else (x, lengths), get="ntk").ntk
    k = k / np.sqrt(np.outer(np.diagonal(k), np.diagonal(k)))
    svc = SVC(C=3.0, kernel="precomputed", tol=1e-9).fit(k[:8, :8], y[:8])
    found = clf.decision_function(x[8:], None if lengths is None else lengths[8:])
    np.testing.assert_allclose(found, svc.decision_function(k[8:, :8]), atol=1e-7)


def test_saved_and_cloned(fitted, tmp_path):
    fitted.save(tmp_path / "m.npz")
    again = load(tmp_path / "m.npz")
    np.testing.assert_array_equal(again.scores(TEST[0]), fitted.scores(TEST[0]))
    assert again.get_params() == fitted.get_params()
    assert not hasattr(clone(fitted), "coef_")


def test_channels_are_scaled_by_steps_within_series():
    rng = np.random.default_rng(0)
    x = rng.normal([5.0, -3.0], [2.0, 0.5], size=(6, 9, 2))
    lengths = np.array([9, 5, 7, 9, 3, 4])
    clf = RNTKClassifier(readout="last").fit(x, [0, 1] * 3, lengths)
    within = np.concatenate([series[:t] for series, t in zip(x, lengths, strict=True)])
    np.testing.assert_allclose(clf.affine_.shift, within.mean(axis=0))
    np.testing.assert_allclose(clf.affine_.scale, 1 / within.std(axis=0))


X, Y = np.random.default_rng(0).standard_normal((6, 5)), [0, 1] * 3


@pytest.mark.parametrize(
    ("parameters", "arguments", "message"),
    [
        ({"C": 0}, (X, Y), "C must be a finite number above 0"),
        ({"kind": "cntk"}, (X, Y), "kind must be"),
        ({"scale": "robust"}, (X, Y), "scale must be None, 'standard' or 'unit'"),
        ({}, (X, [0] * 6), "only one class"),
        ({}, (X, [0, 1]), "6 series and 2 labels"),
        ({}, (X, Y, [5, 5]), "lengths must be 6 integers"),
        ({}, (X, Y, [5, 5, 5, 5, 5, 9]), "lengths must lie between 1 and 5"),
        ({}, (np.where(X > 1, np.nan, X), Y), "not finite"),
        ({}, ([[1.0, 2.0], [1.0]] * 3, Y, [1] * 6), "a list of series has its lengths"),
        ({}, ([np.ones((2, 3)), np.ones(4)] * 3, Y), "series of a list have shapes"),
    ],
)
def test_bad_input(parameters, arguments, message):
    with pytest.raises(InputError, match=message):
        RNTKClassifier(**parameters).fit(*arguments)


def test_bad_input_to_a_fitted_machine(fitted):
    with pytest.raises(InputError, match="2 channels, but the machine was fitted on 1"):
        fitted.predict([np.ones((3, 2)), np.ones((4, 2))])
    with pytest.raises(InputError, match="not finite"):
        fitted.predict([np.array([1.0, np.nan]), np.ones(3)])
