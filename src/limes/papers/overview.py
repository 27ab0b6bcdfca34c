"""What ``limes papers list`` and ``show`` tell: the committed verdicts that count, with a local run beside them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from limes.core.errors import FormatError
from limes.papers.claim import Claim
from limes.papers.registry import entries
from limes.papers.result import PaperResult, committed, find_local


@dataclass(frozen=True, eq=False)
class Listed:
    """A paper in the list.

    Attributes:
        key, title: of the paper.
        claims: the committed measurement of each that counts, in the paper's order.
        local: the newest finished run in the default place, or None.
        warnings: what stands in the way of a verdict.
    """

    key: str
    title: str
    claims: tuple[Claim, ...]
    local: PaperResult | None = None
    warnings: tuple[str, ...] = ()


def listing(root: str | Path = "runs") -> list[Listed]:
    """All papers; `root` is where local runs are looked for."""
    found = []
    for entry in entries():
        warnings: list[str] = []
        claims: tuple[Claim, ...] = ()
        try:
            claims = committed(entry.key)
            if not claims:
                warnings.append(f"{entry.key} has no committed results: limes papers run {entry.key} measures them")
        except FormatError as error:
            warnings.append(str(error))
        found.append(Listed(entry.key, entry.title, claims, find_local(entry.key, root), tuple(warnings)))
    return found


def as_json(papers: list[Listed]) -> dict[str, Any]:
    """The list as ``limes papers list --json`` prints it: committed verdicts only."""
    return {
        "data": [{"key": p.key, "title": p.title, "claims": [claim.row() for claim in p.claims]} for p in papers],
        "warnings": [warning for p in papers for warning in p.warnings],
        "meta": {},
    }
