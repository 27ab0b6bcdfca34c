"""``limes doctor``: what this installation can do."""

import typer

from limes.cli import options as o
from limes.cli.guard import guarded


@guarded
def doctor(json: o.Json = False) -> None:
    """Show versions, devices and memory, and test the kernel, a solver and an attack on a known case."""
    from limes import jobs

    found = jobs.doctor()
    if json:
        o.show(found)
    else:
        for name, value in found["versions"].items():
            print(f"{name:<14} {value}")
        print(f"{'devices':<14} {', '.join(found['devices'])}")
        print(f"{'memory limit':<14} {found['memory_limit']}")
        for check in found["checks"]:
            print(f"{'ok' if check['passed'] else 'FAILED':<14} {check['name']}: {check['detail']}")
    if not all(check["passed"] for check in found["checks"]):
        raise typer.Exit(1)
