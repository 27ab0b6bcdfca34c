"""``limes measure spectrum``."""

from pathlib import Path
from typing import Annotated

import typer

from limes.cli import options as o
from limes.cli.guard import guarded
from limes.cli.runs import Answer, carry_out

EXAMPLE = "Example: limes measure spectrum digits --bias 0 --bias 1 --bias 2"


@guarded
def spectrum(
    data: o.DataArgument = None,
    net: o.NetOption = None,
    bias: Annotated[
        list[float] | None,
        typer.Option(metavar="BIAS", help="Threshold of two-layer networks, in place of a net; repeat it, up to six."),
    ] = None,
    frozen: Annotated[bool, typer.Option("--frozen", help="Thresholds are not trained.")] = False,
    out: Annotated[Path | None, typer.Option(help="Folder of the run (default: runs/measure-spectrum-...).")] = None,
    classes: o.Classes = None,
    n_train: Annotated[int | None, typer.Option(help="Training rows (default: all, at most 1000).")] = None,
    delta: Annotated[float, typer.Option(help="The generalisation bound fails with this probability.")] = 0.05,
    seed: o.Seed = 0,
    data_dir: o.DataDir = None,
    target: o.Target = None,
    memory: o.Memory = None,
    force: o.Force = False,
    dry_run: o.DryRun = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
) -> None:
    """Eigenvalues of a kernel, and bounds on the smallest.

    The report says what each bound is worth.

    Interrupt it at any moment: the same command continues with the next kernel, and does nothing to a finished run.
    """
    from limes import jobs
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
    carry_out(
        Answer(out, force, dry_run, json, quiet),
        settings,
        jobs.plan_spectrum,
        lambda plan: f"kernels: {', '.join(plan['kernels'])}",
        jobs.measure_spectrum,
        spectrum_headline,
    )
