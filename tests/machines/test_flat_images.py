"""Nets by their names, and images that come as rows of a table."""

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from limes import NTKSVC, NNGPRegressor, NTKClassifier, NTKRegressor, load, nets
from limes.attacks import PGD
from limes.core.errors import InputError


@pytest.mark.parametrize("machine", [NTKClassifier, NTKRegressor, NTKSVC, NNGPRegressor])
def test_a_table_of_flat_images_is_the_images(images, machine, tmp_path):
    flat, queries = images.x.reshape(10, -1), images.queries.reshape(4, -1)
    shaped = machine("cnn-1", scale="standard").fit(images.x, images.labels)
    named = machine("cnn-1", scale="standard", input_shape=(4, 3, 2)).fit(flat, images.labels)
    assert named.net_ == nets.cnn(1)
    assert named.n_features_in_ == 24
    named.save(tmp_path / "m.npz")
    again = load(tmp_path / "m.npz")
    assert again.get_params() == named.get_params()
    expected = shaped.scores(images.queries)
    v = np.ones_like(expected)
    gradient = shaped.scores_vjp(images.queries, v)
    for model in (named, again):
        for x in (queries, images.queries):
            np.testing.assert_allclose(model.scores(x), expected, rtol=1e-9, atol=1e-12)
            found = model.scores_vjp(x, v)
            assert found.shape == x.shape
            np.testing.assert_allclose(found.reshape(gradient.shape), gradient, rtol=1e-7, atol=1e-10)
    with pytest.raises(InputError, match=r"fitted on \(4, 3, 2\)"):
        shaped.expansion.scores(queries)


def test_attacked_piped_and_searched(images):
    flat = images.x.reshape(10, -1)
    clf = NTKClassifier("cnn-1", input_shape=(4, 3, 2)).fit(flat, images.labels)
    found = PGD(steps=3)(clf, flat, images.labels, 0.5)
    assert found.x_adv.shape == flat.shape
    assert np.abs(found.x_adv - flat).max() <= 0.5
    piped = make_pipeline(MinMaxScaler(), NTKClassifier(input_shape=(4, 3, 2)))
    search = GridSearchCV(piped, {"ntkclassifier__net": ["mlp-2", "cnn-1"]}, cv=2, error_score="raise")
    assert search.fit(flat, images.labels).best_params_["ntkclassifier__net"] in ("mlp-2", "cnn-1")


def test_several_nets_by_name(table):
    gp = NNGPRegressor(["mlp-2", table.net, "mlp"]).fit(table.x, table.targets)
    assert gp.net_ in (nets.mlp(2), table.net, nets.mlp(3))
    assert gp.log_marginal_likelihoods_.shape == (3,)
