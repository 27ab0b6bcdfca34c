"""How the figures of papers are drawn, of the committed results of each size: slow, since each is laid out."""

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


@pytest.mark.slow
@pytest.mark.parametrize("key", [e.key for e in entries()])
def test_figures_are_drawn_apart_with_labelled_axes_in_readable_text(key):
    for run in committed_runs(key):
        for name, drawing in find(key).figures(run["curves"]).items():
            figure = drawing.figure
            assert_texts_apart_and_inside(figure)
            assert_legends_cover_no_data(figure)
            assert_lines_differ_without_colour(figure)
            assert unlabelled_axes(figure) == [], name
            assert min(t.get_size() for t in figure.findobj(Text) if t.get_text().strip()) >= style.SMALL, name
