"""``limes measure``: what predictors and kernels are made of, how training changes them, what norms say of them."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from limes.cli import options as o
from limes.cli.guard import guarded

app = typer.Typer(
    help="Features and spectra of kernels, how networks change and approach their limit, norm bounds.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@guarded
def features(
    data: o.DataArgument = None,
    net: Annotated[
        list[str] | None,
        typer.Option(help="mlp-3 (default), cnn-3, ... as for fit; repeat it, up to three, to compare nets."),
    ] = None,
    eps: o.Eps = None,
    norm: o.NormOption = "linf",
    bounds: o.Bounds = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run (default: runs/measure-features-...).")] = None,
    classes: Annotated[
        list[str] | None, typer.Option("--class", help="A class to keep; repeat it. Default: all.")
    ] = None,
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
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan, with bytes and time, and stop.")] = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
) -> None:
    """Split a kernel into its features; measure how useful and how robust each is, and write a report.

    Interrupt it at any moment: the same command continues, and does nothing to a finished run.
    """
    from limes import jobs
    from limes.core.progress import Bar
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
    if dry_run:
        plan = jobs.plan_features(settings)
        work = f"{plan['features']} features of {len(plan['nets'])} nets, {plan['attack']}"
        _show_plan(plan, plan["rows"]["test"], work, json)
        return
    with Bar(quiet=quiet) as progress:
        result = jobs.measure_features(settings, out=out, force=force, progress=progress, command=_command())
    if json:
        o.show({"folder": str(result.folder), "resumed": result.resumed, **result.metrics})
    else:
        print(f"{features_headline(result.metrics)}\nReport: {result.report}")


app.command(epilog="Example: limes measure features digits --class 3 --class 8 --net mlp-2 --eps 0.1")(features)


@guarded
def evolution(
    data: o.DataArgument = None,
    net: Annotated[str, typer.Option(help="mlp-3 (default), cnn-3, ... as for fit.")] = "mlp-3",
    width: Annotated[int, typer.Option(help="Width of the hidden layers.")] = 256,
    epochs: Annotated[int, typer.Option(help="Passes over the rows; the kernel is measured after each.")] = 20,
    learning_rate: Annotated[float, typer.Option(help="Of gradient descent with momentum 0.9.")] = 0.05,
    eps: Annotated[str, typer.Option(help="Radius of adversarial training, 0.1 or 8/255; 0 for none.")] = "0",
    norm: o.NormOption = "linf",
    bounds: o.Bounds = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run (default: runs/measure-evolution-...).")] = None,
    classes: Annotated[
        list[str] | None, typer.Option("--class", help="A class to keep; repeat it. Default: all.")
    ] = None,
    n_train: Annotated[int | None, typer.Option(help="Training rows (default: all, at most 2000).")] = None,
    n_probe: Annotated[int, typer.Option(help="Held-out rows between which the kernel is measured.")] = 100,
    seed: o.Seed = 0,
    data_dir: o.DataDir = None,
    target: o.Target = None,
    memory: o.Memory = None,
    force: o.Force = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan, with bytes and time, and stop.")] = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
) -> None:
    """Train a finite network, follow its tangent kernel from epoch to epoch, and write a report.

    Interrupt it at any moment: the same command continues, and does nothing to a finished run.
    """
    from limes import jobs
    from limes.core.progress import Bar
    from limes.report import evolution_headline

    o.set_memory(memory)
    options = jobs.EvolutionOptions(
        net=net,
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
    if dry_run:
        plan = jobs.plan_evolution(settings)
        work = f"{plan['weights']:,} weights, {plan['moments']} kernels"
        _show_plan(plan, plan["rows"]["probe"], work, json)
        return
    with Bar(quiet=quiet) as progress:
        result = jobs.measure_evolution(settings, out=out, force=force, progress=progress, command=_command())
    if json:
        o.show({"folder": str(result.folder), "resumed": result.resumed, **result.metrics})
    else:
        print(f"{evolution_headline(result.metrics)}\nReport: {result.report}")


app.command(epilog="Example: limes measure evolution digits --net mlp-3 --width 128 --eps 0.1")(evolution)


@guarded
def widths(
    data: o.DataArgument = None,
    net: Annotated[str, typer.Option(help="mlp-3 (default), cnn-3, ... as for fit.")] = "mlp-3",
    width: Annotated[
        list[int] | None, typer.Option(help="A width; repeat it. Default: 64, 256 and 1024.", show_default=False)
    ] = None,
    eps: o.Eps = None,
    norm: o.NormOption = "linf",
    bounds: o.Bounds = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run (default: runs/measure-widths-...).")] = None,
    classes: Annotated[
        list[str] | None, typer.Option("--class", help="A class to keep; repeat it. Default: all.")
    ] = None,
    n_train: Annotated[int | None, typer.Option(help="Training rows (default: all, at most 1000).")] = None,
    n_test: Annotated[int | None, typer.Option(help="Test rows (default: at most 300).")] = None,
    share: Annotated[float, typer.Option(help="Of the first training loss, at which all are compared.")] = 0.05,
    steps: Annotated[int, typer.Option(help="Steps of gradient descent, at most.")] = 2000,
    attack_steps: Annotated[int, typer.Option(help="Steps of the attack.")] = 20,
    seeds: Annotated[int, typer.Option(help="Networks of each width.")] = 3,
    seed: o.Seed = 0,
    data_dir: o.DataDir = None,
    target: o.Target = None,
    memory: o.Memory = None,
    force: o.Force = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan, with bytes and time, and stop.")] = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
) -> None:
    """Train finite networks of growing width; draw accuracy, robustness and kernel beside the infinitely wide network.

    Interrupt it at any moment: the same command continues with the next network, and does nothing to a finished run.
    """
    from limes import jobs
    from limes.core.progress import Bar
    from limes.report import widths_headline

    o.set_memory(memory)
    options = jobs.WidthOptions(
        net=net,
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
    if dry_run:
        plan = jobs.plan_widths(settings)
        work = f"{len(plan['seeds'])} networks of each width: {', '.join(map(str, plan['widths']))}"
        _show_plan(plan, plan["rows"]["test"], work, json)
        return
    with Bar(quiet=quiet) as progress:
        result = jobs.measure_widths(settings, out=out, force=force, progress=progress, command=_command())
    if json:
        o.show({"folder": str(result.folder), "resumed": result.resumed, **result.metrics})
    else:
        print(f"{widths_headline(result.metrics)}\nReport: {result.report}")


app.command(epilog="Example: limes measure widths digits --class 3 --class 8 --width 64 --width 1024 --eps 0.1")(widths)


@guarded
def bounds(
    data: o.DataArgument = None,
    kind: Annotated[str, typer.Option(help="conv, local (no weight sharing) or dense.")] = "conv",
    depth: Annotated[int, typer.Option(help="Hidden layers.")] = 2,
    channels: Annotated[int, typer.Option(help="Of each; units where they are dense.")] = 16,
    epochs: Annotated[int, typer.Option(help="Passes over the rows; bounds are computed after each.")] = 30,
    learning_rate: Annotated[float, typer.Option(help="At the start; falls to a tenth twice.")] = 0.1,
    weight_decay: Annotated[float, typer.Option(help="What makes the norms small.")] = 3e-3,
    out: Annotated[Path | None, typer.Option(help="Folder of the run (default: runs/measure-bounds-...).")] = None,
    classes: Annotated[
        list[str] | None, typer.Option("--class", help="A class to keep; repeat it. Default: all.")
    ] = None,
    n_train: Annotated[int | None, typer.Option(help="Training rows (default: all, at most 1000).")] = None,
    n_test: Annotated[int | None, typer.Option(help="Test rows (default: at most 300).")] = None,
    seed: o.Seed = 0,
    data_dir: o.DataDir = None,
    target: o.Target = None,
    memory: o.Memory = None,
    force: o.Force = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan, with bytes and time, and stop.")] = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
) -> None:
    """Train a small network with local connections, follow norm bounds on its generalisation gap, and write a report.

    Interrupt it at any moment: the same command continues, and does nothing to a finished run.
    """
    from limes import jobs
    from limes.core.progress import Bar
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
    if dry_run:
        plan = jobs.plan_bounds(settings)
        _show_plan(plan, plan["rows"]["test"], f"{plan['weights']:,} weights, {plan['moments']} moments", json)
        return
    with Bar(quiet=quiet) as progress:
        result = jobs.measure_bounds(settings, out=out, force=force, progress=progress, command=_command())
    if json:
        o.show({"folder": str(result.folder), "resumed": result.resumed, **result.metrics})
    else:
        print(f"{bounds_headline(result.metrics)}\nReport: {result.report}")


app.command(epilog="Example: limes measure bounds digits --depth 3 --channels 16")(bounds)


@guarded
def spectrum(
    data: o.DataArgument = None,
    net: Annotated[str | None, typer.Option(help="mlp-3 (default), cnn-3, ... as for fit.", show_default=False)] = None,
    bias: Annotated[
        list[float] | None,
        typer.Option(
            help="Threshold of two-layer networks, in place of a net; repeat it, up to six.", show_default=False
        ),
    ] = None,
    frozen: Annotated[bool, typer.Option("--frozen", help="Thresholds are not trained.")] = False,
    out: Annotated[Path | None, typer.Option(help="Folder of the run (default: runs/measure-spectrum-...).")] = None,
    classes: Annotated[
        list[str] | None, typer.Option("--class", help="A class to keep; repeat it. Default: all.")
    ] = None,
    n_train: Annotated[int | None, typer.Option(help="Rows (default: all, at most 1000).")] = None,
    delta: Annotated[float, typer.Option(help="The generalisation bound fails with this probability.")] = 0.05,
    seed: o.Seed = 0,
    data_dir: o.DataDir = None,
    target: o.Target = None,
    memory: o.Memory = None,
    force: o.Force = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan, with bytes and time, and stop.")] = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
) -> None:
    """Eigenvalues of a kernel, bounds on the smallest with what each is worth, and a report.

    Interrupt it at any moment: the same command continues with the next kernel, and does nothing to a finished run.
    """
    from limes import jobs
    from limes.core.progress import Bar
    from limes.report import spectrum_headline

    o.set_memory(memory)
    options = jobs.SpectrumOptions(
        net=net,
        biases=bias or (),
        frozen=frozen,
        classes=classes or None,
        n_train=n_train,
        delta=delta,
        seed=seed,
    )
    settings = jobs.prepare_spectrum(data, data_dir=data_dir and str(data_dir), target=target, options=options)
    if dry_run:
        plan = jobs.plan_spectrum(settings)
        _show_plan(plan, 0, f"kernels: {', '.join(plan['kernels'])}", json)
        return
    with Bar(quiet=quiet) as progress:
        result = jobs.measure_spectrum(settings, out=out, force=force, progress=progress, command=_command())
    if json:
        o.show({"folder": str(result.folder), "resumed": result.resumed, **result.metrics})
    else:
        print(f"{spectrum_headline(result.metrics)}\nReport: {result.report}")


app.command(epilog="Example: limes measure spectrum digits --bias 0 --bias 1 --bias 2")(spectrum)


def _command() -> str:
    """The command line, without what does not change the result."""
    words = [a for a in sys.argv[1:] if a not in ("--force", "--json", "--quiet", "-q")]
    return f"limes {shlex.join(words)}"


def _show_plan(plan: dict, held_out: int, work: str, json: bool) -> None:
    if json:
        o.show(plan)
        return
    from limes.core.memory import format_bytes
    from limes.report import format_seconds

    print(f"rows      {plan['rows']['train']} training, {held_out} held out")
    print(f"work      {work}")
    print(f"memory    {format_bytes(plan['peak_bytes'])} of {format_bytes(plan['memory_limit_bytes'])}")
    print(f"time      about {format_seconds(plan['seconds'])}")
