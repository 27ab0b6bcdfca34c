from limes.report.html import Figure, Notice
from report.made_up import attack

UNBROKEN = {"eps": [0.05], "robust_accuracy": [11 / 12], "standard_error": [0.08], "first_broken_by": {"pgd": [0]}}


def _blocks(kind, **changed):
    return [block for block in attack(**changed).sections[0].blocks if isinstance(block, kind)]


def _says_that_nothing_broke(**changed):
    return any(
        "None of 12 points was broken up to" in notice.text and "fewer than 22 %" in notice.text
        for notice in _blocks(Notice, **changed)
    )


def test_a_curve_takes_several_radii():
    assert len(_blocks(Figure)) == 1
    assert not _blocks(Figure, **UNBROKEN)


def test_where_nothing_breaks_the_page_says_so():
    assert _says_that_nothing_broke(**UNBROKEN)
    assert not _says_that_nothing_broke()
    assert not _says_that_nothing_broke(**UNBROKEN | {"robust_accuracy": [0.5], "first_broken_by": {"pgd": [5]}})
    assert not _says_that_nothing_broke(**UNBROKEN | {"eps": [0.0]})
