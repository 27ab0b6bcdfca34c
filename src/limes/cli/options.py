"""Options that several commands share, written once."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from limes.cli import complete

DataArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="DATA",
        help="digits (default), mnist, cifar10, ucr/NAME, uci/NAME, or the path of an .npz, .csv, .tsv, .ts or idx "
        "file, or of a folder of MNIST, CIFAR-10 or UCR files.",
        show_default=False,
        autocompletion=complete.data,
    ),
]
ModelArgument = Annotated[Path, typer.Argument(metavar="MODEL", help="A model that limes saved (.npz).")]
DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data", help="Folder of official data files for mnist, cifar10, ucr/ and uci/.", envvar="LIMES_DATA"
    ),
]
Target = Annotated[str | None, typer.Option(help="Label column of a table, by name or index (default: the last).")]
Eps = Annotated[
    str | None,
    typer.Option(
        metavar="EPS",
        help='Radius of the attack in the units of the data, as 0.05 or "8/255" (default: chosen from the data).',
    ),
]
NormOption = Annotated[
    str,
    typer.Option(metavar="NORM", help="Norm of the ball: linf or l2.", autocompletion=complete.one_of(complete.NORMS)),
]
Bounds = Annotated[
    tuple[float, float] | None,
    typer.Option(metavar="LOW HIGH", help="Box of valid inputs (default: 0 1 where all values lie in it, else none)."),
]
Classes = Annotated[
    list[str] | None, typer.Option("--class", metavar="CLASS", help="A class to keep; repeat it (default: all).")
]
Seed = Annotated[int, typer.Option(min=0, help="First seed; the run's random numbers come from it.")]
NetOption = Annotated[
    str | None,
    typer.Option(
        "--net",
        metavar="NET",
        help="mlp-3 (default), cnn-3, cnn-3-gap, resnet-4, myrtle-5, or a JSON specification or its file.",
        autocompletion=complete.one_of(complete.NETS),
    ),
]
KindOption = Annotated[
    str,
    typer.Option(
        metavar="KIND",
        help="Kernel: ntk (all layers train) or nngp (the last one trains).",
        autocompletion=complete.one_of(complete.KINDS),
    ),
]
Memory = Annotated[str | None, typer.Option(help="Memory limit, as 6GB (default: 0.8 of what is available).")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the plan, with bytes and time, and stop.")]
Force = Annotated[bool, typer.Option("--force", help="Replace what an earlier run left at the output.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]


def set_memory(memory: str | None) -> None:
    """Make `--memory` the limit of everything that this process runs."""
    import os

    from limes.core.memory import parse_bytes

    if memory is not None:
        parse_bytes(memory)
        os.environ["LIMES_MEMORY"] = memory


def remark(notes: Sequence[str]) -> None:
    """Print the choices that were made with the data, on standard error, as a run does."""
    import sys

    for note in notes:
        print(f"note: {note}", file=sys.stderr)


def show(result: Any) -> None:
    """Print a result as one JSON object; infinity becomes "inf"."""
    import json

    print(json.dumps(_strict(result), allow_nan=False))


def _strict(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _strict(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(v) for v in value]
    if isinstance(value, float) and value != value:
        return None
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return "inf" if value > 0 else "-inf"
    return value
