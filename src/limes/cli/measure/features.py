"""``limes measure features``."""

from pathlib import Path
from typing import Annotated

import typer

from limes.cli import complete
from limes.cli import options as o
from limes.cli.guard import guarded
from limes.cli.runs import Answer, carry_out

EXAMPLE = "Example: limes measure features --class 3 --class 8 --net mlp-2 --eps 0.1"


@guarded
def features(
    data: o.DataArgument = None,
    net: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NET",
            help="mlp-3 (default), cnn-3, ... as for fit; repeat it, up to three, to compare nets.",
            autocompletion=complete.one_of(complete.NETS),
        ),
    ] = None,
    eps: o.Eps = None,
    norm: o.NormOption = "linf",
    bounds: o.Bounds = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run (default: runs/measure-features-...).")] = None,
    classes: o.Classes = None,
    kind: o.KindOption = "ntk",
    n_train: Annotated[int | None, typer.Option(help="Training rows (default: all, at most 1000).")] = None,
    n_test: Annotated[int | None, typer.Option(help="Test rows (default: at most 300).")] = None,
    n_features: Annotated[int, typer.Option(help="Features measured alone, most of them at the top.")] = 96,
    time: Annotated[float, typer.Option(help="Training time of features together; inf trains to the end.")] = float(
        "inf"
    ),
    centred: Annotated[bool, typer.Option("--centred", help="Centre the kernel over the training rows.")] = False,
    steps: Annotated[int, typer.Option(help="Steps of the attack; 0 for a single one of length eps (FGSM).")] = 0,
    seed: o.Seed = 0,
    data_dir: o.DataDir = None,
    target: o.Target = None,
    memory: o.Memory = None,
    force: o.Force = False,
    dry_run: o.DryRun = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
) -> None:
    """Measure how useful and how robust a kernel's features are.

    A report is written.

    Interrupt it at any moment: the same command continues, and does nothing to a finished run.
    """
    from limes import jobs
    from limes.report import features_headline

    o.set_memory(memory)
    options = jobs.FeatureOptions(
        nets=tuple(net or ("mlp-3",)),
        kind=kind,  # pyright: ignore[reportArgumentType]
        eps=eps,
        norm=norm,  # pyright: ignore[reportArgumentType]
        bounds=bounds,
        classes=classes or None,
        n_train=n_train,
        n_test=n_test,
        n_features=n_features,
        time=time,
        centred=centred,
        steps=steps,
        seed=seed,
    )
    settings = jobs.prepare_features(data, data_dir=data_dir and str(data_dir), target=target, options=options)
    carry_out(
        Answer(out, force, dry_run, json, quiet),
        settings,
        jobs.plan_features,
        lambda plan: f"{plan['features']} features of {len(plan['nets'])} nets, {plan['attack']}",
        jobs.measure_features,
        features_headline,
    )
