"""``limes measure bounds``."""

from pathlib import Path
from typing import Annotated

import typer

from limes.cli import complete
from limes.cli import options as o
from limes.cli.guard import guarded
from limes.cli.runs import Answer, carry_out

EXAMPLE = "Example: limes measure bounds digits --depth 3 --channels 16"


@guarded
def bounds(
    data: o.DataArgument = None,
    kind: Annotated[
        str,
        typer.Option(
            metavar="KIND",
            help="Layers: conv, local (no weight sharing) or dense.",
            autocompletion=complete.one_of(complete.LAYER_KINDS),
        ),
    ] = "conv",
    depth: Annotated[int, typer.Option(help="Hidden layers.")] = 2,
    channels: Annotated[int, typer.Option(help="Channels of each hidden layer; units where they are dense.")] = 16,
    epochs: Annotated[int, typer.Option(help="Passes over the rows; bounds are computed after each.")] = 30,
    learning_rate: Annotated[float, typer.Option(help="Learning rate at the start; falls to a tenth twice.")] = 0.1,
    weight_decay: Annotated[float, typer.Option(help="Weight decay, which makes the norms small.")] = 3e-3,
    out: Annotated[Path | None, typer.Option(help="Folder of the run (default: runs/measure-bounds-...).")] = None,
    classes: o.Classes = None,
    n_train: Annotated[int | None, typer.Option(help="Training rows (default: all, at most 1000).")] = None,
    n_test: Annotated[int | None, typer.Option(help="Test rows (default: at most 300).")] = None,
    seed: o.Seed = 0,
    data_dir: o.DataDir = None,
    target: o.Target = None,
    memory: o.Memory = None,
    force: o.Force = False,
    dry_run: o.DryRun = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
) -> None:
    """Follow norm bounds on the generalisation gap in training.

    The network is small, with local connections; a report is written.

    Interrupt it at any moment: the same command continues, and does nothing to a finished run.
    """
    from limes import jobs
    from limes.report import bounds_headline

    o.set_memory(memory)
    options = jobs.BoundOptions(
        kind=kind,  # pyright: ignore[reportArgumentType]
        depth=depth,
        channels=channels,
        epochs=epochs,
        learning_rate=learning_rate,
        weight_decay=weight_decay,
        classes=classes or None,
        n_train=n_train,
        n_test=n_test,
        seed=seed,
    )
    settings = jobs.prepare_bounds(data, data_dir=data_dir and str(data_dir), target=target, options=options)
    carry_out(
        Answer(out, force, dry_run, json, quiet),
        settings,
        jobs.plan_bounds,
        lambda plan: f"{plan['weights']:,} weights, {plan['moments']} moments",
        jobs.measure_bounds,
        bounds_headline,
    )
