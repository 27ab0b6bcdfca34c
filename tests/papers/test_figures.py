"""What all figures of papers promise to a reader, drawn from committed results."""

import pytest
from matplotlib.text import Text

from limes.papers import committed_runs, entries
from limes.papers.registry import find
from limes.report import style
from report.layout import (
    assert_legends_cover_no_data,
    assert_lines_differ_without_colour,
    assert_texts_apart_and_inside,
    unlabelled_axes,
)

every_paper = pytest.mark.parametrize("key", [e.key for e in entries()])


def drawings(key):
    """Of each size, since a caption has to be true of any run."""
    return [
        (run["size"], name, d) for run in committed_runs(key) for name, d in find(key).figures(run["curves"]).items()
    ]


@every_paper
def test_captions_say_more_than_what_is_plotted(key):
    for size, name, drawing in drawings(key):
        where = f"{name}, {size}"
        assert drawing.caption.endswith("."), where
        assert drawing.alt.endswith("."), where
        assert len(drawing.caption.split()) >= 20, f"{where}: a caption says what to look for and what it would mean"
        assert drawing.alt not in drawing.caption, where
        assert drawing.caption not in drawing.alt, where


@pytest.mark.slow
@every_paper
def test_figures_are_drawn_apart_with_labelled_axes_in_readable_text(key):
    for size, name, drawing in drawings(key):
        where, figure = f"{name}, {size}", drawing.figure
        assert_texts_apart_and_inside(figure)
        assert_legends_cover_no_data(figure)
        assert_lines_differ_without_colour(figure)
        assert unlabelled_axes(figure) == [], where
        assert min(t.get_size() for t in figure.findobj(Text) if t.get_text().strip()) >= style.SMALL, where
