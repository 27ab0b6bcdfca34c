"""``limes fit``, ``predict`` and ``attack``: one model at a time."""

from pathlib import Path
from typing import Annotated

import typer

from limes.cli import complete
from limes.cli import options as o
from limes.cli.guard import guarded


@guarded
def fit(
    data: o.DataArgument = None,
    out: Annotated[Path, typer.Option(help="The model's file.")] = Path("model.npz"),
    net: o.NetOption = None,
    kind: o.KindOption = "ntk",
    time: Annotated[float, typer.Option(help="Training time; inf trains to the end.")] = float("inf"),
    ridge_rel: Annotated[float, typer.Option(help="Ridge, as a multiple of the kernel's mean diagonal.")] = 0.0,
    n_train: Annotated[int | None, typer.Option(help="Training rows (default: all).")] = None,
    scale: Annotated[
        str | None,
        typer.Option(
            metavar="SCALE",
            help="Map of the inputs inside the model: none, standard or unit (default: by the data, see "
            "Your data in the documentation).",
            autocompletion=complete.one_of(complete.SCALES),
        ),
    ] = None,
    seed: o.Seed = 0,
    data_dir: o.DataDir = None,
    target: o.Target = None,
    gram: Annotated[
        Path | None,
        typer.Option(help="Keep the kernel on disk in this folder, for more rows than memory holds."),
    ] = None,
    memory: o.Memory = None,
    force: o.Force = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
) -> None:
    """Fit a classifier and save it.

    Its accuracy is measured where the data have a test part.

    With --gram, interrupt it at any moment: the same command continues.
    """
    from limes import jobs
    from limes.core.progress import Bar

    o.set_memory(memory)
    with Bar(quiet=quiet) as progress:
        result = jobs.fit(
            data,
            out=out,
            net=net,
            kind=kind,  # pyright: ignore[reportArgumentType]
            time=time,
            ridge_rel=ridge_rel,
            n_train=n_train,
            scale=scale,
            seed=seed,
            data_dir=data_dir and str(data_dir),
            target=target,
            gram=gram,
            force=force,
            progress=progress,
        )
    if json:
        o.show(result)
        return
    accuracy = result["test_accuracy"]
    tested = "" if accuracy is None else f", accuracy {accuracy:.4f} on {result['n_test']} test rows"
    print(f"{result['model']}: {result['n_train']} training rows, solver {result['solver']}{tested}")


@guarded
def predict(
    model: o.ModelArgument,
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA",
            help="Rows to predict: as for fit; labels may be missing in .npz and .csv.",
            autocompletion=complete.data,
        ),
    ],
    out: Annotated[Path | None, typer.Option(help="Write a CSV of labels and scores here.")] = None,
    data_dir: o.DataDir = None,
    target: o.Target = None,
    memory: o.Memory = None,
    force: o.Force = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
) -> None:
    """Predict labels with a saved model.

    Prints one label a line; with --out it writes a CSV of labels and scores.
    """
    from limes import jobs

    o.set_memory(memory)
    result = jobs.predict(model, data, out=out, data_dir=data_dir and str(data_dir), target=target, force=force)
    if json:
        o.show(result)
        return
    if not quiet:
        o.remark(result["notes"])
    if out is None:
        print("\n".join(str(label) for label in result["labels"]))
    else:
        accuracy = result["accuracy"]
        print(f"{out}: {len(result['labels'])} rows" + ("" if accuracy is None else f", accuracy {accuracy:.4f}"))


@guarded
def attack(
    model: o.ModelArgument,
    data: o.DataArgument = None,
    eps: Annotated[
        list[str] | None,
        typer.Option(
            metavar="EPS",
            help='A radius in the units of the data, as 0.05 or "8/255"; repeat for several (default: one that is '
            "chosen from the data).",
        ),
    ] = None,
    norm: o.NormOption = "linf",
    bounds: o.Bounds = None,
    out: Annotated[Path | None, typer.Option(help="Folder for report.html, metrics.json and adversarial.npz.")] = None,
    n_test: Annotated[int, typer.Option(help="Rows attacked, at most.")] = 1000,
    steps: Annotated[int, typer.Option(help="Steps of each gradient attack.")] = 20,
    restarts: Annotated[int, typer.Option(help="Restarts of each gradient attack.")] = 1,
    queries: Annotated[int, typer.Option(help="Queries of the gradient-free attack.")] = 200,
    seed: o.Seed = 0,
    data_dir: o.DataDir = None,
    target: o.Target = None,
    memory: o.Memory = None,
    force: o.Force = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
) -> None:
    """Measure the worst-case accuracy of a saved model.

    The attack is a suite of several, and checks itself.
    """
    from limes import jobs
    from limes.core.progress import Bar

    o.set_memory(memory)
    with Bar(quiet=quiet) as progress:
        result = jobs.attack(
            model,
            data,
            eps=eps,
            norm=norm,  # pyright: ignore[reportArgumentType]
            bounds=bounds,
            out=out,
            n_test=n_test,
            steps=steps,
            restarts=restarts,
            queries=queries,
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
    for radius, accuracy, error in zip(result["eps"], result["robust_accuracy"], result["standard_error"], strict=True):
        print(f"eps {radius:<8.4g} worst case {accuracy:.4f} +- {error:.4f}")
    for check in result["audit"]:
        if not check["passed"]:
            print(f"warning: check {check['name']!r} failed: {check['detail']}; {check['remedy']}")
    if out is not None:
        print(f"Written to {out}")
