"""The report of ``limes measure tails``, composed from its metrics."""

import math
from collections.abc import Mapping
from typing import Any

from limes.report.formats import format_seconds
from limes.report.html import Code, Figure, KeyValues, Notice, Page, Paragraph, Section, Table
from limes.report.tail_figures import drawn

Metrics = Mapping[str, Any]
_GAUSSIAN = "; of the weights of a Gaussian matrix .265"
"""At the error .1."""

_WHAT = "real floating point arrays with two axes or more, and 16 vectors or more that differ from their median,"


def tails_page(metrics: Metrics, figures: Mapping[str, str]) -> Page:
    """Compose the report.

    Args:
        metrics: what ``limes measure tails`` writes to ``metrics.json``.
        figures: SVG texts: "survival", "pruning".
    """
    overall, error = metrics["overall"], metrics["settings"]["error"]
    heaviest = min(metrics["layers"], key=lambda layer: layer["heaviness"]["value"])
    return Page(
        title=f"Tails of the weights of {metrics['model']['name']}",
        subtitle=metrics["model"]["kind"],
        headline=[
            ("Heaviness index", f"{overall['mean']:.2f}", "mean over layers; 2 is light"),
            ("Heaviest layer", f"{overall['smallest']:.2f}", heaviest["name"]),
            ("Prunable", f"{overall['prunable']:.0%}", f"of all weights at {error:.0%} error"),
        ],
        sections=[_summary(metrics), _tails(metrics, figures), _pruning(metrics, figures), _setup(metrics)],
        docs="beyond.md#heavy-tails-and-pruning",
    )


def tails_headline(metrics: Metrics) -> str:
    """A line for each layer, for the terminal."""
    error = metrics["settings"]["error"]
    lines = [
        f"{layer['name']}: heaviness {_band(layer['heaviness'])}, Hill {float(layer['hill']['value']):.3g}, "
        f"prunable at {error:.0%} error {layer['prunable']['magnitude']:.0%} of weights, "
        f"{layer['prunable']['node']:.0%} of vectors"
        for layer in metrics["layers"]
    ]
    overall = metrics["overall"]
    return "\n".join([*lines, f"all layers: heaviness {overall['mean']:.2f}, prunable {overall['prunable']:.0%}"])


def _band(index: Metrics) -> str:
    value, low, high = (float(index[name]) for name in ("value", "low", "high"))  # JSON has "inf" for infinity
    return "∞" if math.isinf(value) else f"{value:.2f} ({low:.2f} to {high:.2f})"


def _summary(metrics: Metrics) -> Section:
    model, blocks = metrics["model"], []
    blocks.append(
        Paragraph(
            "Training with large steps on small batches gives weights heavy tails, and of heavy-tailed weights few "
            "carry most of the length, so that the others may be pruned. The heaviness index says how sums of weight "
            "vectors grow: it is the index of the stable law with such sums. It is no tail index. It ends at 2, the "
            "index of Gaussian sums, and reads below 2 also for tails with finite variance; Hill's index beside it "
            "looks at the longest vectors only, and says little unless their lengths fall on a line below."
        )
    )
    if model["left_out"]:
        names = ", ".join(model["left_out"][:4]) + (" and others" if len(model["left_out"]) > 4 else "")
        blocks.append(Notice(f"Not measured, as only {_WHAT} are: {names}."))
    return Section("Summary", [*blocks, *(Notice(note) for note in model["notes"])])


def _tails(metrics: Metrics, figures: Mapping[str, str]) -> Section:
    rows = [
        (
            layer["name"],
            f"{layer['vectors'][0]:,} × {layer['vectors'][1]:,}",
            _band(layer["heaviness"]),
            _band(layer["entries"]),
            _band(layer["hill"]),
        )
        for layer in metrics["layers"]
    ]
    told = "; ".join(f"{layer['name']}: {max(layer['lengths']):.2g} medians" for layer in drawn(metrics["layers"]))
    caption = (
        "A power tail is a line on these logarithmic axes; the flatter, the heavier: more vectors are much longer."
    )
    columns = ("Layer", "Vectors", "Heaviness", "of single weights", "Hill")
    return Section(
        "Tails",
        [
            Figure(figures["survival"], caption, f"Curves by layer; the longest vector is {told}."),
            Table(
                columns,
                rows,
                "Indices with bands of 95 %; smaller is heavier. Hill's is ∞ where the longest are equally long.",
            ),
        ],
    )


def _pruning(metrics: Metrics, figures: Mapping[str, str]) -> Section:
    error = metrics["settings"]["error"]
    rows = [
        (layer["name"], *(f"{layer['prunable'][kind]:.1%}" for kind in ("magnitude", "singular", "node")))
        for layer in metrics["layers"]
    ]
    told = "; ".join(f"{layer['name']}: {layer['prunable']['magnitude']:.0%}" for layer in drawn(metrics["layers"]))
    caption = (
        f"The further right a curve crosses the dotted line, an error of {error:g}, the more may be pruned: single "
        "weights (solid) or whole vectors (dashed, hollow)."
    )
    return Section(
        "Pruning",
        [
            Figure(figures["pruning"], caption, f"Errors against share pruned, by layer; at {error:g} {told}."),
            Table(
                ("Layer", "Weights", "Singular values", "Vectors"),
                rows,
                f"Share that may be pruned at {error:.0%} relative l2 error{_GAUSSIAN if error == 0.1 else ''}.",
            ),
        ],
    )


def _setup(metrics: Metrics) -> Section:
    model, s = metrics["model"], metrics["settings"]
    pairs = [
        ("Weights", f"{model['measured']:,} of {model['weights']:,} measured"),
        ("Layout", "(..., in, out)" if s["layout"] == "in_out" else "(out, in, ...)"),
        ("Last layer", s["last"] or "none"),
        ("Hill", f"the longest {s['top']:.0%} of the vectors"),
        ("Seed", str(s["seed"])),
        ("Time", format_seconds(metrics["seconds"])),
    ]
    return Section("Settings", [KeyValues(pairs), Code(metrics["command"])])
