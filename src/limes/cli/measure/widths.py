"""``limes measure widths``."""

from pathlib import Path
from typing import Annotated

import typer

from limes.cli import options as o
from limes.cli.guard import guarded
from limes.cli.runs import Answer, carry_out

EXAMPLE = "Example: limes measure widths --class 3 --class 8 --width 64 --eps 0.1"


@guarded
def widths(
    data: o.DataArgument = None,
    net: o.NetOption = None,
    width: Annotated[
        list[int] | None, typer.Option(metavar="WIDTH", help="A width; repeat it (default: 64, 256 and 1024).")
    ] = None,
    eps: o.Eps = None,
    norm: o.NormOption = "linf",
    bounds: o.Bounds = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run (default: runs/measure-widths-...).")] = None,
    classes: o.Classes = None,
    n_train: Annotated[int | None, typer.Option(help="Training rows (default: all, at most 1000).")] = None,
    n_test: Annotated[int | None, typer.Option(help="Test rows (default: at most 300).")] = None,
    share: Annotated[float, typer.Option(help="Share of the first training loss at which all are compared.")] = 0.05,
    steps: Annotated[int, typer.Option(help="Steps of gradient descent, at most.")] = 2000,
    attack_steps: Annotated[int, typer.Option(help="Steps of the attack.")] = 20,
    seeds: Annotated[int, typer.Option(help="Number of seeds: networks of each width.")] = 3,
    seed: o.Seed = 0,
    data_dir: o.DataDir = None,
    target: o.Target = None,
    memory: o.Memory = None,
    force: o.Force = False,
    dry_run: o.DryRun = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
) -> None:
    """Finite networks of growing width beside the infinite one.

    Accuracy, robustness and kernel of each, with a report.

    Interrupt it at any moment: the same command continues with the next network, and does nothing to a finished run.
    """
    from limes import jobs
    from limes.report import widths_headline

    o.set_memory(memory)
    options = jobs.WidthOptions(
        net=net or jobs.WidthOptions.net,
        widths=width or jobs.WidthOptions.widths,
        eps=eps,
        norm=norm,  # pyright: ignore[reportArgumentType]
        bounds=bounds,
        classes=classes or None,
        n_train=n_train,
        n_test=n_test,
        share=share,
        steps=steps,
        attack_steps=attack_steps,
        seed=seed,
        seeds=seeds,
    )
    settings = jobs.prepare_widths(data, data_dir=data_dir and str(data_dir), target=target, options=options)
    carry_out(
        Answer(out, force, dry_run, json, quiet),
        settings,
        jobs.plan_widths,
        lambda plan: f"{len(plan['seeds'])} networks of each width: {', '.join(map(str, plan['widths']))}",
        jobs.measure_widths,
        widths_headline,
    )
