"""``limes certify``: radii within which predictions cannot change."""

from pathlib import Path
from typing import Annotated

import typer

from limes.cli import complete
from limes.cli import options as o
from limes.cli.guard import guarded


@guarded
def certify(
    model: o.ModelArgument,
    data: o.DataArgument = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run (default: runs/certify-...).")] = None,
    norm: o.NormOption = "linf",
    bounds: o.Bounds = None,
    n_test: Annotated[int, typer.Option(help="Rows certified, at most.")] = 100,
    method: Annotated[
        list[str] | None,
        typer.Option(
            metavar="METHOD",
            help="joint, norm or interval; repeat for several (default: all).",
            autocompletion=complete.one_of(complete.METHODS),
        ),
    ] = None,
    seed: o.Seed = 0,
    data_dir: o.DataDir = None,
    target: o.Target = None,
    memory: o.Memory = None,
    force: o.Force = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
) -> None:
    """Prove radii within which no input gets another label.

    The same points are attacked, and the report shows both radii. For models on fully connected nets, and on
    convolutional ones without pools.

    Interrupt it at any moment: the same command continues.
    """
    from limes import jobs
    from limes.core.progress import Bar

    o.set_memory(memory)
    with Bar(quiet=quiet) as progress:
        result = jobs.certify(
            model,
            data,
            out=out,
            norm=norm,  # pyright: ignore[reportArgumentType]
            bounds=bounds,
            n_test=n_test,
            methods=method,
            seed=seed,
            data_dir=data_dir and str(data_dir),
            target=target,
            force=force,
            progress=progress,
        )
    if json:
        o.show(result)
        return
    print(f"clean accuracy {result['clean_accuracy']:.4f} on {result['n_points']} rows")
    for name in ("certified", "attacked"):
        found = result[f"{name}_radius"]
        print(f"{name} radius  mean {found['mean']:.4g} +- {found['standard_error']:.2g}, median {found['median']:.4g}")
    if result["violations"]:
        print(f"warning: {result['violations']} certificates lie above a successful attack: please report this")
    print(f"Report: {Path(result['folder']) / 'report.html'}")
