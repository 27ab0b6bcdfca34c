"""The report of ``limes measure bounds``, composed from its metrics."""

from collections.abc import Mapping
from typing import Any

from limes.report.bound_figures import BOUND_LABELS
from limes.report.formats import format_number, format_seconds
from limes.report.html import Code, Figure, KeyValues, Notice, Page, Paragraph, Section, Table

Metrics = Mapping[str, Any]
_KINDS = {
    "conv": "convolutions 2 × 2, shared filters",
    "local": "locally connected layers 2 × 2, a filter for each position",
    "dense": "dense layers",
}


def bounds_page(metrics: Metrics, figures: Mapping[str, str]) -> Page:
    """Compose the report.

    Args:
        metrics: what ``limes measure bounds`` writes to ``metrics.json``.
        figures: SVG texts: "bounds".
    """
    last, curves = metrics["last"], metrics["curves"]
    tiles = [
        ("Generalisation gap", f"{curves['gap'][-1]:.3f}", f"test error {curves['test_error'][-1]:.3f}"),
        ("Bound", format_number(last["complete"]), "with the read-out"),
        ("As released", format_number(last["sparse"]), "without the degree of the read-out"),
        ("rho", format_number(last["rho"]), f"product of norms, from {format_number(curves['rho'][0])}"),
    ]
    return Page(
        title=f"Norm bounds of a network on {metrics['data']['name']}",
        subtitle=_KINDS[metrics["settings"]["kind"]],
        headline=tiles,
        sections=[
            _summary(metrics),
            _course(metrics, figures),
            _bounds(metrics),
            _conventions(metrics),
            _setup(metrics),
            _reproduce(metrics),
        ],
        docs="bounds.md#conventions-that-change-the-number",
    )


def bounds_headline(metrics: Metrics) -> str:
    """A few lines for the terminal."""
    last, curves = metrics["last"], metrics["curves"]
    return (
        f"gap {curves['gap'][-1]:.3f} (test error {curves['test_error'][-1]:.3f}); rho {last['rho']:.3g}\n"
        f"bound {last['complete']:.3g} with the read-out, {last['sparse']:.3g} as released; Long-Sedghi "
        f"{last['long_sedghi']:.3g}, Golowich {last['golowich']:.3g}\n"
        f"below 1 from {last['rows']['complete']:,.0f} rows on, as released from {last['rows']['sparse']:,.0f}"
    )


def _summary(metrics: Metrics) -> Section:
    last, n = metrics["last"], metrics["settings"]["n_train"]
    verdict = "says nothing: errors are at most 1" if last["complete"] >= 1 else "says something: it is below 1"
    blocks: list[Any] = [
        Paragraph(
            "A norm bound says how much larger the error on new data can be than on the training rows, for every "
            "network whose weights have these norms, before any test row is seen. Locality makes it smaller: each "
            "position sees few others."
        ),
        Paragraph(
            f"With {n:,} rows the bound is {format_number(last['complete'])}, which {verdict}. With these norms it "
            f"would be below 1 from {last['rows']['complete']:,.0f} rows on. The formula as the authors released it, "
            f"{format_number(last['sparse'])}, leaves out how many positions the last layer sees; without that factor "
            "the proof does not go through."
        ),
        *[Notice(note) for note in metrics["data"]["notes"]],
    ]
    return Section("Summary", blocks)


def _course(metrics: Metrics, figures: Mapping[str, str]) -> Section:
    curves = metrics["curves"]
    told = ", ".join(f"{label} {format_number(curves[name][-1])}" for name, label in BOUND_LABELS.items())
    names = ("rho", "sparse", "complete", "long_sedghi", "train_error", "test_error", "gap")
    rows = [(f"{e:g}", *(format_number(curves[n][i]) for n in names)) for i, e in enumerate(curves["epochs"])]
    columns = ("Epoch", "rho", "As released", "With read-out", "Long–Sedghi", "Training error", "Test error", "Gap")
    return Section(
        "Course",
        [
            Figure(
                figures["bounds"],
                "A bound above the line at 1 says nothing, and how far it lies above the gap is how loose it is. After "
                "every epoch, on a logarithmic axis; a gap of 0 or less is not drawn.",
                f"Curves over epochs. At the end {told}; gap {curves['gap'][-1]:.3f}.",
            ),
            Table(columns, rows, f"All {len(rows)} epochs", folded=True),
        ],
    )


def _bounds(metrics: Metrics) -> Section:
    last = metrics["last"]
    gap = metrics["curves"]["gap"][-1]
    rows = [(label, format_number(last[name])) for name, label in BOUND_LABELS.items()]
    degrees = " × ".join(str(d) for d in last["degrees"]) or "none"
    parts = [
        ("First term, as released", format_number(last["first"])),
        ("Additive term", format_number(last["additive"])),
        ("Product of the norms, rho", format_number(last["rho"])),
        ("Positions that a position sees", degrees),
        ("D over the number of rows", format_number(last["node_per_row"])),
        ("The gap that is bounded", f"{gap:.4f}"),
    ]
    return Section("Bounds at the end", [Table(("Bound", "Value"), rows), KeyValues(parts)])


def _conventions(metrics: Metrics) -> Section:
    last = metrics["last"]
    return Section(
        "What is assumed",
        [
            *[Paragraph(f"{sentence[0].upper()}{sentence[1:]}.") for sentence in last["assumptions"]],
            KeyValues(
                [
                    ("As released, single channels as nodes", format_number(last["channel"])),
                    ("As released, n of 5/6 of the rows and D of all", format_number(last["mixture"])),
                ]
            ),
        ],
    )


def _setup(metrics: Metrics) -> Section:
    s = metrics["settings"]
    pairs = [
        ("Net", s["net"]),
        ("Training", f"{s['epochs']} epochs at rate {s['learning_rate']:g}, falling to a tenth twice, batches of 32"),
        ("Weight decay", f"{s['weight_decay']:g}, momentum 0.9, weight normalisation"),
        ("Loss", "squared error on one-hot labels"),
        ("Rows", f"{s['n_train']:,} training, {s['n_test']:,} test, seed {s['seed']}"),
        ("Inputs", f"{'standardised' if s['standardised'] else 'as they are'}, in training and in D alike"),
        ("Time", format_seconds(metrics["seconds"])),
    ]
    return Section("Settings", [KeyValues(pairs)])


def _reproduce(metrics: Metrics) -> Section:
    files = [("bounds.npz", "all curves"), ("metrics.json", "figures"), ("config.toml", "settings")]
    return Section("Reproduce", [Code(metrics["command"]), KeyValues(files)])
