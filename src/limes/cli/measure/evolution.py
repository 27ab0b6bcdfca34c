"""``limes measure evolution``."""

from pathlib import Path
from typing import Annotated

import typer

from limes.cli import options as o
from limes.cli.guard import guarded
from limes.cli.runs import Answer, carry_out

EXAMPLE = "Example: limes measure evolution digits --net mlp-3 --width 128 --eps 0.1"


@guarded
def evolution(
    data: o.DataArgument = None,
    net: o.NetOption = None,
    width: Annotated[int, typer.Option(help="Width of the hidden layers.")] = 256,
    epochs: Annotated[int, typer.Option(help="Passes over the rows; the kernel is measured after each.")] = 20,
    learning_rate: Annotated[float, typer.Option(help="Learning rate of gradient descent with momentum 0.9.")] = 0.05,
    eps: Annotated[
        str, typer.Option(metavar="EPS", help='Radius of adversarial training, as 0.1 or "8/255"; 0 for none.')
    ] = "0",
    norm: o.NormOption = "linf",
    bounds: o.Bounds = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run (default: runs/measure-evolution-...).")] = None,
    classes: o.Classes = None,
    n_train: Annotated[int | None, typer.Option(help="Training rows (default: all, at most 2000).")] = None,
    n_probe: Annotated[int, typer.Option(help="Held-out rows between which the kernel is measured.")] = 100,
    seed: o.Seed = 0,
    data_dir: o.DataDir = None,
    target: o.Target = None,
    memory: o.Memory = None,
    force: o.Force = False,
    dry_run: o.DryRun = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
) -> None:
    """Follow the tangent kernel of a network along its training.

    A finite network is trained, as usual or adversarially; a report is written.

    Interrupt it at any moment: the same command continues, and does nothing to a finished run.
    """
    from limes import jobs
    from limes.report import evolution_headline

    o.set_memory(memory)
    options = jobs.EvolutionOptions(
        net=net or jobs.EvolutionOptions.net,
        width=width,
        epochs=epochs,
        learning_rate=learning_rate,
        eps=eps,
        norm=norm,  # pyright: ignore[reportArgumentType]
        bounds=bounds,
        classes=classes or None,
        n_train=n_train,
        n_probe=n_probe,
        seed=seed,
    )
    settings = jobs.prepare_evolution(data, data_dir=data_dir and str(data_dir), target=target, options=options)
    carry_out(
        Answer(out, force, dry_run, json, quiet),
        settings,
        jobs.plan_evolution,
        lambda plan: f"{plan['weights']:,} weights, {plan['moments']} kernels",
        jobs.measure_evolution,
        evolution_headline,
    )
