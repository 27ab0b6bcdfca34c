"""``limes measure tails``."""

from pathlib import Path
from typing import Annotated

import typer

from limes.cli import complete
from limes.cli import options as o
from limes.cli.guard import guarded
from limes.cli.runs import Answer, carry_out

EXAMPLE = "Example: limes measure tails weights.npz --error 0.05 --out runs/tails"


@guarded
def tails(
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL",
            help="Weights: an .npz of arrays, a torch state_dict (.pt, .pth), .safetensors, or a network that limes "
            "saved. Pickles are refused: reading one may run code.",
        ),
    ],
    layout: Annotated[
        str | None,
        typer.Option(
            metavar="LAYOUT",
            help="in_out for weights (..., in, out), as JAX has them; out_in for (out, in, ...), as torch has them "
            "(default: that of the kind of file).",
            autocompletion=complete.one_of(complete.LAYOUTS),
        ),
    ] = None,
    error: Annotated[float, typer.Option(help="Relative l2 error that pruning may make.")] = 0.1,
    top: Annotated[float, typer.Option(help="Share of the vectors of a layer that Hill's index uses.")] = 0.1,
    last: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Name of the last layer, which is read by its inputs (default: the last array in the file).",
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run (default: runs/measure-tails-...).")] = None,
    seed: o.Seed = 0,
    memory: o.Memory = None,
    force: o.Force = False,
    dry_run: o.DryRun = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
) -> None:
    """How heavy the tails of a network's weights are.

    Layer by layer, and how much may be pruned, with a report.

    Interrupt it at any moment: the same command continues with the next layer, and does nothing to a finished run.
    """
    from limes import jobs
    from limes.report import tails_headline

    o.set_memory(memory)
    options = jobs.TailOptions(
        layout=layout,  # pyright: ignore[reportArgumentType]
        error=error,
        top=top,
        seed=seed,
        last=last,
    )
    carry_out(
        Answer(out, force, dry_run, json, quiet),
        jobs.prepare_tails(model, options),
        jobs.plan_tails,
        lambda plan: f"{plan['arrays']} arrays, {plan['weights']:,} weights",
        jobs.measure_tails,
        tails_headline,
    )
