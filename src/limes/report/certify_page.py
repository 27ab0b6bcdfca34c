"""The report of `limes certify`: what is proved beside what an attack reaches."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from limes.report import reading, style
from limes.report.certificates import certified_curve, curve_blocks, radius_blocks
from limes.report.formats import format_number, format_seconds
from limes.report.gallery import least_robust
from limes.report.html import Figure, KeyValues, Notice, Page, Paragraph, Section

if TYPE_CHECKING:
    from matplotlib.figure import Figure as MatplotlibFigure

Metrics = Mapping[str, Any]


def certify_figures(
    metrics: Metrics,
    x: np.ndarray,
    x_adv: np.ndarray,
    labels: np.ndarray,
    predicted: np.ndarray,
    predicted_adv: np.ndarray,
) -> "dict[str, MatplotlibFigure]":
    """Accuracy against radius, both radii of each point, their histograms, and the least robust inputs."""
    made = {
        "curve": certified_curve(metrics),
        "radii": _radii(metrics),
    }
    attacked = np.array(metrics["points"]["attacked"], dtype=float)
    weakest = least_robust(attacked, x, x_adv, labels, predicted, predicted_adv, metrics["bounds"])
    return made if weakest is None else made | {"weakest": weakest}


def _radii(metrics: Metrics) -> "MatplotlibFigure":
    """Left, each point's radii against each other; right, histograms of both."""
    points = metrics["points"]
    certified, attacked = (np.array(points[name], dtype=float) for name in ("certified", "attacked"))
    finite = np.isfinite(attacked) & np.isfinite(certified)
    certified, attacked = certified[finite], attacked[finite]
    figure = style.new_figure(style.WIDTH, 3.1)
    left, right = figure.subplots(1, 2)
    most = float(np.max(attacked, initial=1e-9)) * 1.05
    style.plain_axes(left)
    left.plot([0, most], [0, most], color=style.MUTED, linewidth=1.0, linestyle=(0, (4, 3)))
    left.plot(attacked, certified, linestyle="none", marker="o", markersize=3.5, alpha=0.7, color=style.INK)
    unit = reading.norm(metrics)
    left.set(xlim=(0, most), ylim=(0, most), xlabel=f"attacked radius ({unit})", ylabel=f"certified radius ({unit})")
    style.plain_axes(right)
    bins = np.linspace(0, most, 16)
    right.hist(attacked, bins, color=style.SERIES[0], alpha=0.6, label="attacked")  # colours as of the curves
    right.hist(certified, bins, histtype="step", color=style.SERIES[1], linewidth=1.8, label="certified")
    right.set(xlabel=f"radius ({unit})", ylabel="points")
    style.legend(right)
    for ax in (left, right):
        ax.xaxis.set_major_formatter(lambda value, _: format_number(round(value, 12)))
        ax.locator_params(axis="x", nbins=4)
    figure.subplots_adjust(0.13, 0.17, 0.99, 0.97, wspace=0.35)
    return figure


def certify_page(metrics: Metrics, figures: Mapping[str, str]) -> Page:
    """Compose the report from metrics and SVG texts by name."""
    certified, attacked = metrics["certified_radius"], metrics["attacked_radius"]
    share = certified["mean"] / attacked["mean"] if attacked["mean"] else 0.0
    norm = reading.norm(metrics)
    tiles = [
        ("Certified radius", format_number(certified["mean"]), f"{norm}, mean over points that are predicted right"),
        ("Attacked radius", format_number(attacked["mean"]), "the nearest input found with another label"),
        ("Share that is proved", f"{100 * share:.0f} %", "certified / attacked"),
        ("Clean accuracy", f"{metrics['clean_accuracy']:.3f}", f"{metrics['n_points']} points"),
    ]
    return Page(
        title=f"Certified robustness on {metrics['data']}",
        subtitle=f"{metrics['net']}, {norm}",
        headline=tiles,
        sections=[
            _summary(metrics),
            Section("Accuracy against radius", curve_blocks(metrics, figures, "curve")),
            _points(metrics, figures),
            _weakest(figures),
            _about(metrics),
        ],
        docs="certify.md",
    )


def _summary(metrics: Metrics) -> Section:
    text = (
        "No input of the box within the certified radius has another label than the point: that is a proof. Within the "
        "attacked radius there is one, which was found. The truth of each point lies between the two."
    )
    return Section("Summary", [*map(Notice, metrics["notes"]), *radius_blocks(metrics), Paragraph(text)])


def _points(metrics: Metrics, figures: Mapping[str, str]) -> Section:
    caption = (
        "The closer a point is to the dashed line, the more of its robustness is proved; above the line none may lie. "
        "Right: how both radii are spread."
    )
    alt = "Certified against attacked radius of each point, and histograms of both."
    counts = ", ".join(f"{name}: {count}" for name, count in metrics["methods"].items())
    return Section(
        "Radii of the points", [Figure(figures["radii"], caption, alt), Paragraph(f"Radii by method: {counts}.")]
    )


def _weakest(figures: Mapping[str, str]) -> Section:
    if "weakest" not in figures:
        return Section("Least robust inputs", [Paragraph("No attack succeeded.")])
    caption = (
        "How little it takes: the points with the nearest adversarial examples. Predictions that changed are bold."
    )
    alt = "Points before and after the smallest change that gives them another label, with the class that is read."
    return Section("Least robust inputs", [Figure(figures["weakest"], caption, alt)])


def _about(metrics: Metrics) -> Section:
    box = metrics["bounds"]
    pairs = [
        ("Model", str(metrics["model"])),
        ("Network", str(metrics["net"])),
        ("Points", f"{metrics['n_points']:,}"),
        ("Box", "none" if box is None else f"{format_number(box[0])} to {format_number(box[1])}"),
        ("Time", f"{format_seconds(metrics['seconds_per_point'])} a point for the certificate"),
    ]
    return Section("Set-up", [KeyValues(pairs)])
