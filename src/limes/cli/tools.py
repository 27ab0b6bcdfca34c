"""``limes doctor``: what this installation can do."""

from typing import Any

import typer

from limes.cli import options as o
from limes.cli.guard import guarded


@guarded
def doctor(json: o.Json = False) -> None:
    """Check this installation: packages, devices, known results.

    Shows versions and settings, and computes a kernel, a fit and an attack whose results are known. The exit code is 1
    where something is broken. Put the output into every report of a problem.
    """
    from limes.core import installation

    if wrong := installation.problems():  # what needs these packages cannot even be imported
        checks = [{"name": "package", "passed": False, "detail": sentence} for sentence in wrong]
        found: dict[str, Any] = {"versions": installation.versions(), "checks": checks}
    else:
        from limes import jobs

        found = jobs.doctor()
    o.show(found) if json else _show(found)
    if not all(check["passed"] for check in found["checks"]):
        raise typer.Exit(1)


def _show(found: dict[str, Any]) -> None:
    rows = dict(found["versions"])
    for name in ("interpreter", "location", "memory_limit", "data_folder"):
        if name in found:
            rows[name.replace("_", " ")] = found[name]
    if "devices" in found:
        rows["devices"] = ", ".join(found["devices"])
        rows["extras"] = ", ".join(name for name, there in found["extras"].items() if there) or "none"
        rows["not installed"] = ", ".join(name for name, there in found["extras"].items() if not there) or "none"
    for name, value in rows.items():
        print(f"{name:<17} {value}")
    for check in found["checks"]:
        print(f"{'ok' if check['passed'] else 'FAILED':<17} {check['name']}: {check['detail']}")
    for note in found.get("notes", ()):
        print(f"{'note':<17} {note}")
