"""Tables of text: separators, headers, label columns, and cells that are not numbers."""

import numpy as np
import pytest

from limes.core.errors import FormatError, InputError
from limes.data import load

ROWS = [["1.5", "2", "cat"], ["2.5", "-3e2", "dog"], ["4", "0", "cat"]]
X = np.array([[1.5, 2], [2.5, -300], [4, 0]])


def write(tmp_path, text, name="toy.csv", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


def join(rows, mark=","):
    return "".join(mark.join(row) + "\n" for row in rows)


@pytest.mark.parametrize("mark", [",", ";", "\t", ", "])
@pytest.mark.parametrize("header", [None, ["width", "height", "animal"]])
@pytest.mark.parametrize("name", ["toy.csv", "toy.tsv"])
def test_separators_and_headers_are_found(tmp_path, mark, header, name):
    data = load(write(tmp_path, join(([header] if header else []) + ROWS, mark), name))
    np.testing.assert_array_equal(data.x, X)
    assert data.y.tolist() == ["cat", "dog", "cat"]
    assert (data.x.dtype, data.kind, data.scale, data.bounds) == (np.float64, "table", "standard", None)


def test_line_ends_blank_lines_quotes_and_the_byte_order_mark(tmp_path):
    text = '"a, in cm";"b";kind\r\n\r\n1;2; "x"\r\n3;4;"y; or z"\r\n'
    data = load(write(tmp_path, text, encoding="utf-8-sig"))
    np.testing.assert_array_equal(data.x, [[1, 2], [3, 4]])
    assert data.y.tolist() == ["x", "y; or z"]


@pytest.mark.parametrize(
    ("header", "target", "labels"),
    [
        ("a,b,c", None, [3, 6]),
        ("a,Class,c", None, [2, 5]),
        ("y,b,c", None, [1, 4]),
        ("label,b,target", None, [1, 4]),
        ("label,b,target", "target", [3, 6]),
        ("a,b,c", "b", [2, 5]),
        ("a,b,c", 0, [1, 4]),
        ("a,b,c", "1", [2, 5]),
        ("a,b,c", -1, [3, 6]),
        (None, 0, [1, 4]),
        (None, None, [3, 6]),
    ],
)
def test_the_label_column(tmp_path, header, target, labels):
    data = load(write(tmp_path, (f"{header}\n" if header else "") + "1,2,3\n4,5,6\n"), target=target)
    assert data.y.tolist() == labels
    assert data.x.shape == (2, 2)
    assert data.y.dtype == np.int64


@pytest.mark.parametrize(("header", "target"), [("a,b,c\n", "d"), ("a,b,c\n", 3), ("", "a"), ("", -4)])
def test_an_unknown_label_column_is_refused(tmp_path, header, target):
    with pytest.raises(
        InputError, match=rf"no column {target!r}.*(columns are 'a', 'b', 'c'|no header, only 3 columns)"
    ):
        load(write(tmp_path, header + "1,2,3\n4,5,6\n"), target=target)


def test_a_first_row_of_data_is_not_taken_for_a_header(tmp_path):
    assert len(load(write(tmp_path, "1,2,a\n3,4,1\n5,6,a\n")).x) == 3  # only the label turns from text to number
    with pytest.raises(InputError, match="missing values"):
        load(write(tmp_path, "NA,2,a\n3,4,b\n"))
    assert len(load(write(tmp_path, "id,2019,kind\n1,2,a\n3,4,b\n")).x) == 2


def test_column_numbers_and_row_index_written_by_pandas_are_left_out(tmp_path):
    numbered = load(write(tmp_path, "0,1,2,3\n5,6,7,1\n8,9,7,0\n"))
    assert numbered.x.tolist() == [[5, 6, 7], [8, 9, 7]]
    indexed = load(write(tmp_path, ",a,b,y\n0,5,6,1\n1,8,9,0\n"))
    assert indexed.x.tolist() == [[5, 6], [8, 9]]
    assert any("counts the rows" in note for note in indexed.notes)
    kept = load(write(tmp_path, ",a,b,y\n0,5,6,1\n3,8,9,0\n"))
    assert kept.x.shape == (2, 3)


def test_a_unit_table_has_the_unit_box(tmp_path):
    data = load(write(tmp_path, "0,1,a\n0.5,0.25,b\n"))
    assert (data.bounds, data.scale) == ((0.0, 1.0), None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b,y\n1,2,0\n1,red,1\n", r"column 'b' of .*toy\.csv holds 'red' in line 3"),
        ("1,2,0\n1_0,2,1\n", "column '0' .*holds '1_0' in line 2"),
        (
            "a,b,y\n1,,0\n,3,1\n2,NA,1\n",
            r"missing values \(NaN\) in column 'a' \(1\), 'b' \(2\), the first in data row 1",
        ),
        ("a,b,y\n1,nan,0\n2,3,1\n", r"'b' \(1\)"),
        ("a,b,y\n1,?,0\n2,3,1\n", r"'b' \(1\)"),
        ("a,b,y\n1,inf,0\n2,3,1\n", "1 infinite"),
        ("a,b,y\n1,2,\n2,3,1\n", "column 'y' .*lacks 1 labels, the first in data row 1"),
        ("a,b,y\n1,2,0.5\n2,3,1.25\n", "not whole, such as 0.5.*regression"),
        ("a,b,y\n1,2,0\n2,3,0\n", "only the class 0"),
        ("a,b,y\n1,2,0\n", "only one row"),
    ],
)
def test_unusable_cells_are_named(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        load(write(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no rows"),
        ("\n\n", "has no rows"),
        ("a,b,y\n", "has a header but no rows"),
        ("1\n2\n", "one column only"),
        ("1,2,0\n1,2\n", "line 2 has 2 cells where 3 are expected"),
        ("1,2,0\n\n1,2,3,4\n", "line 3 has 4 cells where 3 are expected"),
        ("1,2\0,0\n", "binary data"),
    ],
)
def test_files_that_are_no_tables_are_refused(tmp_path, text, message):
    with pytest.raises(FormatError, match=message):
        load(write(tmp_path, text))


def test_text_in_another_encoding_is_refused(tmp_path):
    for text in ("1,2,Käse\n3,4,Wurst\n", "1,2,Wurst\n" * 9000 + "3,4,Käse\n"):
        with pytest.raises(FormatError, match="UTF-8"):
            load(write(tmp_path, text, encoding="latin-1"))


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("kind;b\nred;1\nblue;2\n", r"holds 'red' in line 2.*name it as target \(--target\) if it holds the labels"),
        ("a;b\n1,5;1\n2,5;0\n", "holds '1,5' in line 2, which is not a number: write decimals with a point"),
    ],
)
def test_text_among_the_features_is_refused_with_what_it_may_be(tmp_path, text, remedy):
    with pytest.raises(InputError, match=remedy):
        load(write(tmp_path, text))
