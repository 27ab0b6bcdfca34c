"""The report of a paper's run, composed from its metrics."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from limes.papers.claim import Claim
from limes.papers.paper import Drawing
from limes.report import (
    Code,
    Figure,
    KeyValues,
    Notice,
    Page,
    Paragraph,
    Section,
    Table,
    format_seconds,
    render,
    to_svg,
)
from limes.report.html import Block

_READING = (
    "A claim holds if its figure lies within the tolerance and two standard errors of what was expected, and fails if "
    "what refutes it is true by more than two standard errors; what lies between is inconclusive. ± is one standard "
    "error over seeds; a figure without one is the worst of all seeds, or has nothing random in it."
)
_WORDS = {"holds": "holds", "fails": "FAILS", "inconclusive": "inconclusive"}


def paper_page(metrics: Mapping[str, Any], figures: Mapping[str, tuple[str, str, str]]) -> Page:
    """Compose the report.

    Args:
        metrics: what `limes.papers.run` writes to ``metrics.json``.
        figures: SVG, caption and description of each figure.
    """
    claims = [Claim.from_json(entry) for entry in metrics["claims"]]
    paper = metrics["paper"]
    sections = [
        _summary(metrics, claims),
        *([_headline(claims)] if any(claim.headline for claim in claims) else []),
        Section("All claims", [_table(claims)], _READING),
        *([Section("Figures", [Figure(*parts) for parts in figures.values()])] if figures else []),
        Section("How each was measured", [_details(claims)]),
        _cost(metrics),
        _reproduce(metrics),
    ]
    return Page(
        title=paper["title"],
        subtitle=f"{paper['reference']}; size {metrics['size']}",
        headline=[(word, str(n), "claims") for word, n in _counts(claims).items()],
        sections=sections,
        docs="papers.md",
    )


def page_html(metrics: Mapping[str, Any], drawings: Mapping[str, Drawing]) -> str:
    """The report as one HTML file, from the metrics and the paper's figures."""
    shown = {name: (to_svg(drawing.figure), drawing.caption, drawing.alt) for name, drawing in drawings.items()}
    return render(paper_page(metrics, shown))


def format_measured(claim: Claim) -> str:
    """The figure of a claim with its standard error.

    Example:
        >>> from limes.papers.claim import Expected
        >>> format_measured(Claim("1", "s", "p", "q", Expected.at_most(0.0), (0.25, 0.35), (0, 1)))
        '0.3 ± 0.05'
    """
    text = f"{claim.measured:.3g}"
    return text if claim.standard_error is None else f"{text} ± {claim.standard_error:.2g}"


def count_verdicts(claims: Sequence[Claim]) -> str:
    """How many claims have which verdict, in words: ``3 hold, 1 fails``."""
    verbs = {"holds": ("holds", "hold"), "fails": ("fails", "fail"), "inconclusive": ("is inconclusive",) * 2}
    verbs["inconclusive"] = ("is inconclusive", "are inconclusive")
    parts = [f"{n} {verbs[word][n > 1]}" for word, n in _counts(claims).items() if n]
    return ", ".join(parts) or "no claim was measured"


def _counts(claims: Sequence[Claim]) -> dict[str, int]:
    found = Counter(claim.verdict for claim in claims)
    return {word: found[word] for word in _WORDS}


def _summary(metrics: Mapping[str, Any], claims: Sequence[Claim]) -> Section:
    blocks: list[Block] = [Paragraph(metrics["paper"]["about"])]
    blocks.append(Paragraph(f"Of {len(claims)} checked statements: {count_verdicts(claims)}."))
    for claim in claims:
        if claim.verdict == "fails":
            blocks.append(Notice(f"{claim.statement}: expected {claim.expected}, measured {format_measured(claim)}."))
    blocks += [Notice(note, "warning") for note in metrics["notes"]]
    return Section("Summary", blocks)


def _headline(claims: Sequence[Claim]) -> Section:
    return Section("Main claims", [_table([claim for claim in claims if claim.headline])])


def _table(claims: Sequence[Claim]) -> Table:
    rows = [
        (f"{c.id}. {c.statement}", _unbroken(str(c.expected)), format_measured(c), _WORDS[c.verdict]) for c in claims
    ]
    return Table(("Statement", "Expected", "Measured", "Verdict"), rows, align=("left", "left", "right", "left"))


def _unbroken(text: str) -> str:
    """With hyphens in 1e-12 at which no line is broken."""
    return text.replace("e-", "e\u2011")


def _details(claims: Sequence[Claim]) -> Table:
    rows = []
    for claim in claims:
        seeds = ", ".join(f"{value:.4g}" for value in claim.values)
        what = f"{claim.id}. {claim.quantity[:1].upper()}{claim.quantity[1:]}. {claim.note}".rstrip()
        rows.append((what, _unbroken(claim.expected.refutation), f"{claim.source}.", seeds))
    return Table(("Quantity", "Refuted", "Source", "Value of each seed"), rows, align=("left",) * 4)


def _cost(metrics: Mapping[str, Any]) -> Section:
    rows = [(t["quantity"], str(len(t["seeds"])), format_seconds(t["seconds"])) for t in metrics["timings"]]
    total = sum(t["seconds"] for t in metrics["timings"])
    return Section("Time", [Table(("Quantity", "Seeds", "Time"), [*rows, ("total", "", format_seconds(total))])])


def _reproduce(metrics: Mapping[str, Any]) -> Section:
    versions = ", ".join(f"{name} {version}" for name, version in metrics["versions"].items())
    pairs = [("Date", metrics["date"]), ("Versions", versions)]
    if metrics["commit"]:
        pairs.append(("Commit", metrics["commit"]))
    return Section("Reproduce", [Code(metrics["command"]), KeyValues(pairs)])
