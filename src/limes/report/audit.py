"""What the attack found when it tested itself: the section that reports of attacks share."""

from collections.abc import Mapping, Sequence
from typing import Any

from limes.report.html import Block, Notice, Paragraph, Section, Table

Check = Mapping[str, Any]


def audit_section(checks: Sequence[Check]) -> Section:
    """Failed checks as warnings with a remedy, all of them in a table; each with its defence where it names one.

    Args:
        checks: name, passed, detail, remedy and, where several defences were attacked, defence.
    """
    failed = [check for check in checks if not check["passed"]]
    blocks: list[Block] = [Notice(" ".join(filter(None, map(sentence, failure(check)))), "warning") for check in failed]
    if not failed:
        blocks.append(Paragraph(f"All {len(checks)} checks passed."))
    columns = {"Check": "name", "Defence": "defence", "Outcome": "passed", "Detail": "detail"}
    if not any("defence" in check for check in checks):
        del columns["Defence"]
    rows = [
        tuple(_outcome(check) if key == "passed" else str(check.get(key, "")) for key in columns.values())
        for check in checks
    ]
    blocks.append(Table(tuple(columns), rows, "All checks", ("left",) * len(columns), folded=True))
    intro = "The attack tests itself: a robust accuracy is only worth as much as the attack that failed to break it."
    return Section("Audit of the attack", blocks, intro)


def failures(failed: int, total: int) -> str:
    """How many checks failed, and what that means."""
    checks = "1 check" if failed == 1 else f"{failed} checks"
    return f"{checks} of the attack out of {total} failed, so worst-case accuracies may be too high; see the audit."


def failure(check: Check) -> tuple[str, str, str]:
    """What failed, what was seen, what to do."""
    of = f" ({check['defence']})" if "defence" in check else ""
    return f"{check['name']}{of}: failed", check.get("detail", ""), check.get("remedy", "")


def sentence(text: str) -> str:
    """A text with a capital and a full stop."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text[-1:] in ("", ".", "!", "?") else ".")


def _outcome(check: Check) -> str:
    return "passed" if check["passed"] else "FAILED"
