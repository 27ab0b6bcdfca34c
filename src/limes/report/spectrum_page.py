"""The report of ``limes measure spectrum``, composed from its metrics, and its figure of bounds."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from limes.report import style
from limes.report.formats import format_number, format_seconds
from limes.report.html import Block, Code, Figure, KeyValues, Notice, Page, Paragraph, Section, Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

Metrics = Mapping[str, Any]
_LOOK = {
    ("rigorous", "lower"): (2, ">", "lower bound, rigorous"),
    ("rigorous", "upper"): (4, "<", "upper bound, rigorous"),
    ("in a region", "lower"): (1, "s", "bound in a region; hollow: none here"),
}


def bounds_figure(metrics: Metrics) -> "Drawing":
    """The smallest eigenvalue of each kernel between its bounds, on a logarithmic axis.

    Left out are bounds of 0 and below, and that of the worst case, which would squeeze the others into a corner.
    """
    kernels = metrics["kernels"]
    height = 1.9 + 0.32 * len(kernels)
    figure, ax = style.new_axes(height, (0.18, 1.35 / height, 0.78, 1 - 1.5 / height), grid=False)
    labelled: set[str] = set()
    for place, kernel in enumerate(kernels):
        ax.axhline(-place, color=style.FAINT, linewidth=0.7, zorder=0)
        if kernel["smallest"] > kernel["noise"]:
            _mark(ax, kernel["smallest"], place, (0, "o", "smallest eigenvalue"), labelled)
        for bound in kernel["bounds"]:
            if bound["value"] > 0 and (bound["status"], bound["side"]) in _LOOK:
                look = _LOOK[bound["status"], bound["side"]]
                _mark(ax, bound["value"], place, look, labelled, hollow=not bound["applies"])
    style.log_x(ax)
    ax.set_yticks([-i for i in range(len(kernels))], [kernel["name"] for kernel in kernels])
    ax.set_ylim(0.6 - len(kernels), 0.6)
    ax.set_xlabel("smallest eigenvalue")
    style.legend(ax, loc="upper center", bbox_to_anchor=(0.42, -0.55 / (height - 1.5)), ncols=2, columnspacing=1.0)
    return figure


def _mark(
    ax: Any, value: float, place: int, look: tuple[int, str, str], labelled: set[str], hollow: bool = False
) -> None:
    colour, marker, label = style.SERIES[look[0]], look[1], look[2]
    face = "none" if hollow else colour
    shown = None if label in labelled else label
    labelled.add(label)
    ax.plot([value], [-place], marker=marker, markersize=6, mec=colour, mfc=face, linestyle="none", label=shown)


def spectrum_page(metrics: Metrics, figures: Mapping[str, str]) -> Page:
    """Compose the report.

    Args:
        metrics: what ``limes measure spectrum`` writes to ``metrics.json``.
        figures: SVG texts: "eigenvalues", "bounds".
    """
    first, last = metrics["kernels"][0], metrics["kernels"][-1]

    def tile(words: str, name: str, detail: str = "", digits: int = 3) -> tuple[str, str, str]:
        here = f"at {first['name']}; " if detail == "" else f"{detail}; "
        there = "" if first is last else f"{_number(last[name], digits)} at {last['name']}"
        return words, _number(first[name], digits), (here + there).removesuffix("; ")

    tiles = [
        tile("Smallest eigenvalue", "smallest"),
        tile("Condition number", "condition", digits=2),
        tile("Effective rank", "effective_rank", f"of {metrics['settings']['n_train']:,} rows"),
        tile("Generalisation term", "generalisation", "says nothing from 1 on"),
    ]
    if "active" in first:
        tiles.append(tile("Active units", "active", "Φ(−B)"))
    return Page(
        title=f"The spectrum of a kernel on {metrics['data']['name']}",
        subtitle=_subject(metrics),
        headline=tiles,
        sections=[
            _summary(metrics),
            _eigenvalues(metrics, figures["eigenvalues"]),
            _bounds(metrics, figures["bounds"]),
            _terms(metrics),
            _setup(metrics),
            _reproduce(metrics),
        ],
        docs="spectrum.md",
    )


def spectrum_headline(metrics: Metrics) -> str:
    """A few lines for the terminal; no bound without its status."""
    lines = []
    for kernel in metrics["kernels"]:
        active = f", {kernel['active']:.4f} of units active" if "active" in kernel else ""
        lines.append(
            f"{kernel['name']}: smallest eigenvalue {_number(kernel['smallest'])}, condition number "
            f"{_number(kernel['condition'])}, effective rank {_number(kernel['effective_rank'])}, generalisation term "
            f"{_number(kernel['generalisation'])}{active}"
        )
        lines += [f"  {bound['name']}: {_number(bound['value'])} ({_status(bound)})" for bound in kernel["bounds"]]
    return "\n".join(lines)


def _subject(metrics: Metrics) -> str:
    s = metrics["settings"]
    if s["net"] is not None:
        return s["net"]
    return f"two-layer networks with large bias, thresholds {'frozen' if s['frozen'] else 'trained'}"


def _number(value: float | None, digits: int = 3) -> str:
    return "∞" if value is None else format_number(value, digits)


def _status(bound: Metrics) -> str:
    """What a bound is worth, in words."""
    if bound["status"] == "in a region":
        if bound["applies"]:
            return f"{bound['side']} bound: the eigenvector is in the region"
        return "no bound: the eigenvector is outside of the region"
    return f"{bound['side']} bound, {bound['status']}"


def _summary(metrics: Metrics) -> Section:
    blocks: list[Block] = [
        Paragraph(
            "The smallest eigenvalue of the kernel matrix decides how fast a wide network fits the last of its labels, "
            "and the condition number how many steps of gradient descent that takes. Lower bounds on it are what "
            "theorems on convergence rest on; each is shown here beside the eigenvalue, with what it is worth."
        )
    ]
    singular = [kernel["name"] for kernel in metrics["kernels"] if kernel["condition"] is None]
    if singular:
        blocks.append(
            Notice(
                f"The kernel is singular at {', '.join(singular)}: rows that are equal, or more rows than features. "
                "No function of finite norm fits all labels there.",
                "warning",
            )
        )
    outside = [k["name"] for k in metrics["kernels"] for b in k["bounds"] if not b["applies"]]
    if outside:
        blocks.append(
            Notice(
                "The bound p₀ − min p holds for vectors in a region of the data. The eigenvector of the smallest "
                f"eigenvalue is outside of it at {', '.join(outside)}: there the figure is no bound on the eigenvalue.",
                "warning",
            )
        )
    return Section("Summary", [*blocks, *(Notice(note) for note in metrics["data"]["notes"])])


def _eigenvalues(metrics: Metrics, figure: str) -> Section:
    rows = [
        (
            kernel["name"],
            _number(kernel["largest"]),
            _number(kernel["smallest"]),
            _number(kernel["condition"]),
            _number(kernel["effective_rank"]),
        )
        for kernel in metrics["kernels"]
    ]
    told = "; ".join(f"{row[0]}: from {row[1]} to {row[2]}" for row in rows)
    caption = (
        "The steeper a curve falls, the fewer directions are learnt fast, and the larger is the condition number. "
        "Eigenvalues in falling order, as shares of their sum."
    )
    columns = ("Kernel", "Largest", "Smallest", "Condition", "Effective rank")
    blocks: list[Block] = [Figure(figure, caption, f"Curves on logarithmic axes. {told}."), Table(columns, rows)]
    if metrics["settings"]["biases"]:
        blocks.append(_family(metrics))
    return Section("Eigenvalues", blocks)


def _family(metrics: Metrics) -> Table:
    """The smallest eigenvalue over the bias, of kernels close to the one that is measured."""
    s = metrics["settings"]
    other = f"Thresholds {'trained' if s['frozen'] else 'frozen'}"
    columns = ("Kernel", "Smallest", "Times exp(B²/2)", other, f"A network of width {s['width']:,}")
    names = ("smallest", "scaled", "other", "network")
    rows = [(kernel["name"], *(_number(kernel[name]) for name in names)) for kernel in metrics["kernels"]]
    caption = "Smallest eigenvalues: of the limit, over the course that the theory expects, and of two other kernels."
    return Table(columns, rows, caption)


def _bounds(metrics: Metrics, figure: str) -> Section:
    rows = []
    for kernel in metrics["kernels"]:
        for bound in kernel["bounds"]:
            ratio = "–" if kernel["condition"] is None else format_number(bound["value"] / kernel["smallest"], 2)
            rows.append((kernel["name"], bound["name"], format_number(bound["value"]), ratio, _status(bound)))
    told = "; ".join(f"{k['name']}: {_number(k['smallest'])}" for k in metrics["kernels"])
    caption = (
        "The closer a triangle is to the disc, the more its bound says about the smallest eigenvalue. Lower bounds of "
        "0 and below, and that of the worst case, are not drawn. A hollow square bounds the quadratic form in a region "
        "where the eigenvector is not."
    )
    columns = ("Kernel", "Bound", "Value", "Over the eigenvalue", "Status")
    table = Table(columns, rows, align=("left", "left", "right", "right", "left"))
    return Section("Bounds on the smallest eigenvalue", [Figure(figure, caption, f"Marks by kernel. {told}."), table])


def _terms(metrics: Metrics) -> Section:
    family = "active" in metrics["kernels"][0]
    columns = ["Kernel", "Term", "Localised"] + (["Without sparsity", "Active"] if family else [])
    rows = []
    for kernel in metrics["kernels"]:
        row = [kernel["name"], _number(kernel["generalisation"])]
        row.append("–" if kernel["localised"] is None else f"× {kernel['localised']:.3f}")
        if family:
            row += [_number(kernel["without_sparsity"]), f"{kernel['active']:.4f}"]
        rows.append(row)
    classes = "" if metrics["settings"]["n_classes"] == 2 else ", mean over each class against the rest"
    sure = 1 - metrics["settings"]["delta"]
    text = (
        f"Term: 2 √(tr(K) yᵀK⁻¹y) / n for labels 1 and −1{classes}. With probability {sure:g} "
        "the mean loss of a function of that norm on new rows, for a loss in [0, 1] of slope 1, is at most that on the "
        f"training rows, the term and {metrics['confidence']:.3f} together, for a ball fixed beforehand. Localised: by "
        "which factor a local complexity is smaller, without constants."
    )
    return Section("Generalisation", [Paragraph(text), Table(columns, rows)])


def _setup(metrics: Metrics) -> Section:
    s = metrics["settings"]
    pairs = [
        ("Kernel", "NTK of " + _subject(metrics)),
        ("Rows", f"{s['n_train']:,} of {metrics['data']['n_rows']:,}, seed {s['seed']}"),
        ("Precision", "float64"),
        ("Time", format_seconds(metrics["seconds"])),
    ]
    return Section("Settings", [KeyValues(pairs)])


def _reproduce(metrics: Metrics) -> Section:
    files = [("spectrum.npz", "all eigenvalues"), ("metrics.json", "figures"), ("config.toml", "settings")]
    return Section("Reproduce", [Code(metrics["command"]), KeyValues(files)])
