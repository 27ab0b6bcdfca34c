"""Networks that are thin in three ways: what is counted is what is there."""

import numpy as np
import pytest

from limes.core.errors import InputError
from limes.core.types import Affine
from limes.measure.activity import inactive, local, masked

CLASSES = np.array(["a", "b", "c"])


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    x = rng.random((60, 6, 6, 1)) * 0.3
    x[np.arange(60), 2 * y, :, 0] += 0.7
    return x, y


def test_fewer_pairs_are_active_above_a_threshold_and_fewer_products_are_made(images):
    x, y = images
    mean = x.mean(0)
    scale = 1 / np.linalg.norm((x - mean).reshape(60, -1), axis=1).mean()
    affine = Affine(mean, np.full(mean.shape, scale))
    whole, thin = (inactive(x, y, CLASSES, bias, 200, 60, affine=affine) for bias in (0.0, 1.0))
    assert 0.4 < whole.share < 0.6
    assert 0.05 < thin.share < 0.3
    assert thin.products == pytest.approx(200 * thin.share * (36 + 3))
    assert thin.weights == whole.weights == 200 * 36 + 2 * 200
    assert (thin.predictor.predict(x) == CLASSES[y]).mean() > 0.9
    assert 0 < thin.loss < 1


@pytest.mark.parametrize("criterion", ["random", "magnitude", "snip"])
def test_masked_weights_are_zero_and_not_counted(images, criterion):
    x, y = images
    thin = masked(x, y, CLASSES, 0.2, 40, 4, criterion=criterion)
    hidden = np.count_nonzero(thin.predictor.params[2]["w"])
    assert hidden == round(thin.share * 1600)
    assert thin.share == pytest.approx(0.2, abs=0.05)
    others = 36 * 40 + 40 * 3 + 40 + 40 + 3
    assert thin.weights == hidden + others


def test_windows_see_nine_pixels_and_share_or_own_their_weights(images):
    x, y = images
    every, own, shared = (local(x, y, CLASSES, sight, 4, 3) for sight in ("all", "own", "shared"))
    assert (every.share, own.share, shared.share) == (1.0, 0.25, 0.25)
    behind = 9 * 4 * 3 + 3
    assert every.weights == 36 * 36 + 36 + behind
    assert own.weights == 9 * (9 * 4) + behind + own_biases(own)
    assert shared.weights == 9 * 4 + 4 + behind
    assert own.products == shared.products == 36 * (9 + 3)


def own_biases(thin):
    return thin.predictor.params[0]["b"].size


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x, y: local(x.reshape(60, -1), y, CLASSES, "own", 4, 3), "locality needs images"),
        (lambda x, y: local(x, y, CLASSES, "some", 4, 3), "sight must be one of all, own, shared"),
        (lambda x, y: masked(x, y, CLASSES, 0.0, 8, 3), "keep is the share"),
        (lambda x, y: inactive(x, y, CLASSES, 1.0, 7, 3), "width must be even"),
        (lambda x, y: inactive(x, y, CLASSES, 99.0, 8, 3), "no neuron is active"),
    ],
)
def test_bad_input_is_met_at_the_door(images, call, message):
    with pytest.raises(InputError, match=message):
        call(*images)
