"""Units, box, scaling and notes that `from_arrays` decides on."""

import numpy as np
import pytest

from limes.core.errors import InputError
from limes.data import Dataset, from_arrays
from limes.data.labels import as_labels, labels_from_text
from limes.data.remarks import count_contradictions, remarks

LABELS = np.array([0, 1, 0, 1])


def draw(*shape, low=0.0, high=1.0, dtype=np.float64):
    return np.random.default_rng(0).uniform(low, high, shape).astype(dtype)


@pytest.mark.parametrize(("dtype", "top"), [(np.uint8, 255), (np.uint16, 65535), (">u2", 65535), (np.int64, 255)])
def test_integer_images_become_fractions_of_their_range(dtype, top):
    x = np.random.default_rng(0).integers(0, top + 1, (4, 5, 6)).astype(dtype)
    x[0, 0, :2] = 0, top
    data = from_arrays(x, LABELS, x[:2], LABELS[:2])
    assert data.x.dtype == np.float32
    assert data.x.shape == (4, 5, 6, 1)
    assert data.x.flags.c_contiguous
    np.testing.assert_array_equal(data.x[..., 0], x.astype(np.float32) / np.float32(top))
    np.testing.assert_array_equal(data.x_test, data.x[:2])
    assert (data.kind, data.shape, data.bounds, data.scale) == ("images", (5, 6, 1), (0.0, 1.0), "standard")
    assert any(f"divided by {top}" in note for note in data.notes)


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_arrays_in_column_order_come_out_in_row_order(dtype):
    x = np.asfortranarray(draw(4, 3, 3, 3, high=255).astype(dtype))
    data = from_arrays(x, LABELS)
    assert data.x.flags.c_contiguous
    np.testing.assert_allclose(data.x, x / 255 if dtype == np.uint8 else x, rtol=1e-6)


def test_boolean_images_are_not_divided():
    data = from_arrays(draw(4, 3, 3) > 0.5, LABELS)
    assert set(np.unique(data.x)) == {0.0, 1.0}
    assert not any("divided" in note for note in data.notes)


@pytest.mark.parametrize("values", [(-1, 5), (0, 256)])
def test_wide_integers_outside_of_8_bits_are_refused(values):
    x = np.zeros((4, 3, 3), np.int32)
    x[0, 0, :2] = values
    with pytest.raises(InputError, match=r"int32 hold values .* range is not known"):
        from_arrays(x, LABELS)


def test_dark_integer_images_are_remarked_on():
    data = from_arrays(np.eye(4, dtype=np.uint8)[:, :, None] * np.full((1, 1, 2), 16, np.uint8), LABELS)
    assert any("largest pixel is 16 of 255" in note for note in data.notes)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_float_images_keep_their_type_and_box_follows_the_values(dtype):
    inside = from_arrays(draw(4, 3, 3, 3, dtype=dtype), LABELS)
    assert (inside.x.dtype, inside.bounds, inside.scale) == (dtype, (0.0, 1.0), "standard")
    beyond = from_arrays(draw(4, 3, 3, 3, high=255, dtype=dtype), LABELS)
    assert (beyond.x.dtype, beyond.bounds, beyond.scale) == (dtype, None, "standard")
    assert any("beyond [0, 1]" in note and "--bounds 0 255" in note for note in beyond.notes)


def test_a_test_part_beyond_the_box_removes_the_box():
    x = draw(4, 3, 3, 1)
    assert from_arrays(x, LABELS, x * 1.5 / x.max(), LABELS).bounds is None


def test_tables_are_standardised_unless_they_have_the_unit_box():
    table = from_arrays(draw(4, 3, low=-2, high=50), LABELS)
    assert (table.kind, table.bounds, table.scale) == ("table", None, "standard")
    assert any("standardised" in note for note in table.notes)
    unit = from_arrays(draw(4, 3), LABELS)
    assert (unit.kind, unit.bounds, unit.scale) == ("table", (0.0, 1.0), None)


def test_integer_tables_become_float64_unchanged():
    x = np.arange(12, dtype=np.uint8).reshape(4, 3)
    data = from_arrays(x, LABELS)
    assert data.x.dtype == np.float64
    np.testing.assert_array_equal(data.x, x)
    assert any("read as a table" in note for note in data.notes)


