"""Summaries for reports, and hashes that tell data apart."""

import json

import numpy as np
import pytest

from limes.data import data_hash, from_arrays, summarise

X = np.array([[0.0, 2.0], [3.0, 4.0], [5.0, 6.0]])


def test_a_summary_is_json_and_says_what_is_there():
    data = from_arrays(X, ["b", "a", "b"], X[:1] - 1, ["b"], name="toy", source="memory")
    summary = summarise(data)
    assert json.loads(json.dumps(summary)) == summary
    assert summary["classes"] == {"a": 1, "b": 2}
    expected = {
        "name": "toy",
        "source": "memory",
        "kind": "table",
        "n_rows": 3,
        "n_test": 1,
        "shape": [2],
        "dtype": "float64",
        "minimum": -1.0,
        "maximum": 6.0,
        "bounds": None,
        "scale": "standard",
        "notes": list(data.notes),
        "sha256": data_hash(data.x, data.y, data.x_test, data.y_test),
    }
    assert {key: summary[key] for key in expected} == expected


def test_a_summary_of_integer_labels_and_a_box():
    summary = summarise(from_arrays(np.eye(3, dtype=np.float32), [0, 1, 1]))
    assert summary["bounds"] == [0.0, 1.0]
    assert summary["classes"] == {"0": 1, "1": 2}
    assert json.loads(json.dumps(summary)) == summary


def test_the_hash_is_fixed():
    """Written down, so that a run of yesterday is recognised: sha256 of '<f8(2,);' and sixteen zero bytes."""
    import hashlib

    assert data_hash(np.zeros(2, "<f8")) == hashlib.sha256(b"<f8(2,);" + bytes(16)).hexdigest()


def test_the_hash_sees_values_shape_type_and_order():
    y = np.array([0, 1, 1])
    base = data_hash(X, y)
    changed = X.copy()
    changed[0, 0] = 1e-300
    others = [
        data_hash(changed, y),
        data_hash(X.T, y),
        data_hash(X.reshape(2, 3), y),
        data_hash(X.astype(np.float32), y),
        data_hash(X, y[::-1]),
        data_hash(X, y, X),
        data_hash(X, np.array(["0", "1", "1"])),
        data_hash(y, X),
    ]
    assert len({base, *others}) == len(others) + 1
    assert data_hash(np.asfortranarray(X), y, None) == base


def test_objects_have_no_hash():
    with pytest.raises(TypeError, match="dtype object"):
        data_hash(np.array([None]))
