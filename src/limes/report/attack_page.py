"""The report of `limes attack`: how accuracy falls with the radius, which inputs fall first, and the attack's audit."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from limes.report import reading
from limes.report.audit import audit_section, failures
from limes.report.curves import radius_curve
from limes.report.formats import format_estimate, format_number
from limes.report.gallery import least_robust
from limes.report.html import Block, Figure, KeyValues, Notice, Page, Section, Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure as MatplotlibFigure

Metrics = Mapping[str, Any]


def attack_figures(
    metrics: Metrics,
    x: np.ndarray,
    x_adv: np.ndarray,
    labels: np.ndarray,
    predicted: np.ndarray,
    predicted_adv: np.ndarray,
    smallest: np.ndarray,
) -> "dict[str, MatplotlibFigure]":
    """Accuracy against radius, where several were asked for, and the inputs that fall at the smallest ones.

    Args:
        metrics: of `limes.jobs.attack`.
        x: (n, ...) clean points.
        x_adv: (n, ...) what the attack made of them.
        labels, predicted, predicted_adv: (n,) true labels, and those predicted for both.
        smallest: (n,) radius at which a point was broken; infinite where it never was, and left out where it is 0,
            for points that are misread from the start.
    """
    eps, accuracy, error = _curve(metrics)
    made = {}
    if len(eps) > 2:  # through two points there is no curve
        made["curve"] = radius_curve(eps, {"worst case": (accuracy, error)}, f"radius ε ({reading.norm(metrics)})")
    weakest = least_robust(smallest, x, x_adv, labels, predicted, predicted_adv, metrics["bounds"])
    return made if weakest is None else made | {"weakest": weakest}


def _curve(metrics: Metrics) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Radii in increasing order from 0 on, with accuracies and their standard errors."""
    clean, n = metrics["clean_accuracy"], metrics["n_points"]
    at = {0.0: (clean, (clean * (1 - clean) / n) ** 0.5)}
    at |= {
        radius: (accuracy, error)
        for radius, accuracy, error in zip(
            metrics["eps"], metrics["robust_accuracy"], metrics["standard_error"], strict=True
        )
    }
    radii = sorted(at)
    return np.array(radii), np.array([at[r][0] for r in radii]), np.array([at[r][1] for r in radii])


def attack_page(metrics: Metrics, figures: Mapping[str, str]) -> Page:
    """Compose the report from metrics and SVG texts by name."""
    eps, accuracy, error = _curve(metrics)
    norm = reading.norm(metrics)
    tiles = [
        ("Clean accuracy", f"{metrics['clean_accuracy']:.3f}", f"{metrics['n_points']:,} points"),
        ("Worst-case accuracy", f"{accuracy[-1]:.3f}", f"{norm} ε = {format_number(eps[-1])}"),
    ]
    return Page(
        title=f"Accuracy under attack on {metrics['data']}",
        subtitle=f"{metrics['model']}, {norm}",
        headline=tiles,
        sections=[
            Section("Accuracy against radius", _accuracy(metrics, figures, eps, accuracy, error)),
            *_weakest(figures),
            audit_section(metrics["audit"]),
            Section("Set-up", [KeyValues(_about(metrics))]),
        ],
        docs="attacks.md",
    )


def _accuracy(
    metrics: Metrics, figures: Mapping[str, str], eps: np.ndarray, accuracy: np.ndarray, error: np.ndarray
) -> list[Block]:
    blocks: list[Block] = [Notice(note) for note in metrics["notes"]]
    if failed := sum(not check["passed"] for check in metrics["audit"]):
        blocks.append(Notice(failures(failed, len(metrics["audit"])), "warning"))
    if len(eps) > 1 and accuracy[-1] == accuracy[0] > 0:
        blocks.append(Notice(_unbroken(metrics["n_points"], eps[-1])))
    if "curve" in figures:
        caption = (
            "How fast the model gives way as the attack may change more. A point counts as robust only if every "
            "attack failed on it; a curve that stays high at large radii would be a sign of a failing attack. The band "
            "is one standard error over the points."
        )
        alt = f"Worst-case accuracy against radius: from {accuracy[0]:.3f} to {accuracy[-1]:.3f}."
        blocks.append(Figure(figures["curve"], caption, alt))
    rows = [(format_number(r), format_estimate(a, e)) for r, a, e in zip(eps, accuracy, error, strict=True)]
    names = list(metrics["first_broken_by"])
    broken = [
        (format_number(r), *(str(metrics["first_broken_by"][name][i]) for name in names))
        for i, r in enumerate(metrics["eps"])
    ]
    return [
        *blocks,
        Table((f"Radius ε ({reading.norm(metrics)})", "Worst-case accuracy"), rows, "Accuracy at each radius"),
        Table(("Radius ε", *names), broken, "Points that each attack was the first to break", folded=True),
    ]


def _unbroken(n: int, eps: float) -> str:
    """What none of n says of all: with a share p broken, n points show none with probability (1 - p)^n."""
    return (
        f"None of {n:,} points was broken up to ε = {format_number(eps)}: of all points drawn as these were fewer than "
        f"{100 * (1 - 0.05 ** (1 / n)):.2g} % would be, with 95 % confidence. So small a change may be harmless, or "
        "the attack may fail: the audit below tests it, and a model that also withstands much larger radii is suspect."
    )


def _weakest(figures: Mapping[str, str]) -> list[Section]:
    if "weakest" not in figures:
        return []
    caption = "How little it takes: points that fall at the smallest radii. Readings that changed are bold."
    alt = "Points before and after the attack, with the class that is read."
    return [Section("Least robust inputs", [Figure(figures["weakest"], caption, alt)])]


def _about(metrics: Metrics) -> list[tuple[str, str]]:
    box = metrics["bounds"]
    return [
        ("Model", str(metrics["model"])),
        ("Points", f"{metrics['n_points']:,}"),
        ("Box", "none" if box is None else f"{format_number(box[0])} to {format_number(box[1])}"),
        ("Gradient attacks", f"{metrics['steps']} steps, restarts: {metrics['restarts']}"),
        ("Gradient-free attack", f"{metrics['queries']} queries"),
        ("Seed", str(metrics["seed"])),
    ]
