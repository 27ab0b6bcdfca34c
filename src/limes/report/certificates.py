"""Certified beside attacked radii: the figure and the texts that two reports share."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from limes.report import reading
from limes.report.curves import radius_curve
from limes.report.formats import format_estimate, format_number
from limes.report.html import Block, Figure, Notice, Paragraph, Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure as MatplotlibFigure

Metrics = Mapping[str, Any]


def certified_curve(metrics: Metrics) -> "MatplotlibFigure":
    """Accuracy that withstands the attack, and accuracy that is certified, against the radius."""
    curve, label = metrics["curve"], f"radius ε ({reading.norm(metrics)})"
    lines = {name: (curve[name], None) for name in ("attacked", "certified")}
    return radius_curve(curve["eps"], lines, label, metrics.get("eps"))


def radius_blocks(metrics: Metrics) -> list[Block]:
    """Mean radii in a sentence; a warning where a certificate lies above an attack."""
    certified, attacked = metrics["certified_radius"], metrics["attacked_radius"]
    blocks: list[Block] = [
        Paragraph(
            f"Mean certified radius {format_estimate(certified['mean'], certified['standard_error'])}, median "
            f"{format_number(certified['median'])}; mean attacked radius "
            f"{format_estimate(attacked['mean'], attacked['standard_error'])}, median "
            f"{format_number(attacked['median'])}. ± is one standard error over the points."
        )
    ]
    if metrics["violations"]:
        text = (
            f"{metrics['violations']} certificates lie above the distance of a successful attack. That is an error in "
            "limes: please report it."
        )
        blocks.insert(0, Notice(text, "warning"))
    return blocks


def curve_blocks(metrics: Metrics, figures: Mapping[str, str], name: str) -> list[Block]:
    """The figure `name` with its caption, and its numbers."""
    curve = metrics["curve"]
    half = len(curve["eps"]) // 2
    alt = (
        f"Accuracy against radius. At half of the largest radius {curve['certified'][half]:.2f} is certified and "
        f"{curve['attacked'][half]:.2f} withstands the attack."
    )
    caption = (
        "The true robust accuracy lies between the curves: below what the attack leaves, above what is proved. The "
        "closer they are, the better it is known."
    )
    rows = [
        (format_number(eps), f"{low:.3f}", f"{high:.3f}")
        for eps, low, high in zip(curve["eps"], curve["certified"], curve["attacked"], strict=True)
    ]
    table = Table(("Radius ε", "Certified", "Attacked"), rows, "Accuracy at each radius, in figures", folded=True)
    return [Figure(figures[name], caption, alt), table] if name in figures else [table]
