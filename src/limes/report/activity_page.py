"""The report of ``limes measure activity``, composed from its metrics, and its figure."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from limes.report import reading, style
from limes.report.formats import format_seconds
from limes.report.html import Block, Code, Figure, KeyValues, Notice, Page, Paragraph, Section, Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

Metrics = Mapping[str, Any]
_KINDS = {"inactive": "Inactive units", "masked": "Masked weights", "local": "Local connections"}
_SHARES = {
    "inactive": "active pairs of unit and row",
    "masked": "hidden weights kept",
    "local": "part of the input that a unit sees",
}
_TOLD = {
    "inactive": "Two layers whose units fire only above a threshold: few do on a given row, others on the next. That "
    "saves arithmetic, in training too where it is done for active units only (limes.finite.inactive); all weights are "
    "stored.",
    "masked": "Three dense layers, of which the hidden one keeps some of its weights. That saves storage; arithmetic "
    "only where products leave out zeros, which dense ones do not.",
    "local": "Two layers on images whose hidden units see a window of 3 x 3 pixels. That saves storage and arithmetic, "
    "and sharing a window's weights between positions saves more storage.",
}


def _of(metrics: Metrics, kind: str) -> list[Metrics]:
    return [row for row in metrics["networks"] if row["kind"] == kind]


def activity_curves(metrics: Metrics) -> "Drawing":
    """Accuracy and robust accuracy of each kind against its share, on a logarithmic axis."""
    from matplotlib.ticker import NullFormatter

    kinds = [kind for kind in _KINDS if _of(metrics, kind)]
    figure = style.new_figure(style.WIDTH, 2.6 * len(kinds) + 0.3)
    height = 1 / len(kinds)
    for i, kind in enumerate(kinds):
        ax = style.add_axes(figure, (0.12, 1 - (i + 1) * height + 0.24 * height, 0.84, 0.6 * height))
        ax.set_xscale("log")
        ax.xaxis.set_minor_formatter(NullFormatter())
        rows = [row for row in _of(metrics, kind) if not row["name"].startswith("magnitude")]
        line = kind != "local"  # its points differ in more than the share
        for j, (key, label) in enumerate((("accuracy", "clean"), ("robust", "attacked"))):
            x = [100 * row["share"]["mean"] * (1 if line else 1.06 ** (k - 1)) for k, row in enumerate(rows)]
            look = style.look(j, label=label)
            errors = [row[key]["standard_error"] for row in rows]
            means = [row[key]["mean"] for row in rows]
            ax.errorbar(x, means, yerr=errors, linestyle="-" if line else "none", elinewidth=0.9, **look)
        places = _apart([100 * row["share"]["mean"] for row in rows])
        ax.set_xticks(places, [f"{place:.3g}" if place >= 99.5 else f"{place:.2g}" for place in places])
        ax.set_ylim(max(0.0, min(row["robust"]["mean"] for row in rows) - 0.1), 1.01)
        ax.set_title(_KINDS[kind], fontsize=style.FONT_SIZE, color=style.INK, loc="left")
        ax.set_xlabel(f"{_SHARES[kind]} (%)")
        ax.set_ylabel("accuracy")
        if i == 0:
            style.legend(ax, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, borderaxespad=0.2)
    return figure


def _apart(shares: Sequence[float]) -> list[float]:
    """Places for ticks: shares whose labels would touch have one between them."""
    places: list[float] = []
    for share in sorted(shares):
        if not places or share > 1.15 * places[-1]:
            places.append(share)
    return places


def activity_page(metrics: Metrics, figure: str) -> Page:
    """Compose the report.

    Args:
        metrics: what ``limes measure activity`` writes to ``metrics.json``.
        figure: SVG text of `activity_curves`.
    """
    tiles = []
    for kind in _KINDS:
        if rows := _of(metrics, kind):
            least = thinnest(rows)
            share = f"{100 * least['share']['mean']:.2g} %"
            tiles.append((_KINDS[kind], share, f"enough: {least['accuracy']['mean']:.3f} as the whole"))
    return Page(
        title=f"How little of a network is enough on {metrics['data']['name']}",
        subtitle="inactive units, masked weights, local connections",
        headline=tiles,
        sections=[_summary(metrics), _curves(metrics, figure), *_tables(metrics), _setup(metrics), _reproduce(metrics)],
        docs="inactive.md#how-little-is-enough",
    )


def thinnest(rows: Sequence[Metrics]) -> Metrics:
    """The network with the smallest share that is as accurate as the whole one, within a point and two errors."""
    whole = rows[0]

    def enough(row: Metrics) -> bool:
        error = (row["accuracy"]["standard_error"] ** 2 + whole["accuracy"]["standard_error"] ** 2) ** 0.5
        return row["accuracy"]["mean"] >= whole["accuracy"]["mean"] - 0.01 - 2 * error

    return min((row for row in rows if row is whole or enough(row)), key=lambda row: row["share"]["mean"])


def activity_headline(metrics: Metrics) -> str:
    """A few lines for the terminal."""
    lines = []
    for kind in _KINDS:
        for row in _of(metrics, kind):
            lines.append(
                f"{kind:<8}  {row['name']:<22}  {row['share']['mean']:6.1%}  accuracy {_figure(row['accuracy'])}, "
                f"attacked {_figure(row['robust'])}"
            )
    return "\n".join(lines)


def _summary(metrics: Metrics) -> Section:
    blocks: list[Block] = [
        Paragraph(
            "A wide network can be thin in three ways, which are three different things. Each is trained here beside "
            "the whole network of its kind, on the same rows, and attacked in the same way. A share is called enough "
            "where accuracy falls by no more than a point and two standard errors."
        )
    ]
    for kind in _KINDS:
        if rows := _of(metrics, kind):
            blocks.append(Paragraph(f"{_KINDS[kind]}. {_TOLD[kind]} {_verdict(rows)}"))
    return Section("Summary", [*blocks, *(Notice(note) for note in metrics["data"]["notes"])])


def _verdict(rows: Sequence[Metrics]) -> str:
    whole, least = rows[0], thinnest(rows)
    if least is whole:
        return "Here none of the thinner networks is as accurate as the whole one."
    saved = least["products"]["mean"] / whole["products"]["mean"], least["weights"]["mean"] / whole["weights"]["mean"]
    robust = least["robust"]["mean"] - whole["robust"]["mean"]
    return (
        f"Here {least['name']} is enough ({least['accuracy']['mean']:.3f} beside {whole['accuracy']['mean']:.3f}), "
        f"with {saved[0]:.0%} of the multiplications and {saved[1]:.0%} of the stored weights; accuracy under attack "
        f"is {'higher' if robust > 0 else 'lower'} by {abs(robust):.3f}."
    )


def _curves(metrics: Metrics, figure: str) -> Section:
    s = metrics["settings"]
    told = "; ".join(
        f"{row['name']}: {row['accuracy']['mean']:.2f} clean, {row['robust']['mean']:.2f} attacked"
        for row in metrics["networks"]
    )
    caption = (
        "Read from the right, where the network is whole: where a curve stays level, less of the network does as well. "
        f"Means over {len(s['seeds'])} draws of rows and weights, with standard errors. Attack: {s['attack']} within "
        f"{reading.threat(s)}. The axes are shares of different things."
    )
    return Section("Accuracy", [Figure(figure, caption, told)])


def _tables(metrics: Metrics) -> list[Section]:
    sections = []
    for kind in _KINDS:
        if not (found := _of(metrics, kind)):
            continue
        rows = [
            (
                row["name"],
                f"{row['share']['mean']:.1%}",
                _figure(row["accuracy"]),
                _figure(row["robust"]),
                f"{row['weights']['mean']:,.0f}",
                f"{row['products']['mean']:,.0f}",
                format_seconds(row["training_seconds"]["mean"]),
            )
            for row in found
        ]
        columns = ("Network", "Share", "Clean", "Attacked", "Weights", "Products", "Training")
        caption = (
            f"Share: {_SHARES[kind]}. Weights: stored, zeros left out. Products: multiplications in a forward pass of "
            "one row that are not with zero. Training: CPU time here, compilation included."
        )
        sections.append(Section(_KINDS[kind], [Table(columns, rows, caption)]))
    return sections


def _setup(metrics: Metrics) -> Section:
    s = metrics["settings"]
    pairs = [
        ("Rows", f"{s['n_train']:,} training, {s['n_test']:,} test"),
        (
            "Inactive",
            f"{s['width']:,} units, {s['steps']} steps of full-batch descent on the squared error, each network "
            "at a quarter of its own stable rate; rows centred and scaled to a mean norm of 1",
        ),
        (
            "Masked",
            f"{s['width'] // 4:,} units in each of two hidden layers, {s['epochs']} epochs on the cross-entropy",
        ),
        ("Local", f"{s['channels']} channels at stride 2, {s['epochs']} epochs on the cross-entropy"),
        ("Attack", f"{s['attack']} within {reading.threat(s)}"),
        ("Box", "none" if s["bounds"] is None else f"{s['bounds'][0]:g} to {s['bounds'][1]:g}"),
        ("Seeds", ", ".join(map(str, s["seeds"]))),
        ("Time", format_seconds(metrics["seconds"])),
    ]
    return Section("Settings", [KeyValues(pairs)])


def _reproduce(metrics: Metrics) -> Section:
    files = [("metrics.json", "all figures"), ("config.toml", "settings")]
    return Section("Reproduce", [Code(metrics["command"]), KeyValues(files)])


def _figure(found: Metrics) -> str:
    return f"{found['mean']:.3f} ± {found['standard_error']:.3f}"
