"""The report of ``limes measure widths``, composed from its metrics, and its figure."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from limes.report import reading, style
from limes.report.formats import format_number, format_seconds
from limes.report.html import Block, Code, Figure, KeyValues, Notice, Page, Paragraph, Section, Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

Metrics = Mapping[str, Any]
_PANELS = (("accuracy", "accuracy"), ("robust", "attacked accuracy"), ("kernel", "kernel distance"))


def width_curves(metrics: Metrics) -> "Drawing":
    """Accuracy, robust accuracy and kernel distance against width, with the infinitely wide network as a line."""
    figure = style.new_figure(style.WIDTH, 6.4)
    widths = [row["width"] for row in metrics["widths"]]
    for i, (name, label) in enumerate(_PANELS):
        ax = style.add_axes(figure, (0.15, 0.715 - 0.315 * i, 0.82, 0.23))
        ax.set_xscale("log")
        ax.set_xticks(widths, [f"{w:,}" for w in widths] if i == 2 else [""] * len(widths))
        ax.minorticks_off()
        if name == "kernel":
            _band(ax, metrics, "start_distance", 2, "at the start")
            _band(ax, metrics, "kernel_distance", 3, "after training")
            style.log_y(ax)
            ax.set_xlabel("width of the finite networks (units)")
            style.legend(ax, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, borderaxespad=0.2)
        else:
            _band(ax, metrics, name, i, "")
            ax.axhline(metrics["infinite"][name], color=style.INK, linewidth=1.1, linestyle=(0, (4, 2)))
        ax.set_ylabel(label)
    return figure


def _band(ax: Any, metrics: Metrics, name: str, i: int, label: str) -> None:
    rows = metrics["widths"]
    widths, found = [row["width"] for row in rows], [row[name] for row in rows]
    mean = np.array([f["mean"] for f in found])
    error = np.array([f["standard_error"] or 0.0 for f in found])
    look = style.look(i)
    ax.plot(widths, mean, label=label, **look)
    ax.fill_between(widths, np.maximum(mean - error, 0.2 * mean), mean + error, color=look["color"], alpha=0.2, lw=0)


def widths_page(metrics: Metrics, figure: str) -> Page:
    """Compose the report.

    Args:
        metrics: what ``limes measure widths`` writes to ``metrics.json``.
        figure: SVG text of `width_curves`.
    """
    s, infinite, widest = metrics["settings"], metrics["infinite"], metrics["widths"][-1]
    tiles = [
        ("Infinitely wide, clean", f"{infinite['accuracy']:.3f}", s["net_name"]),
        ("Infinitely wide, attacked", f"{infinite['robust']:.3f}", reading.threat(s)),
        (f"Width {widest['width']:,}, clean", _figure(widest["accuracy"]), f"{len(s['seeds'])} networks"),
        (f"Width {widest['width']:,}, attacked", _figure(widest["robust"]), s["attack"]),
    ]
    return Page(
        title=f"Finite networks and their limit on {metrics['data']['name']}",
        subtitle=s["net_name"],
        headline=tiles,
        sections=[_summary(metrics), _curves(metrics, figure), _table(metrics), _setup(metrics), _reproduce(metrics)],
        docs="finite.md#from-finite-to-infinite",
    )


def widths_headline(metrics: Metrics) -> str:
    """A few lines for the terminal."""
    infinite = metrics["infinite"]
    lines = [
        f"width {row['width']:>6,}: accuracy {_figure(row['accuracy'])}, attacked {_figure(row['robust'])}; kernel "
        f"{format_number(row['start_distance']['mean'], 2)} from its limit at the start, "
        f"{format_number(row['kernel_distance']['mean'], 2)} after training"
        for row in metrics["widths"]
    ]
    return "\n".join([*lines, f"infinite: accuracy {infinite['accuracy']:.3f}, attacked {infinite['robust']:.3f}"])


def _summary(metrics: Metrics) -> Section:
    s = metrics["settings"]
    blocks: list[Block] = [
        Paragraph(
            "Finite networks of growing width are trained by gradient descent on the squared error until "
            f"{s['share']:.0%} of the first loss is left, and compared with the infinitely wide network at the time at "
            "which its flow has as much left: the same rows, the same attack, with knowledge of each network."
        ),
        Paragraph(_trend(metrics)),
    ]
    short = [f"{row['width']:,}" for row in metrics["widths"] if not row["reached"]]
    if short:
        blocks.append(
            Notice(
                f"Networks of width {', '.join(short)} did not reach that loss in {s['steps']} steps and are compared "
                "as they are: raise --steps, or --share.",
                "warning",
            )
        )
    return Section("Summary", [*blocks, *(Notice(note) for note in metrics["data"]["notes"])])


def _trend(metrics: Metrics) -> str:
    rows = metrics["widths"]
    first, last = rows[0], rows[-1]
    scores = " to ".join(format_number(row["scores_distance"]["mean"], 2) for row in (first, last))
    if first is last:
        return f"Scores on test rows differ from those of the limit by {format_number(last['scores_distance']['mean'])}"
    moved = " to ".join(format_number(row["kernel_change"]["mean"], 2) for row in (first, last))
    return (
        f"From width {first['width']:,} to {last['width']:,}, the distance of test scores to those of the limit "
        f"goes from {scores} of their size, and the change of the kernel in training from {moved} of its own size."
    )


def _curves(metrics: Metrics, figure: str) -> Section:
    s = metrics["settings"]
    told = "; ".join(
        f"width {row['width']}: {row['accuracy']['mean']:.2f} clean, {row['robust']['mean']:.2f} attacked"
        for row in metrics["widths"]
    )
    caption = (
        "With the width, accuracies should approach the dashed line, the infinitely wide network, and kernel distances "
        "should fall. Means over "
        f"{len(s['seeds'])} networks of each width with bands of one standard error. Attack: {s['attack']} within "
        f"{reading.threat(s)}. Kernel distance: of the empirical tangent kernel to the limit's, one minus their cosine."
    )
    alt = f"{told}; infinite: {metrics['infinite']['accuracy']:.2f} clean, {metrics['infinite']['robust']:.2f} attacked"
    return Section("Width", [Figure(figure, caption, alt)])


def _table(metrics: Metrics) -> Section:
    rows = [
        (
            f"{row['width']:,}",
            _figure(row["accuracy"]),
            _figure(row["robust"]),
            format_number(row["scores_distance"]["mean"], 2),
            format_number(row["start_distance"]["mean"], 2),
            format_number(row["kernel_distance"]["mean"], 2),
            format_number(row["kernel_change"]["mean"], 2),
        )
        for row in metrics["widths"]
    ]
    infinite = metrics["infinite"]
    rows.append(("infinite", f"{infinite['accuracy']:.3f}", f"{infinite['robust']:.3f}", "0", "0", "0", "0"))
    columns = ("Width", "Clean", "Attacked", "Scores", "Kernel, start", "Kernel, end", "Kernel, change")
    caption = (
        "Scores: distance to the limit's, relative. Kernel: distance to the limit's; change: in training, relative."
    )
    return Section("Figures", [Table(columns, rows, caption)])


def _setup(metrics: Metrics) -> Section:
    s = metrics["settings"]
    pairs = [
        ("Net", s["net"]),
        ("Rows", f"{s['n_train']:,} training, {s['n_test']:,} test; kernels between {s['n_probe']} of these"),
        ("Training", f"all rows at each step, at most {s['steps']:,}, to {s['share']:g} of the first loss"),
        ("Attack", f"{s['attack']} within {reading.threat(s)}"),
        ("Box", "none" if s["bounds"] is None else f"{s['bounds'][0]:g} to {s['bounds'][1]:g}"),
        ("Seeds", ", ".join(map(str, s["seeds"]))),
        ("Time", format_seconds(metrics["seconds"])),
    ]
    return Section("Settings", [KeyValues(pairs)])


def _reproduce(metrics: Metrics) -> Section:
    return Section(
        "Reproduce",
        [Code(metrics["command"]), KeyValues([("metrics.json", "all figures"), ("config.toml", "settings")])],
    )


def _figure(found: Metrics) -> str:
    return f"{found['mean']:.3f} ± {found['standard_error']:.3f}"
