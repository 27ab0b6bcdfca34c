"""Weight normalisation: the same function, its gradient in length and direction, and weight decay on the length."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from limes import nets
from limes.core.errors import InputError
from limes.finite import Recipe, outputs, train, weight_normalised

pytestmark = pytest.mark.usefixtures("quick_compilation")
X = np.random.default_rng(0).standard_normal((8, 3)).astype(np.float32)


def test_the_function_is_the_same_and_lengths_are_frobenius_norms():
    net = nets.mlp(2)
    params = net.init(0, (3,), width=5, outputs=2)
    found = weight_normalised(net.apply, params, but_last=True)
    np.testing.assert_allclose(outputs(found.apply, found.params, X), net.apply(params, X), rtol=1e-5)
    assert [g is None for g in found.params["g"]] == [False, True]
    assert float(found.params["g"][0]) == pytest.approx(np.linalg.norm(params[0]["w"]), rel=1e-6)
    doubled = found.params | {"g": [3.0 * found.params["g"][0], None]}
    weights = found.weights(doubled)
    np.testing.assert_allclose(weights[0]["w"], 3 * params[0]["w"], rtol=1e-5)
    np.testing.assert_array_equal(weights[2]["w"], params[2]["w"])


def test_directions_have_no_gradient_along_themselves():
    line = weight_normalised(lambda w, x: x @ w, jnp.asarray(X[:3, :2]))
    slope = jax.grad(lambda p: (line.apply(p, X) ** 2).sum())(line.params)
    assert abs(float((slope["v"] * line.params["v"]).sum())) < 1e-4 * float(jnp.abs(slope["v"]).sum())


def test_weight_decay_shortens_the_weights():
    w = np.array([[2.0], [1.0], [-2.0]], np.float32)
    line = weight_normalised(lambda w, x: 0 * (x @ w), w)
    run = train(line.apply, line.params, X, np.zeros((8, 1)), Recipe(1, None, 0.1, 0.0, 0.5, loss="mse"))
    assert float(run.params["g"][0]) == pytest.approx(3.0 * (1 - 0.1 * 0.5), rel=1e-6)


def test_what_has_no_direction_is_refused():
    with pytest.raises(InputError, match="no matrix to normalise"):
        weight_normalised(lambda w, x: x * w, np.ones(3, np.float32))
    with pytest.raises(InputError, match="zeros has no direction"):
        weight_normalised(lambda w, x: x @ w, np.zeros((3, 2), np.float32))
