"""Equinox modules as functions for the empirical NTK."""

import jax
import numpy as np
import pytest

import limes as lm
from limes.core.errors import InputError

eqx = pytest.importorskip("equinox", reason="needs Equinox: pip install equinox")


def test_a_module_with_dropout_in_inference_mode():
    first, last = jax.random.split(jax.random.key(0))
    layers = (
        eqx.nn.Linear(4, 6, key=first),
        eqx.nn.Lambda(jax.numpy.tanh),
        eqx.nn.Dropout(),
        eqx.nn.Linear(6, 3, key=last),
    )
    module = eqx.nn.Sequential(layers)
    params, apply = eqx.filter(module, eqx.is_inexact_array), lm.interop.equinox.apply_fn(module)
    x = np.random.default_rng(0).standard_normal((5, 4)).astype("float32")
    jacobian = jax.jacobian(lambda p: apply(p, x))(params)
    flat = [np.asarray(j).reshape(5, 3, -1) for j in jax.tree.leaves(jacobian)]
    exact = sum(np.einsum("iap,jap->ij", j, j) for j in flat) / 3
    np.testing.assert_allclose(lm.finite.empirical_ntk(apply, params, x), exact, rtol=1e-5)
    assert lm.finite.plan(apply, params, x).factored > 0.7  # weights on the left of their products
    assert not module[2].inference


def test_bad_input():
    with pytest.raises(InputError, match=r"must be an equinox.Module, not int"):
        lm.interop.equinox.apply_fn(3)
