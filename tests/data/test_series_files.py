"""Series of the UCR archive, as .tsv and as .ts."""

import numpy as np
import pytest

from limes.core.errors import FormatError, InputError
from limes.data import load

TRAIN = "1\t0.5\t-1.5\t2\n-1\t1\t2\t3\n1\t4\t5\t6\n"
TEST = "-1\t7\t8\t9\n"
X = np.array([[0.5, -1.5, 2], [1, 2, 3], [4, 5, 6]])[..., None]
HEAD = "# a comment\n@problemName Toy\n@timeStamps false\n@univariate true\n@classLabel true a b\n@data\n"


def folder(tmp_path, **files):
    place = tmp_path / "ucr" / "Toy"
    place.mkdir(parents=True)
    for name, text in files.items():
        (place / f"Toy_{name.replace('__', '.')}").write_text(text)
    return place


def test_both_parts_are_read_from_folder_file_and_name(tmp_path):
    place = folder(tmp_path, TRAIN__tsv=TRAIN, TEST__tsv=TEST)
    sources = [(place, None), (place / "Toy_TRAIN.tsv", None), ("ucr/Toy", tmp_path)]
    for source, data_dir in sources:
        data = load(source, data_dir)
        np.testing.assert_array_equal(data.x, X)
        np.testing.assert_array_equal(data.x_test, np.array([[[7.0], [8], [9]]]))
        assert data.y.tolist() == [1, -1, 1]
        assert data.y_test.tolist() == [-1]
        assert (data.name, data.kind, data.bounds, data.scale) == ("Toy", "series", None, None)


def test_one_part_alone(tmp_path):
    place = folder(tmp_path, TRAIN__tsv=TRAIN)
    assert load(place).x_test is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1\t2\t3\n2\t4\n", "line 2 has 2 cells where 3"),
        ("1\t2\tNaN\n2\t4\t5\n", "missing values"),
        ("1 2 3\n2 4 5\n", "one column only"),
        ("", "has no rows"),
    ],
)
def test_damaged_series_are_refused(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        load(folder(tmp_path, TRAIN__tsv=text))


def test_ts_files(tmp_path):
    place = folder(tmp_path, TRAIN__ts=HEAD + "0.5,-1.5,2:a\n1,2,3:b\n4,5,6:a\n", TEST__ts=HEAD + "7,8,9:b\n")
    data = load(place)
    np.testing.assert_array_equal(data.x, X)
    assert data.y.tolist() == ["a", "b", "a"]
    assert data.x_test.shape == (1, 3, 1)


def test_ts_channels_come_last(tmp_path):
    data = load(folder(tmp_path, TRAIN__ts=HEAD + "1,2,3:4,5,6:a\n7,8,9:10,11,12:b\n"))
    np.testing.assert_array_equal(data.x[0], [[1, 4], [2, 5], [3, 6]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD, "no cases after a line @data"),
        ("1,2,3:a\n", "line 1 comes before @data"),
        (HEAD.replace("timeStamps false", "timeStamps true") + "(0,1):a\n", "time stamps, which are not read"),
        (HEAD.replace("true a b", "false") + "1,2\n", "no class labels"),
        (HEAD + "1,2,3:a\n1,2:b\n", "line 8 has 2 steps in 1 channels but the first case has 3 steps"),
        (HEAD + "1,2:1:a\n", "channels of different lengths"),
        (HEAD + "1,2,3\n", "no colon"),
        (HEAD + "1,?,3:a\n", "missing values"),
        (HEAD + "1,red,3:a\n", "line 7 holds text that is not a number"),
    ],
)
def test_damaged_ts_files_are_refused(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        load(folder(tmp_path, TRAIN__ts=text))


def test_an_unknown_member_is_answered_with_near_names(tmp_path):
    folder(tmp_path, TRAIN__tsv=TRAIN)
    with pytest.raises(FormatError, match=r"no 'Tyo' in .*did you mean Toy\?"):
        load("ucr/Tyo", tmp_path)
    with pytest.raises(FormatError, match=r"no 'zzz' in .*it has Toy"):
        load("ucr/zzz", tmp_path)
    with pytest.raises(FormatError, match="missing or empty"):
        load("uci/zzz", tmp_path)
