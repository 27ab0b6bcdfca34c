import jax
import numpy as np
import pytest

from limes.core import keys
from limes.core.errors import InputError


def _words(key):
    return np.asarray(jax.random.key_data(key))


def test_ints_and_both_kinds_of_keys_are_one():
    expected = _words(jax.random.key(3))
    for key in (3, np.int64(3), jax.random.key(3), jax.random.PRNGKey(3)):
        np.testing.assert_array_equal(_words(keys.as_key(key)), expected)
        assert keys.as_key(key).shape == ()


@pytest.mark.parametrize("key", [None, 1.0, "0", True, np.random.default_rng(0)])
def test_anything_else_is_refused(key):
    with pytest.raises(InputError, match=f"int or a jax.random key, not {type(key).__name__}"):
        keys.as_key(key)


def test_description_gives_the_key_back():
    assert keys.describe(np.int32(5)) == 5
    words = keys.describe(jax.random.key(5))
    assert words == [0, 5]
    again = keys.as_key(jax.numpy.asarray(words, jax.numpy.uint32))
    np.testing.assert_array_equal(_words(again), _words(jax.random.key(5)))
