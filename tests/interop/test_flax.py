"""Flax modules as functions for the empirical NTK."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import limes as lm
from limes.core.errors import InputError

pytest.importorskip("flax", reason="needs Flax: pip install 'limes[flax]'")

from flax import linen, nnx

X = np.random.default_rng(0).standard_normal((5, 4)).astype("float32")


def naive(apply, params, x):
    """The mean over outputs, by the definition."""
    jacobian = jax.jacobian(lambda p: apply(p, x))(params)
    flat = [np.asarray(j).reshape(*j.shape[:2], -1) for j in jax.tree.leaves(jacobian)]
    return sum(np.einsum("iap,jap->ij", j, j) for j in flat) / flat[0].shape[1]


class Nnx(nnx.Module):
    def __init__(self, rngs):
        self.first, self.norm = nnx.Linear(4, 6, rngs=rngs), nnx.BatchNorm(6, rngs=rngs)
        self.dropout, self.last = nnx.Dropout(0.5, rngs=rngs), nnx.Linear(6, 3, rngs=rngs)

    def __call__(self, x):
        return self.last(self.dropout(jnp.tanh(self.norm(self.first(x)))))


class Linen(linen.Module):
    @linen.compact
    def __call__(self, x):
        x = linen.BatchNorm(use_running_average=True)(linen.Dense(6)(x))
        return linen.Dense(3)(jnp.tanh(x))


def test_nnx_in_evaluation_mode():
    module = Nnx(nnx.Rngs(0))
    module(X)  # running statistics
    params = nnx.state(module, nnx.Param)
    apply = lm.interop.flax.apply_fn(module)
    assert not module.norm.use_running_average  # the module itself still trains
    module.eval()
    np.testing.assert_allclose(apply(params, X), module(X), rtol=1e-5, atol=1e-6)
    found = lm.finite.empirical_ntk(apply, params, X)
    np.testing.assert_allclose(found, naive(apply, params, X), rtol=1e-4, atol=1e-5)
    assert lm.finite.plan(apply, params, X).factored == 42 / 63  # both kernels


def test_linen():
    module = Linen()
    variables = module.init(jax.random.key(0), X)
    apply = lm.interop.flax.apply_fn(module, {"batch_stats": variables["batch_stats"]})
    params = {"params": variables["params"]}
    np.testing.assert_allclose(apply(params, X), module.apply(variables, X), rtol=1e-6)
    found = lm.finite.empirical_ntk(apply, params, X)
    np.testing.assert_allclose(found, naive(apply, params, X), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(lm.finite.empirical_ntk(apply, variables["params"], X), found)
    with pytest.raises(InputError, match="params hold batch_stats too: give them as apply_fn"):
        lm.finite.empirical_ntk(apply, variables, X)


def test_bad_input():
    with pytest.raises(InputError, match=r"must be a flax\.nnx\.Module or a flax\.linen\.Module, not int"):
        lm.interop.flax.apply_fn(3)
    with pytest.raises(InputError, match="leave collections out"):
        lm.interop.flax.apply_fn(Nnx(nnx.Rngs(0)), {"batch_stats": {}})