def test_series_are_three_dimensional_floats():
    data = from_arrays(draw(4, 7, 1, low=-1), LABELS)
    assert (data.kind, data.shape, data.bounds, data.scale) == ("series", (7, 1), None, None)
    pictures = from_arrays(draw(4, 7, 7), LABELS)
    assert any("(n, h, w, 1)" in note for note in pictures.notes)


@pytest.mark.parametrize("dtype", [np.float16, np.longdouble, ">f8"])
def test_other_floats_are_converted_and_noted(dtype):
    x = draw(4, 3).astype(dtype)
    data = from_arrays(x, LABELS)
    assert data.x.dtype in (np.float32, np.float64)
    assert data.x.dtype.isnative
    np.testing.assert_array_equal(data.x, x.astype(data.x.dtype))
    assert np.dtype(dtype).newbyteorder("=") == data.x.dtype or any("converted" in note for note in data.notes)


def test_channels_first_is_refused():
    with pytest.raises(InputError, match=r"channels first.*transpose\(0, 2, 3, 1\)"):
        from_arrays(draw(4, 3, 32, 32), LABELS)


@pytest.mark.parametrize(("x", "x_test"), [(np.uint8, np.float64), (np.uint8, np.uint16), (np.float32, np.uint8)])
def test_parts_in_different_units_are_refused(x, x_test):
    base = np.ones((4, 3, 3, 1))
    with pytest.raises(InputError, match="their units differ"):
        from_arrays(base.astype(x), LABELS, base.astype(x_test), LABELS)


def test_ragged_rows_are_refused():
    with pytest.raises(InputError, match="unequal lengths"):
        from_arrays([[1.0, 2.0], [1.0]], [0, 1])


def test_remarks_count_contradictions_constants_and_zero_rows():
    x = np.array([[0.0, 0.0, 7.0], [0.0, 0.0, 7.0], [-0.0, 0.0, 7.0], [1.0, 2.0, 7.0], [1.0, 2.0, 7.0]])
    assert count_contradictions(x, np.array(["a", "b", "a", "c", "c"])) == 3
    notes = from_arrays(x, ["a", "b", "a", "c", "c"]).notes
    assert any(note.startswith("3 of 5 training rows occur again with another label") for note in notes)
    assert any(note.startswith("1 of 3 features is constant") for note in notes)
    zero = np.array([[0, 0], [3, 4], [0, 0]], np.uint8)
    assert any(note.startswith("2 of 3 training rows are zero everywhere") for note in remarks(zero, np.zeros(3)))


def test_clean_rows_give_no_remark():
    assert remarks(np.array([[1, 2], [3, 4]]), np.array([0, 1])) == ()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([3, 5], [3, 5]),
        (np.array([1, 2], np.uint8), [1, 2]),
        ([[1], [2]], [1, 2]),
        ([1.0, -2.0], [1, -2]),
        ([True, False], [1, 0]),
        (np.array([b"cat", b"dog"]), ["cat", "dog"]),
        (np.array(["cat", 2], dtype=object), ["cat", "2"]),
        (np.array([7, np.int64(8)], dtype=object), [7, 8]),
    ],
)
def test_labels_are_int64_or_text(given, expected):
    labels = as_labels(given)
    assert labels.tolist() == expected
    assert labels.dtype == np.int64 or labels.dtype.kind == "U"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.eye(3), "one-hot"),
        ([0.5, 1.0], "not whole, such as 0.5, .*regression"),
        ([1.0, np.nan], "1 labels that are NaN or infinite, the first in row 1"),
        (np.array(["a", None, None], dtype=object), "lacks 2 labels, the first in row 1"),
        ([1j, 2j], "dtype complex128"),
        (np.array([1, 2**64 - 1], dtype=np.uint64), "beyond 64-bit"),
        ([1e300, 0.0], "not whole"),
    ],
)
def test_what_is_no_label_is_refused(given, message):
    with pytest.raises(InputError, match=message):
        as_labels(given)


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "-2"], "i"),
        (["1.0", "2"], "f"),
        (["007", "7"], "U"),
        (["9" * 25, "8" * 25], "U"),
        (["1_0", "2"], "U"),
        (["cat", "1"], "U"),
    ],
)
def test_labels_from_text_are_numbers_only_if_written_as_such(cells, kind):
    assert labels_from_text(cells, "here").dtype.kind == kind


def test_a_dataset_knows_its_classes():
    data = Dataset("toy", "memory", np.eye(3), np.array(["b", "a", "b"]))
    assert data.classes.tolist() == ["a", "b"]
    assert (data.n_classes, data.kind, data.shape) == (2, "table", (3,))
