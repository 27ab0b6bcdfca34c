"""The report of `limes robustify`, composed from its metrics. A part without figures has no section."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from limes.core.memory import format_bytes
from limes.report import reading
from limes.report.audit import audit_section, failures
from limes.report.certificates import certified_curve, curve_blocks, radius_blocks
from limes.report.curves import radius_curve, time_curve
from limes.report.formats import format_number, format_seconds
from limes.report.html import Block, Code, Figure, KeyValues, Notice, Page, Paragraph, Section, Table
from limes.report.reading import as_time, estimate

if TYPE_CHECKING:
    from matplotlib.figure import Figure as MatplotlibFigure

FIGURES = ("data", "time", "radius", "certificates", "gallery")
"""Names of the figures that the page has a place for."""
_MOST_LINES = 6
_CLASSES = (
    "Where one bar is much longer than the others, naming its class alone is right on many rows: compare accuracies "
    "with that. Rows per class, with examples where rows are images."
)
Metrics = Mapping[str, Any]


def robustify_page(metrics: Metrics, figures: Mapping[str, str]) -> Page:
    """Compose the report.

    Args:
        metrics: what `limes robustify` writes to ``metrics.json``; any part may be missing.
        figures: SVG texts by name, see `FIGURES`; any may be missing.
    """
    data, settings = metrics.get("data", {}), metrics.get("settings", {})
    makers = (
        _summary,
        _data,
        _setup,
        _time,
        _radius,
        _defences,
        _certificates,
        _gallery,
        _audit,
        _cost,
        _use,
        _reproduce,
    )
    sections = [section for make in makers if (section := make(metrics, figures)) is not None]
    name = data.get("name", "your data")
    parts = [str(settings[k]) for k in ("net",) if k in settings]
    parts += [f"attack within {reading.threat(settings)}"] if "eps" in settings else []
    return Page(
        title=f"Robustness of an infinitely wide network on {name}",
        subtitle=", ".join(parts),
        headline=_tiles(metrics),
        sections=sections,
        docs="robustify.md#what-each-part-says",
    )


def metric_figures(metrics: Metrics) -> "dict[str, MatplotlibFigure]":
    """The figures that metrics alone determine: "time" and "radius", where they were measured."""
    settings, made = metrics.get("settings", {}), {}
    if curve := metrics.get("curve"):
        clean, robust = ([estimate(point[part]) for point in curve] for part in ("clean", "robust"))
        validation = [point.get("validation_robust") for point in curve]
        chosen = metrics.get("chosen")
        made["time"] = time_curve(
            [as_time(point["time"]) for point in curve],
            [e.mean for e in clean],
            [e.se for e in clean],
            [e.mean for e in robust],
            [e.se for e in robust],
            as_time(chosen["time"]) if chosen else None,
            [entry["mean"] for entry in validation if entry] if all(validation) else None,
            reading.threat(settings) if "eps" in settings else "",
        )
    if (radius := metrics.get("radius")) and radius.get("defences"):
        lines = {}
        for defence in radius["defences"][:_MOST_LINES]:
            values = [estimate(entry) for entry in defence["robust"]]
            lines[defence["name"]] = ([v.mean for v in values], [v.se for v in values])
        label = f"radius ε ({reading.norm(settings)})" if "norm" in settings else "radius ε"
        made["radius"] = radius_curve(
            radius["eps"], lines, label, settings.get("eps"), reading.most_frequent_share(metrics)
        )
    if found := metrics.get("certificates"):
        made["certificates"] = certified_curve(found)
    return made


def headline(metrics: Metrics) -> str:
    """A few lines for the terminal."""
    lines = [f"{label + ':':<32} {value}" for label, value, _ in _tiles(metrics)]
    lines += reading.sentences(metrics)[1:]
    if failed := [check for check in metrics.get("audit", ()) if not check["passed"]]:
        lines.append(f"Warning: {failures(len(failed), len(metrics['audit']))}")
    return "\n".join(lines)


def _tiles(metrics: Metrics) -> list[tuple[str, str, str]]:
    plain, stop, chosen = reading.plain_flow(metrics), reading.chosen_stop(metrics), metrics.get("chosen")
    settings = metrics.get("settings", {})
    reach = reading.threat(settings) if "eps" in settings else "under attack"
    tiles = []
    if plain:
        tiles.append(("Clean accuracy", str(plain.clean), "trained to convergence"))
        tiles.append(("Worst-case accuracy", str(plain.robust), f"trained to convergence, {reach}"))
    if stop:
        tiles.append(("Worst case, early stop", str(stop.robust), f"at the chosen time, {reach}"))
    if chosen:
        times = sorted({as_time(t) for t in chosen.get("per_seed", ())})
        spread = ", ".join(format_number(t) for t in times)
        hint = f"the seeds chose {spread}" if len(times) > 1 else "chosen on validation data"
        tiles.append(("Chosen training time", f"t = {format_number(as_time(chosen['time']))}", hint))
    return tiles


def _summary(metrics: Metrics, figures: Mapping[str, str]) -> Section | None:
    blocks: list[Block] = [Paragraph(text) for text in reading.sentences(metrics)]
    if not blocks:
        return None
    audit = metrics.get("audit", ())
    if failed := sum(not check["passed"] for check in audit):
        blocks.append(Notice(failures(failed, len(audit)), "warning"))
    blocks.append(
        Paragraph(
            "Worst-case accuracy counts a point only if it withstands every attack that was tried. A stronger attack "
            f"could lower it, none can raise it. {reading.error_source(metrics.get('settings', {}))}".rstrip()
        )
    )
    return Section("Summary", blocks)


def _data(metrics: Metrics, figures: Mapping[str, str]) -> Section | None:
    data = metrics.get("data")
    if not data:
        return None
    pairs = [
        ("Source", data.get("source")),
        ("Kind", data.get("kind")),
        ("Rows", _count(data.get("n_rows"))),
        ("Test part", _count(data.get("n_test")) if data.get("n_test", 1) else "none: test rows are drawn from these"),
        ("Shape of a row", " × ".join(map(str, data["shape"])) if data.get("shape") else None),
        ("Type", data.get("dtype")),
        ("Values", _range(data.get("minimum"), data.get("maximum"))),
        ("Box of valid inputs", _range(*data["bounds"]) if data.get("bounds") else "none"),
        ("Scaling", data.get("scale")),
    ]
    blocks: list[Block] = [KeyValues([(name, str(value)) for name, value in pairs if value not in (None, "")])]
    blocks += [Notice(note) for note in data.get("notes", ())]
    counts = {str(label): int(n) for label, n in data.get("classes", {}).items()}
    described = ", ".join(f"{label}: {n:,}" for label, n in list(counts.items())[:20])
    if "data" in figures:
        alt = f"Rows per class. {described}"
        blocks.append(Figure(figures["data"], _CLASSES, alt))
    elif counts:
        rows = [(label, f"{n:,}", f"{n / sum(counts.values()):.3f}") for label, n in counts.items()]
        blocks.append(Table(("Class", "Rows", "Share"), rows, "Rows per class", folded=len(rows) > 12))
    return Section("Data", blocks)


def _setup(metrics: Metrics, figures: Mapping[str, str]) -> Section | None:
    s = metrics.get("settings")
    if not s:
        return None
    pairs = [
        ("Network", s.get("net")),
        ("Kernel", {"ntk": "NTK", "nngp": "NNGP"}.get(str(s.get("kind")), s.get("kind"))),
        ("Attack", f"{reading.threat(s)}{_inside(s.get('bounds'))}" if "eps" in s else None),
        ("Attack suite", s.get("attack")),
        ("Training rows", _count(s.get("n_train"))),
        ("Validation rows", _count(s.get("n_validation"))),
        ("Test rows attacked", _count(s.get("n_test"))),
        ("Training times", ", ".join(format_number(as_time(t)) for t in s.get("times", ()))),
        ("Scaling inside the model", s.get("scale") or "none"),
        ("Solver", s.get("solver")),
        ("Seeds", ", ".join(map(str, s.get("seeds", ())))),
    ]
    return Section("Set-up", [KeyValues([(name, str(value)) for name, value in pairs if value not in (None, "")])])


def _time(metrics: Metrics, figures: Mapping[str, str]) -> Section | None:
    curve = metrics.get("curve")
    if not curve:
        return None
    times = [as_time(point["time"]) for point in curve]
    robust = [estimate(point["robust"]) for point in curve]
    best = max(range(len(curve)), key=lambda i: robust[i].mean)
    blocks: list[Block] = []
    if "time" in figures:
        alt = (
            f"Accuracy against training time. Worst-case accuracy is highest, {robust[best]}, at "
            f"t = {format_number(times[best])} and {robust[-1]} at t = {format_number(times[-1])}; clean accuracy ends "
            f"at {estimate(curve[-1]['clean'])}."
        )
        caption = (
            "Where the lower curve falls while the upper one still rises, longer training buys clean accuracy with "
            "robustness. Bands show one standard error; the broken axis leads to t = ∞, the converged network. "
            "The stop is chosen on validation data, not on the curve shown."
        )
        blocks.append(Figure(figures["time"], caption, alt))
    columns = {"clean": "Clean", "robust": "Worst case", "validation_clean": "Clean, validation"}
    columns["validation_robust"] = "Worst case, validation"
    present = [part for part in columns if all(part in point for point in curve)]
    rows = [
        (format_number(t), *(str(estimate(point[part])) for part in present))
        for t, point in zip(times, curve, strict=True)
    ]
    table = Table(("Time t", *(columns[p] for p in present)), rows, "Accuracy at each time, in figures", folded=True)
    return Section("Robust accuracy against training time", [*blocks, table])


def _radius(metrics: Metrics, figures: Mapping[str, str]) -> Section | None:
    radius = metrics.get("radius")
    if not radius or not radius.get("defences"):
        return None
    defences = radius["defences"]
    values = {d["name"]: [estimate(entry) for entry in d["robust"]] for d in defences}
    blocks: list[Block] = []
    if "radius" in figures:
        ends = "; ".join(f"{name} from {v[0].mean:.3f} to {v[-1].mean:.3f}" for name, v in values.items())
        alt = f"Worst-case accuracy against radius, up to {format_number(radius['eps'][-1])}: {ends}."
        caption = (
            "How fast each defence gives way as the attack may change more. At radius 0 the curves show clean "
            "accuracy; the dashed line marks the radius of this report. A curve that stays high at large radii would "
            "be a sign of a failing attack."
        )
        if len(defences) > _MOST_LINES:
            caption += f" The first {_MOST_LINES} of {len(defences)} defences are drawn; the table has all."
        blocks.append(Figure(figures["radius"], caption, alt))
    rows = [(format_number(eps), *(str(v[i]) for v in values.values())) for i, eps in enumerate(radius["eps"])]
    table = Table(("Radius ε", *values), rows, "Worst-case accuracy at each radius, in figures", folded=True)
    return Section("Robust accuracy against radius", [*blocks, table])


def _defences(metrics: Metrics, figures: Mapping[str, str]) -> Section | None:
    table = metrics.get("table")
    if not table:
        return None
    rows = []
    for row in table:
        time = row.get("time")
        shown = "–" if time is None else format_number(as_time(time))
        rows.append((row["defence"], shown, str(estimate(row["clean"])), str(estimate(row["robust"]))))
    settings = metrics.get("settings", {})
    reach = f" ({reading.threat(settings)})" if "eps" in settings else ""
    caption = f"Accuracy on the test points, clean and in the worst case{reach}. {reading.error_source(settings)}"
    intro = "Every defence meets the same attack on the same data and seeds."
    blocks: list[Block] = [Table(("Defence", "Time t", "Clean", "Worst case"), rows, caption.strip())]
    for entry in metrics.get("left_out", ()):
        blocks.append(
            Notice(
                f"Left out: {entry['defence']}, which would take about {format_seconds(entry['seconds'])}, more than "
                f"the budget allows. The same command with --budget {entry['needed_budget'] / 60 + 1:.0f}min adds it."
            )
        )
    return Section("Defences compared", blocks, intro)


def _certificates(metrics: Metrics, figures: Mapping[str, str]) -> Section | None:
    found = metrics.get("certificates")
    if not found:
        return None
    intro = (
        f"Proofs for {found['n_points']} test points of the model “{found['defence']}”: no input of the box within the "
        "certified radius of a point has another label. The command limes certify does more points of a saved model."
    )
    return Section("Certificates", [*radius_blocks(found), *curve_blocks(found, figures, "certificates")], intro)


def _gallery(metrics: Metrics, figures: Mapping[str, str]) -> Section | None:
    if "gallery" not in figures:
        return None
    caption = (
        "Bold readings are wrong: compare how much had to change. Of images, the row between shows what was added, "
        "with its range at the left: purple is darker and orange lighter (of colour images, grey is unchanged)."
    )
    if len(metrics.get("data", {}).get("shape", (0, 0, 0))) < 3:
        caption = "Where the two lines hardly differ and yet the class that is read does, the network is easily misled."
    alt = "Test points before and after the attack, each with its true class and the class that the network reads."
    return Section("Adversarial examples", [Figure(figures["gallery"], caption, alt)])


def _audit(metrics: Metrics, figures: Mapping[str, str]) -> Section | None:
    return audit_section(metrics["audit"]) if metrics.get("audit") else None


def _cost(metrics: Metrics, figures: Mapping[str, str]) -> Section | None:
    timings, memory = metrics.get("timings", ()), metrics.get("memory", {})
    blocks: list[Block] = []
    if timings:
        total = sum(t["seconds"] for t in timings)
        rows = [(t["stage"], format_seconds(t["seconds"])) for t in timings] + [("total", format_seconds(total))]
        blocks.append(Table(("Step", "Time"), rows, "Time of each step"))
    if memory.get("peak_bytes"):
        blocks.append(Paragraph(f"Memory at its peak: {format_bytes(memory['peak_bytes'])}."))
    return Section("Time and memory", blocks) if blocks else None


def _use(metrics: Metrics, figures: Mapping[str, str]) -> Section | None:
    model = metrics.get("files", {}).get("model")
    if not model:
        return None
    code = f"import limes as lm\n\nclf = lm.load({str(model)!r})\n# X in the units of the data above\nclf.predict(X)"
    blocks: list[Block] = [Code(code)]
    if chosen := metrics.get("model", {}).get("defence"):
        blocks.insert(
            0, Paragraph(f"The first seed's model of the defence that withstands most on validation: {chosen}.")
        )
    if metrics.get("model", {}).get("key") != "finite-at":
        note = f"{model} contains the training rows, as every kernel model does: share it only where the data may go."
        blocks.append(Notice(note))
    return Section("Use the model", blocks)


def _reproduce(metrics: Metrics, figures: Mapping[str, str]) -> Section | None:
    blocks: list[Block] = [Code(str(metrics["command"]))] if metrics.get("command") else []
    if files := metrics.get("files"):
        rows = [(str(path), str(what)) for what, path in files.items()]
        blocks.append(Table(("File", "What"), rows, "Files of this run", ("left", "left")))
    return Section("Reproduce", blocks) if blocks else None


def _count(n: Any) -> str | None:
    return None if n is None else f"{n:,}"


def _range(low: Any, high: Any) -> str | None:
    if low is None or high is None:
        return None
    return f"{format_number(float(low))} to {format_number(float(high))}"


def _inside(bounds: Any) -> str:
    return f", inside the box {_range(*bounds)}" if bounds else ", no box"
