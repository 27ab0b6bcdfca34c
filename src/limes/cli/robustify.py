"""``limes robustify``: the main job."""

from pathlib import Path
from typing import Annotated, Any

import typer

from limes.cli import complete
from limes.cli import options as o
from limes.cli.guard import guarded
from limes.cli.runs import Answer, carry_out

Count = int | None


@guarded
def robustify(
    data: o.DataArgument = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run (default: runs/robustify-...).")] = None,
    eps: o.Eps = None,
    norm: o.NormOption = "linf",
    bounds: o.Bounds = None,
    seed: o.Seed = 0,
    seeds: Annotated[Count, typer.Option(help="Number of seeds (default: 3, for more than 3000 rows 1).")] = None,
    net: o.NetOption = None,
    kind: o.KindOption = "ntk",
    time: Annotated[
        list[float] | None,
        typer.Option(metavar="TIME", help="A stopping time; repeat for several. Infinity is always added."),
    ] = None,
    n_times: Annotated[Count, typer.Option(help="Number of stopping times where none is given (default: 6).")] = None,
    n_train: Annotated[Count, typer.Option(help="Training rows (default: all, at most 10000).")] = None,
    n_validation: Annotated[Count, typer.Option(help="Validation rows (default: a sixth, at most 500).")] = None,
    n_test: Annotated[Count, typer.Option(help="Test rows attacked (default: at most 1000).")] = None,
    steps: Annotated[int, typer.Option(help="Steps of each gradient attack.")] = 20,
    restarts: Annotated[int, typer.Option(help="Restarts of each gradient attack.")] = 1,
    queries: Annotated[int, typer.Option(help="Queries of the gradient-free attack.")] = 200,
    defence: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DEFENCE",
            help="A defence to train: lazy-at, adv-ntk, finite-at; repeat for several, none for no training "
            "(default: all).",
            autocompletion=complete.one_of(complete.DEFENCES),
        ),
    ] = None,
    certify: Annotated[int, typer.Option(help="Test points whose radii are certified (dense nets); 0 for none.")] = 10,
    budget: Annotated[
        str, typer.Option(help="Time for the run, as 90s, 15min or 2h: defences that would go beyond are left out.")
    ] = "15min",
    data_dir: o.DataDir = None,
    target: o.Target = None,
    memory: o.Memory = None,
    force: o.Force = False,
    dry_run: o.DryRun = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
) -> None:
    """Fit, attack, train defences; write a report and a model.

    The model saved is the one that withstands most on validation rows.

    Interrupt it at any moment: the same command continues, and does nothing to a finished run.
    """
    from limes import jobs
    from limes.report import headline

    o.set_memory(memory)
    options = jobs.Options(
        eps=eps,
        norm=norm,  # pyright: ignore[reportArgumentType]
        bounds=bounds,
        seed=seed,
        seeds=seeds,
        net=net,
        kind=kind,  # pyright: ignore[reportArgumentType]
        times=time,
        n_times=n_times,
        n_train=n_train,
        n_validation=n_validation,
        n_test=n_test,
        steps=steps,
        restarts=restarts,
        queries=queries,
        defences=defence,
        certify=certify,
        budget=budget,
    )
    settings = jobs.prepare(data, data_dir=data_dir and str(data_dir), target=target, options=options)
    carry_out(Answer(out, force, dry_run, json, quiet), settings, jobs.plan, _work, jobs.robustify, headline)


def _work(plan: dict[str, Any]) -> str:
    from limes.report import format_seconds

    seeds, defences = plan["seeds"], ", ".join(plan["defences"]) or "none"
    work = f"{seeds} seed{'' if seeds == 1 else 's'}, {plan['stopping_times']} stopping times, solver {plan['solver']}"
    return f"{work}; defences: {defences}; budget {format_seconds(plan['budget_seconds'])}"
