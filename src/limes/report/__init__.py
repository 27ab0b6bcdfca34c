"""Run directories, figures, and reports of one self-contained HTML file.

Nothing here computes results. matplotlib and jinja2 are imported only when a figure or a page is made.
"""

from limes.report.activity_page import activity_curves, activity_headline, activity_page
from limes.report.bound_figures import bound_curves
from limes.report.bounds_page import bounds_headline, bounds_page
from limes.report.classes import class_balance
from limes.report.curves import radius_curve, time_curve
from limes.report.evolution_figures import distance_map, polar_curve, shape_curves, velocity_curves
from limes.report.evolution_page import evolution_headline, evolution_page
from limes.report.feature_figures import cumulative_curves, feature_pictures, feature_scatter, spectrum_figure
from limes.report.features_page import features_headline, features_page
from limes.report.formats import format_estimate, format_number, format_seconds
from limes.report.gallery import gallery
from limes.report.html import (
    Code,
    Figure,
    KeyValues,
    Notice,
    Page,
    Paragraph,
    Section,
    Table,
    render,
)
from limes.report.robustify_page import headline, metric_figures, robustify_page
from limes.report.rundir import RunFolder, config_hash, default_run_path, open_run
from limes.report.spectrum_page import bounds_figure, spectrum_headline, spectrum_page
from limes.report.style import save_figure, to_svg, to_svg_data_uri
from limes.report.tail_figures import pruning_curves, survival_curves
from limes.report.tails_page import tails_headline, tails_page
from limes.report.widths_page import width_curves, widths_headline, widths_page

__all__ = [
    "Code",
    "Figure",
    "KeyValues",
    "Notice",
    "Page",
    "Paragraph",
    "RunFolder",
    "Section",
    "Table",
    "activity_curves",
    "activity_headline",
    "activity_page",
    "bound_curves",
    "bounds_figure",
    "bounds_headline",
    "bounds_page",
    "class_balance",
    "config_hash",
    "cumulative_curves",
    "default_run_path",
    "distance_map",
    "evolution_headline",
    "evolution_page",
    "feature_pictures",
    "feature_scatter",
    "features_headline",
    "features_page",
    "format_estimate",
    "format_number",
    "format_seconds",
    "gallery",
    "headline",
    "metric_figures",
    "open_run",
    "polar_curve",
    "pruning_curves",
    "radius_curve",
    "render",
    "robustify_page",
    "save_figure",
    "shape_curves",
    "spectrum_figure",
    "spectrum_headline",
    "spectrum_page",
    "survival_curves",
    "tails_headline",
    "tails_page",
    "time_curve",
    "to_svg",
    "to_svg_data_uri",
    "velocity_curves",
    "width_curves",
    "widths_headline",
    "widths_page",
]
