"""``limes papers``: published systems, their claims, and whether these hold."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from limes.cli import complete
from limes.cli import options as o
from limes.cli.guard import guarded

if TYPE_CHECKING:
    from limes.papers import Checked, Claim

app = typer.Typer(
    help="Published systems: their claims with verdicts, measured again.",
    epilog="Example: limes papers show adv-ntk",
    no_args_is_help=True,
    rich_markup_mode=None,
)

KeyArgument = Annotated[
    str,
    typer.Argument(metavar="KEY", help="The paper's key, as papers list shows it.", autocompletion=complete.papers),
]
SIZE = complete.one_of(complete.SIZES)


@guarded
def list_papers(json: o.Json = False) -> None:
    """List the papers and the verdicts on their main claims.

    These are the committed ones; a local run is shown beside them.
    """
    from limes import papers

    found = papers.listing()
    if json:
        o.show(papers.as_json(found))
        return
    for paper in found:
        print(f"{paper.key}  {paper.title}")
        local = {} if paper.local is None else {claim.id: claim for claim in paper.local.claims}
        for claim in paper.claims:
            if claim.headline:
                print(f"  {_line(claim)}{_beside(local.get(claim.id))}")
        others = [claim for claim in paper.claims if not claim.headline]
        if others:
            print(f"  and {len(others)} more: {papers.count_verdicts(others)}")
        if paper.local is not None:
            where = f"{paper.local.size}, {paper.local.folder}"
            print(f"  local run ({where}): {papers.count_verdicts(paper.local.claims)}")
        for warning in paper.warnings:
            print(f"  warning: {warning}")


@guarded
def run(
    key: KeyArgument,
    size: Annotated[
        str,
        typer.Option(
            metavar="SIZE",
            help="smoke (at most 90 s on two cores) or full (what the claims ask for).",
            autocompletion=SIZE,
        ),
    ] = "smoke",
    data: o.DataDir = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run (default: runs/papers-...).")] = None,
    seeds: Annotated[int | None, typer.Option(help="Number of seeds of every quantity (default: the paper's).")] = None,
    carry: Annotated[
        Path | None, typer.Option(help="JSON file of finished parts, read and added to: to go on on another machine.")
    ] = None,
    part: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PART",
            help="Measure this part only, and add it to --carry; may be repeated. --dry-run --json names them.",
        ),
    ] = None,
    memory: o.Memory = None,
    force: o.Force = False,
    dry_run: o.DryRun = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
) -> None:
    """Measure the claims of a paper and write a report.

    Interrupt it at any moment: the same command continues, and does nothing to a finished run. A claim that fails is a
    result: the exit code is 0.
    """
    from limes import papers
    from limes.core.errors import InputError
    from limes.core.progress import Bar

    o.set_memory(memory)
    folder = data and str(data)
    if dry_run:
        _show_plan(papers.plan(key, size, folder, seeds, carry), json)  # pyright: ignore[reportArgumentType]
        return
    if part:
        if carry is None:
            raise InputError("--part measures parts of a run for a file: name it with --carry")
        with Bar(quiet=quiet) as progress:
            papers.measure(key, part, carry, size, folder, out, seeds, progress, force=force)  # pyright: ignore[reportArgumentType]
        o.show({"parts": part, "carry": str(carry)}) if json else print(f"{', '.join(part)} in {carry}")
        return
    with Bar(quiet=quiet) as progress:
        result = papers.run(
            key,
            size,  # pyright: ignore[reportArgumentType]
            folder,
            out,
            seeds,
            progress,
            carry=carry,
            force=force,
        )
    if json:
        claims = [claim.to_json() for claim in result.claims]
        about: dict[str, Any] = {"key": result.key, "title": result.title, "size": result.size, "claims": claims}
        o.show({**about, "notes": result.notes, "folder": str(result.folder), "resumed": result.resumed})
        return
    for claim in result.claims:
        print(_line(claim))
    print(f"{papers.count_verdicts(result.claims)}\nReport: {result.report}")


@guarded
def check(
    keys: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY", help="Papers (default: all).", autocompletion=complete.papers),
    ] = None,
    data: o.DataDir = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the runs (default: runs/papers-check-..., by version of the code).")
    ] = None,
    memory: o.Memory = None,
    force: o.Force = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
) -> None:
    """Measure papers again in small, and compare the verdicts.

    Every verdict at smoke size is compared with the committed one. The exit code is 1 if a claim that held fails now,
    or the other way round, or a claim is missing; a verdict that became inconclusive, or ceased to be, is only told.

    Interrupt it at any moment: the same command continues.
    """
    from limes import papers
    from limes.core.progress import Bar

    o.set_memory(memory)
    with Bar(quiet=quiet) as progress:
        found = papers.check(keys or (), data and str(data), out, progress, force=force)
    if json:
        o.show({"papers": [checked.to_json() for checked in found], "agree": all(c.agrees for c in found)})
    else:
        _show_checked(found)
    if not all(checked.agrees for checked in found):
        raise typer.Exit(1)


@guarded
def report(
    key: KeyArgument,
    size: Annotated[
        str | None,
        typer.Option(metavar="SIZE", help="smoke or full (default: full where it is committed).", autocompletion=SIZE),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The HTML file (default: runs/papers-KEY.html).")] = None,
    json: o.Json = False,
) -> None:
    """Write the report of a paper's committed results.

    Nothing is measured.
    """
    from limes import papers

    path = papers.report(key, size, out)  # pyright: ignore[reportArgumentType]
    o.show({"key": key, "report": str(path)}) if json else print(f"Report: {path}")


@guarded
def show(key: KeyArgument, json: o.Json = False) -> None:
    """Show every claim of a paper, with figures and sources."""
    from limes import papers

    entry = papers.entry(key)
    (paper,) = [listed for listed in papers.listing() if listed.key == entry.key]
    local = None if paper.local is None else paper.local
    if json:
        beside = None if local is None else [claim.to_json() for claim in local.claims]
        claims = [claim.to_json() for claim in paper.claims]
        o.show({"key": paper.key, "title": paper.title, "claims": claims, "local": beside, "warnings": paper.warnings})
        return
    print(paper.title)
    beside = {} if local is None else {claim.id: claim for claim in local.claims}
    committed = {claim.id: claim for claim in paper.claims}
    for claim in papers.in_order({**beside, **committed}.values()):
        print(f"\n{_line(claim)}{_beside(beside.get(claim.id)) if claim.id in committed else ' (local run)'}")
        print(f"  {claim.quantity}; refuted {claim.expected.refutation}. {claim.source}.")
        if claim.note:
            print(f"  {claim.note}")
    for warning in paper.warnings:
        print(f"\nwarning: {warning}")


app.command(name="list", epilog="Example: limes papers list --json")(list_papers)
app.command(epilog="Example: limes papers run adv-ntk --out runs/adv-ntk")(run)
app.command(epilog="Example: limes papers check tensor-decomposition rntk")(check)
app.command(epilog="Example: limes papers report adv-ntk --out adv-ntk.html")(report)
app.command(epilog="Example: limes papers show adv-ntk")(show)


def _line(claim: "Claim") -> str:
    from limes.papers import format_measured

    measured = f"expected {claim.expected}, measured {format_measured(claim)}"
    return f"{claim.verdict:<12} {claim.id:<4} {claim.statement}: {measured} ({claim.size})"


def _beside(claim: "Claim | None") -> str:
    from limes.papers import format_measured

    return "" if claim is None else f"; local {claim.size}: {format_measured(claim)}, {claim.verdict}"


def _show_checked(found: "list[Checked]") -> None:
    from limes.report import format_seconds

    for checked in found:
        counts = ", ".join(f"{n} {change}" for change, n in sorted(checked.counts.items(), key=lambda item: -item[1]))
        word = "agrees" if checked.agrees else "DISAGREES" if checked.compared else "NEW"
        print(f"{checked.result.key:<22} {word:<10} {counts}; {format_seconds(checked.seconds)}")
        for compared in checked.claims:
            if compared.change in ("contradicts", "missing", "moved"):
                before = "" if compared.before is None else f"; committed: {compared.before.verdict}"
                print(f"  {compared.change}: {_line(compared.claim)}{before}")
    print(f"{sum(checked.agrees for checked in found)} of {len(found)} papers agree with what is committed")


def _show_plan(plan: dict, json: bool) -> None:
    if json:
        o.show(plan)
        return
    from limes.core.memory import format_bytes
    from limes.report import format_seconds

    for name, entry in plan["quantities"].items():
        seeds = len(entry["seeds"])
        print(f"{name:<28} {seeds} seed{'s' if seeds > 1 else ' '}  about {format_seconds(entry['seconds'])}")
    print(f"{'memory':<28} {format_bytes(plan['peak_bytes'])} of {format_bytes(plan['memory_limit_bytes'])}")
    left = sum(seconds > 0 for seconds in plan["parts"].values())
    print(f"{'parts':<28} {left} of {len(plan['parts'])} to be measured")
    print(f"{'time':<28} about {format_seconds(plan['seconds'])} on two cores")
    for note in plan["notes"]:
        print(f"note: {note}")
