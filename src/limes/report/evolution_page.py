"""The report of ``limes measure evolution``, composed from its metrics."""

from collections.abc import Mapping
from typing import Any

from limes.report import reading
from limes.report.formats import format_number, format_seconds
from limes.report.html import Block, Code, Figure, KeyValues, Notice, Page, Paragraph, Section, Table

Metrics = Mapping[str, Any]
_WORDS = {"fixed": "fixed inputs", "moving": "adversarial inputs"}


def evolution_page(metrics: Metrics, figures: Mapping[str, str]) -> Page:
    """Compose the report.

    Args:
        metrics: what ``limes measure evolution`` writes to ``metrics.json``.
        figures: SVG texts: "velocity", "polar", "distances", "shape".
    """
    probe, settings = metrics["probes"]["fixed"], metrics["settings"]
    tiles = [
        ("Kernel has turned by", format_number(probe["from_start"]["kernel"]), "1 − cosine, first to last epoch"),
        ("Accuracy", f"{probe['accuracy'][-1]:.3f}", f"on {settings['n_probe']} held-out rows"),
        ("Alignment", f"{probe['alignment'][-1]:.3f}", f"with the labels; {probe['alignment'][0]:.3f} at the start"),
        ("Effective rank", format_number(probe["effective_rank"][-1]), f"from {probe['effective_rank'][0]:.1f}"),
    ]
    return Page(
        title=f"The kernel of a network in training on {metrics['data']['name']}",
        subtitle="adversarial training" if settings["eps"] else "standard training",
        headline=tiles,
        sections=[
            _summary(metrics),
            _motion(metrics, figures),
            _shape(metrics, figures),
            _together(metrics),
            _setup(metrics),
            _reproduce(metrics),
        ],
        docs="evolution.md#what-is-measured",
    )


def evolution_headline(metrics: Metrics) -> str:
    """A few lines for the terminal."""
    lines = []
    for name, probe in metrics["probes"].items():
        lines.append(
            f"{_WORDS[name]}: kernel distance {probe['from_start']['kernel']:.3g} from first to last epoch "
            f"({probe['velocity'][0]:.3g} over the first, {probe['velocity'][-1]:.3g} over the last), alignment "
            f"{probe['alignment'][0]:.3f} to {probe['alignment'][-1]:.3f}, accuracy {probe['accuracy'][-1]:.3f}"
        )
    return "\n".join(lines)


