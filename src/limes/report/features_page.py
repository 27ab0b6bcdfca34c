"""The report of ``limes measure features``, composed from its metrics."""

from collections.abc import Mapping
from typing import Any

from limes.report import reading
from limes.report.formats import format_number, format_seconds
from limes.report.html import Block, Code, Figure, KeyValues, Notice, Page, Paragraph, Section, Table

Metrics = Mapping[str, Any]
_SHOWN = 12  # features of each net in the first table


def features_page(metrics: Metrics, figures: Mapping[str, str]) -> Page:
    """Compose the report.

    Args:
        metrics: what ``limes measure features`` writes to ``metrics.json``.
        figures: SVG texts by name: "features-<i>" and "gradients-<i>" for each net, "together", "spectrum".
    """
    settings, nets = metrics["settings"], metrics["nets"]
    sections = [_summary(metrics)]
    sections += [_net(metrics, figures, i) for i in range(len(nets))]
    sections += [_together(metrics, figures)]
    if "agreement" in metrics:
        sections.append(_agreement(metrics["agreement"]))
    sections += [_setup(metrics), _reproduce(metrics)]
    first = nets[0]
    tiles = [
        ("Whole machine, clean", f"{first['machine']['clean']:.3f}", first["name"]),
        ("Whole machine, attacked", f"{first['machine']['robust']:.3f}", reading.threat(settings)),
        ("Features useful but not robust", str(len(first["useful_not_robust"])), f"of {len(first['features'])}"),
        ("Robustness against rank", format_number(first["order"], 2), "rank correlation; −1 is in order"),
    ]
    return Page(
        title=f"Features of an infinitely wide network on {metrics['data']['name']}",
        subtitle=", ".join(net["name"] for net in nets),
        headline=tiles,
        sections=sections,
        docs="measure.md#what-is-measured",
    )


def features_headline(metrics: Metrics) -> str:
    """A few lines for the terminal."""
    lines = []
    for net in metrics["nets"]:
        lines.append(
            f"{net['name']}: accuracy {net['machine']['clean']:.3f}, attacked {net['machine']['robust']:.3f}; of "
            f"{len(net['features'])} features {net['useful']} are useful, {len(net['useful_not_robust'])} of them not "
            f"robust; rank correlation of robustness {net['order']:.2f}"
        )
    return "\n".join(lines)


def _summary(metrics: Metrics) -> Section:
    settings = metrics["settings"]
    chance = 1 / settings["n_classes"]
    blocks: list[Block] = [
        Paragraph(
            "The predictor of an infinitely wide network is a sum of features, one for each eigenvector of its kernel "
            "on the training rows. Each is a classifier of its own, and is attacked along its own gradient: useful if "
            "it is right more often than chance, robust if it still is under the attack."
        )
    ]
    for net in metrics["nets"]:
        best = max(net["features"], key=lambda f: f["robust_balanced"])
        blocks.append(
            Paragraph(
                f"{net['name']}: {net['useful']} of {len(net['features'])} features are clearly useful, and "
                f"{len(net['useful_not_robust'])} of these are not robust. The most robust one is number "
                f"{best['ranks'] + 1}, with a balanced accuracy of {best['clean_balanced']:.3f} clean and "
                f"{best['robust_balanced']:.3f} attacked; chance is {chance:.3f}."
            )
        )
        if net["below_rounding"]:
            blocks.append(
                Notice(
                    f"{net['name']}: {net['below_rounding']} eigenvalues are as small as rounding; features there are "
                    "noise. Give float64 inputs.",
                    "warning",
                )
            )
    blocks += [Notice(note) for note in metrics["data"]["notes"]]
    return Section("Summary", blocks)


