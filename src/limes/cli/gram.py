"""``limes gram``: kernel matrices on disk, built by this process or by a cluster."""

from pathlib import Path
from typing import Annotated, Any

import typer

from limes.cli import complete
from limes.cli import options as o
from limes.cli.guard import guarded

app = typer.Typer(
    help="Kernel matrices on disk: build or continue one, check one.",
    epilog="Example: limes gram build digits --net cnn-3 --out runs/gram",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@guarded
def build(
    data: o.DataArgument = None,
    out: Annotated[Path, typer.Option(help="Folder of the store.")] = ...,  # pyright: ignore[reportArgumentType]
    net: o.NetOption = None,
    kind: o.KindOption = "ntk",
    tile: Annotated[int, typer.Option(help="Rows and columns of a tile.")] = 2048,
    dtype: Annotated[
        str | None,
        typer.Option(
            metavar="DTYPE",
            help="float32 or float64 (default: that of the data).",
            autocompletion=complete.one_of(complete.DTYPES),
        ),
    ] = None,
    n_train: Annotated[int | None, typer.Option(help="Training rows (default: all).")] = None,
    seed: o.Seed = 0,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="tcp://HOST:PORT", help="A Dask scheduler, whose workers then compute the tiles."),
    ] = None,
    data_dir: o.DataDir = None,
    target: o.Target = None,
    memory: o.Memory = None,
    dry_run: o.DryRun = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
) -> None:
    """Build or continue the kernel matrix of the training rows.

    Rows are drawn and scaled as limes fit does.

    Interrupt it at any moment: the same command computes what is missing or damaged, and keeps the rest.
    """
    from limes import jobs
    from limes.core.progress import Bar

    o.set_memory(memory)
    options: dict[str, Any] = {"out": out, "net": net, "kind": kind, "tile": tile, "dtype": dtype, "n_train": n_train}
    options |= {"seed": seed, "scheduler": scheduler, "memory": memory, "target": target}
    options |= {"data_dir": data_dir and str(data_dir)}
    if dry_run:
        _show_plan(jobs.plan_gram(data, **options), json)
        return
    with Bar(quiet=quiet) as progress:
        result = jobs.build_gram(data, **options, progress=progress)
    o.show(result) if json else print(f"{_title(result['store'], result)}, complete")


@guarded
def check(
    store: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the store.")],
    json: o.Json = False,
    quiet: o.Quiet = False,
) -> None:
    """Name the tiles of a store that are missing or damaged.

    The exit code is 1 where there are some.
    """
    from limes import jobs
    from limes.core.progress import Bar

    with Bar(quiet=quiet) as progress:
        found = jobs.check_gram(store, progress)
    missing, damaged = found["missing"], found["damaged"]
    if json:
        o.show(found)
    elif missing or damaged:
        print(f"{_title(store, found)}: {len(missing)} missing, {len(damaged)} damaged")
        for word, tiles in (("missing", missing), ("damaged", damaged)):
            if tiles:
                print(f"{word:<8} {_names(tiles)}")
        print("To mend it, run the limes gram build that made it again: it computes these tiles and keeps the others.")
    else:
        print(f"{_title(store, found)}, all there and whole")
    if missing or damaged:
        raise typer.Exit(1)


app.command(epilog="Example: limes gram build digits --net cnn-3 --out runs/gram")(build)
app.command(epilog="Example: limes gram check runs/gram")(check)


def _title(folder: Any, about: dict[str, Any]) -> str:
    tiles = "1 tile" if about["tiles"] == 1 else f"{about['tiles']} tiles"
    return f"{folder}: {about['kind']} of {about['rows']} rows in {about['dtype']}, {tiles} of {about['tile']} rows"


def _names(tiles: list[list[int]], most: int = 10) -> str:
    rest = f" and {len(tiles) - most} more" if len(tiles) > most else ""
    return " ".join(f"({i}, {j})" for i, j in tiles[:most]) + rest


def _show_plan(plan: dict[str, Any], json: bool) -> None:
    if json:
        o.show(plan)
        return
    from limes.core.memory import format_bytes
    from limes.report import format_seconds

    print(f"rows      {plan['rows']}, {plan['kind']} in {plan['dtype']}")
    print(f"net       {plan['net']}")
    print(f"tiles     {plan['tiles_left']} of {plan['tiles']} to do, of {plan['tile']} rows")
    print(f"disk      {format_bytes(plan['disk_bytes'])}, {format_bytes(plan['disk_free_bytes'])} free")
    print(
        f"memory    {format_bytes(plan['tile_memory_bytes'])} a tile, limit {format_bytes(plan['memory_limit_bytes'])}"
    )
    print(f"time      about {format_seconds(plan['seconds'])} in one process on this machine")