def _summary(metrics: Metrics) -> Section:
    blocks: list[Block] = [
        Paragraph(
            "The tangent kernel of a network says which inputs it learns together. As long as it stays where it was, "
            "training is lazy, that of a kernel machine; where it turns, the network learns features. Distances are "
            "one minus the cosine between kernels: growth alone does not count."
        )
    ]
    for name, probe in metrics["probes"].items():
        velocity = probe["velocity"]
        half = sum(velocity[: len(velocity) // 2]) / max(sum(velocity), 1e-300)
        blocks.append(
            Paragraph(
                f"On {_WORDS[name]}, {half:.0%} of the kernel's way lies in the first half of the training. It ends at "
                f"an angle of {probe['angle'][-1]:.2f} radians to the first kernel; its 20 largest eigenvalues have "
                f"{probe['top_mass'][-1]:.4f} of the sum of squares ({probe['top_mass'][0]:.4f} at the start)."
            )
        )
    blocks += [Notice(note) for note in metrics["data"]["notes"]]
    return Section("Summary", blocks)


def _motion(metrics: Metrics, figures: Mapping[str, str]) -> Section:
    told = "; ".join(
        f"{_WORDS[name]}: {probe['velocity'][0]:.3g} at first, {probe['velocity'][-1]:.3g} at last"
        for name, probe in metrics["probes"].items()
    )
    fixed = metrics["probes"]["fixed"]
    moving = " Dotted: measured at the adversarial inputs of each epoch." if "moving" in metrics["probes"] else ""
    return Section(
        "Motion",
        [
            Figure(
                figures["velocity"],
                "Where the curve is low, the kernel rests and training is lazy; where it is high, features are learnt. "
                f"Between neighbouring epochs, on a logarithmic axis.{moving}",
                f"A curve. {told}.",
            ),
            Figure(
                figures["distances"],
                "A dark block on the diagonal is a time of rest; a bright corner says that the last kernel is far from "
                "the first. Distances between all pairs of epochs, fixed inputs.",
                f"A square of shades; first to last epoch {fixed['from_start']['kernel']:.3g}.",
            ),
            Figure(
                figures["polar"],
                "A straight way outward is growth in one direction; a bend is a kernel that turns. Polar coordinates, "
                "a mark an epoch: distance from the first kernel in units of that of the last, and angle to the "
                f"first.{moving}",
                f"A curve from the origin; angle at the end {fixed['angle'][-1]:.2f}.",
            ),
        ],
    )


def _shape(metrics: Metrics, figures: Mapping[str, str]) -> Section:
    probe = metrics["probes"]["fixed"]
    columns = ("Epoch", "Alignment", "Top 20", "Effective rank", "Size", "Accuracy")
    names = ("alignment", "top_mass", "effective_rank", "size", "accuracy")
    rows = [
        (f"{epoch:g}", *(format_number(probe[name][i]) for name in names)) for i, epoch in enumerate(probe["epochs"])
    ]
    told = f"Alignment from {probe['alignment'][0]:.3f} to {probe['alignment'][-1]:.3f}."
    return Section(
        "Shape",
        [
            Figure(
                figures["shape"],
                "A kernel that learns the classes turns to the labels (alignment rises) and to few directions (the "
                "rank falls). Alignment is the cosine with the labels' kernel, 20 largest the share of these "
                "eigenvalues in the sum of squares; fixed inputs.",
                told,
            ),
            Table(columns, rows, f"All {len(rows)} epochs", folded=True),
        ],
    )


def _together(metrics: Metrics) -> Section:
    probe = metrics["probes"]["fixed"]
    labels = {
        "kernel": "kernel distance",
        "function": "distance of the softmax outputs",
        "weights": "relative distance of the weights",
        "pattern": "share of rectified units that switched (Hamming)",
    }
    rows = [
        (labels[name], format_number(steps[0]), format_number(steps[-1]), format_number(probe["from_start"][name]))
        for name, steps in probe["steps"].items()
    ]
    pairs = [
        (" and ".join(name.split("-")), "constant" if value is None else f"{value:.2f}")
        for name, value in probe["correlations"].items()
    ]
    return Section(
        "Kernel, function and weights",
        [
            Table(("Distance", "First epoch", "Last epoch", "First to last"), rows),
            Table(("Pair", "Rank correlation over time"), pairs, "Distances between neighbouring epochs"),
        ],
    )


def _setup(metrics: Metrics) -> Section:
    s = metrics["settings"]
    attack = f"PGD of 7 steps within {reading.threat(s)}, on every batch" if s["eps"] else "none"
    pairs = [
        ("Net", s["net"]),
        ("Width", str(s["width"])),
        ("Training", f"{s['epochs']} epochs at rate {s['learning_rate']:g}, momentum 0.9, batches of 64"),
        ("Attack in training", attack),
        ("Box", "none" if s["bounds"] is None else f"{s['bounds'][0]:g} to {s['bounds'][1]:g}"),
        ("Rows", f"{s['n_train']:,} training, {s['n_probe']:,} held out to measure with, seed {s['seed']}"),
        ("Kernel", "empirical, mean over outputs"),
        ("Loss at the end", format_number(metrics["loss"])),
        ("Time", format_seconds(metrics["seconds"])),
    ]
    return Section("Settings", [KeyValues(pairs)])


def _reproduce(metrics: Metrics) -> Section:
    files = [("evolution.npz", "all distances and curves"), ("metrics.json", "figures"), ("config.toml", "settings")]
    return Section("Reproduce", [Code(metrics["command"]), KeyValues(files)])
