"""``limes measure activity``."""

from pathlib import Path
from typing import Annotated

import typer

from limes.cli import options as o
from limes.cli.guard import guarded
from limes.cli.runs import Answer, carry_out

EXAMPLE = "Example: limes measure activity digits --bias 1 --bias 2 --keep 0.1"


@guarded
def activity(
    data: o.DataArgument = None,
    bias: Annotated[
        list[float] | None, typer.Option(metavar="BIAS", help="A threshold; repeat it (default: 1, 1.5 and 2).")
    ] = None,
    keep: Annotated[
        list[float] | None,
        typer.Option(metavar="SHARE", help="A share of hidden weights; repeat it (default: 0.3, 0.1 and 0.03)."),
    ] = None,
    width: Annotated[int, typer.Option(help="Units of the networks with thresholds.")] = 2000,
    steps: Annotated[int, typer.Option(help="Steps of descent of the networks with thresholds.")] = 300,
    epochs: Annotated[int, typer.Option(help="Epochs of training of the others.")] = 20,
    eps: o.Eps = None,
    norm: o.NormOption = "linf",
    bounds: o.Bounds = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run (default: runs/measure-activity-...).")] = None,
    classes: o.Classes = None,
    n_train: Annotated[int | None, typer.Option(help="Training rows (default: all, at most 1000).")] = None,
    n_test: Annotated[int | None, typer.Option(help="Test rows (default: at most 300).")] = None,
    seeds: Annotated[int, typer.Option(help="Number of seeds: draws of rows and weights.")] = 3,
    seed: o.Seed = 0,
    data_dir: o.DataDir = None,
    target: o.Target = None,
    memory: o.Memory = None,
    force: o.Force = False,
    dry_run: o.DryRun = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
) -> None:
    """How little of a wide network is enough, in three ways.

    Inactive units, masked weights and local connections, with a report.

    Interrupt it at any moment: the same command continues with the next network, and does nothing to a finished run.
    """
    from limes import jobs
    from limes.report import activity_headline

    o.set_memory(memory)
    options = jobs.ActivityOptions(
        biases=bias or jobs.ActivityOptions.biases,
        shares=keep or jobs.ActivityOptions.shares,
        width=width,
        steps=steps,
        epochs=epochs,
        eps=eps,
        norm=norm,  # pyright: ignore[reportArgumentType]
        bounds=bounds,
        classes=classes or None,
        n_train=n_train,
        n_test=n_test,
        seed=seed,
        seeds=seeds,
    )
    settings = jobs.prepare_activity(data, data_dir=data_dir and str(data_dir), target=target, options=options)
    carry_out(
        Answer(out, force, dry_run, json, quiet),
        settings,
        jobs.plan_activity,
        lambda plan: f"{len(plan['networks'])} networks for each of {seeds} seeds",
        jobs.measure_activity,
        activity_headline,
    )
