import tomllib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limes.core.errors import InputError
from limes.report import toml

SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab .\"'é\n", max_size=3), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.dictionaries(st.text("abc-_ .", max_size=4), VALUES, max_size=4))
def test_what_is_written_is_read_back_equal_and_of_the_same_types(values):
    assert repr(tomllib.loads(toml.dumps(values))) == repr(_scalars_first(values))


def _scalars_first(values):
    """Tables follow the plain values of their parent; inside lists dicts keep their order."""
    own = {k: v for k, v in values.items() if not isinstance(v, dict)}
    return own | {k: _scalars_first(v) for k, v in values.items() if isinstance(v, dict)}


def test_numpy_tuples_and_none():
    text = toml.dumps({"a": np.float64(0.5), "b": (np.int64(1), 2), "c": None, "d": {"e": None}, "f": np.arange(2)})
    assert tomllib.loads(text) == {"a": 0.5, "b": [1, 2], "d": {}, "f": [0, 1]}


def test_a_net_and_an_infinite_time():
    config = {"time": float("inf"), "net": [{"layer": "dense", "w_std": 2**0.5}, {"layer": "relu"}]}
    assert tomllib.loads(toml.dumps(config)) == config


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"a": {"b": [1, object()]}}, r"config\.a\.b\[1\] is <object"),
        ({"a": [None]}, r"config\.a\[0\] is None"),
        ({"a": {1: 2}}, r"config\.a has the key 1"),
        ({"path": "x\udcff"}, "config.path"),
    ],
)
def test_what_toml_cannot_hold_is_named(config, message):
    with pytest.raises(InputError, match=message):
        toml.dumps(config)