def _net(metrics: Metrics, figures: Mapping[str, str], index: int) -> Section:
    net, settings = metrics["nets"][index], metrics["settings"]
    features = net["features"]
    alt = "; ".join(
        f"feature {f['ranks']}: {f['clean_balanced']:.2f} clean, {f['robust_balanced']:.2f} attacked"
        for f in features[:6]
    )
    caption = (
        "Points far right and low are useful but not robust; on the diagonal the attack does nothing, and the dotted "
        f"lines are chance. One point a feature: balanced accuracy on {settings['n_test']} test rows, clean and under "
        f"{settings['attack']} within {reading.threat(settings)}."
    )
    blocks: list[Block] = [
        Figure(figures[f"features-{index}"], caption, alt),
        _table(features[:_SHOWN], f"The first {min(_SHOWN, len(features))} features"),
        _table(features, f"All {len(features)} features that were measured", folded=True),
    ]
    if picture := figures.get(f"gradients-{index}"):
        caption = (
            "Where features look: the gradient of each feature's loss at a few inputs, each picture in its own scale "
            "(orange raises the loss, purple lowers it)."
        )
        blocks.append(Figure(picture, caption, "A row of pictures for each feature, under the inputs."))
    return Section(f"Features of {net['name']}", blocks)


def _table(features: list[Mapping[str, Any]], caption: str, folded: bool = False) -> Table:
    rows = [
        (
            str(f["ranks"]),
            format_number(f["eigenvalue"]),
            f"{f['clean']:.3f}",
            f"{f['clean_balanced']:.3f} ± {f['clean_error']:.3f}",
            f"{f['robust']:.3f}",
            f"{f['robust_balanced']:.3f}",
        )
        for f in features
    ]
    columns = ("Feature", "Eigenvalue", "Clean", "Balanced", "Attacked", "Attacked, balanced")
    return Table(columns, rows, caption, folded=folded)


def _together(metrics: Metrics, figures: Mapping[str, str]) -> Section:
    told = "; ".join(
        f"{net['name']}: all {net['top']['counts'][-1]} features {net['machine']['clean']:.2f} clean, "
        f"{net['machine']['robust']:.2f} attacked"
        for net in metrics["nets"]
    )
    ends = "; ".join(
        f"{net['name']}: eigenvalues of measured features from {net['features'][0]['eigenvalue']:.2g} to "
        f"{net['features'][-1]['eigenvalue']:.2g}"
        for net in metrics["nets"]
    )
    return Section(
        "Features together",
        [
            Figure(
                figures["together"],
                "Where the dashed curves fall while the solid ones rise, further features buy clean accuracy with "
                "robustness. Accuracy of the first k features together, clean (solid) and under the attack (dashed).",
                f"Accuracy against the number of features. {told}.",
            ),
            Figure(
                figures["spectrum"],
                "The steeper a curve falls, the fewer features carry the predictor. Eigenvalues of the training "
                "kernel, as shares of its trace.",
                f"Falling curves on logarithmic axes. {ends}.",
            ),
        ],
    )


def _agreement(found: Metrics) -> Section:
    names = found["names"]
    rows = [(a, *(f"{found['robust'][i][j]:.2f}" for j in range(len(names)))) for i, a in enumerate(names)]
    text = (
        "Rank correlation between nets of how robust their features are, feature by feature in the order of the "
        "eigenvalues: 1 where they agree."
    )
    return Section("Agreement between nets", [Paragraph(text), Table(("", *names), rows)])


def _setup(metrics: Metrics) -> Section:
    s = metrics["settings"]
    time = s["time"] if isinstance(s["time"], float) else float(s["time"])
    pairs = [
        ("Rows", f"{s['n_train']:,} training, {s['n_test']:,} test, seed {s['seed']}"),
        ("Kernel", f"{s['kind'].upper()}{', centred over the training rows' if s['centred'] else ''}"),
        ("Attack", f"{s['attack']} within {reading.threat(s)}, along each feature's own gradient"),
        ("Box", "none" if s["bounds"] is None else f"{s['bounds'][0]:g} to {s['bounds'][1]:g}"),
        ("Features together", f"at t = {format_number(time)}"),
        *((f"Net {net['name']}", net["net"]) for net in metrics["nets"]),
        ("Time", ", ".join(f"{net['name']} {format_seconds(net['seconds'])}" for net in metrics["nets"])),
    ]
    return Section("Settings", [KeyValues(pairs)])


def _reproduce(metrics: Metrics) -> Section:
    files = [("features.npz", "arrays of all features"), ("metrics.json", "all figures"), ("config.toml", "settings")]
    return Section("Reproduce", [Code(metrics["command"]), KeyValues(files)])
