"""Options that several commands share, written once."""

from pathlib import Path
from typing import Annotated, Any

import typer

DataArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[DATA]",
        help="digits (default), mnist, cifar10, ucr/NAME, uci/NAME, or the path of an .npz, .csv, .tsv or idx file, "
        "or of a folder of MNIST or CIFAR-10 files.",
        show_default=False,
    ),
]
DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data", help="Folder of official data files for mnist, cifar10, ucr/ and uci/.", envvar="LIMES_DATA"
    ),
]
Target = Annotated[str | None, typer.Option(help="Label column of a table, by name or index (default: the last).")]
Eps = Annotated[str | None, typer.Option(help='Radius of the attack in the units of the data, as 0.05 or "8/255".')]
NormOption = Annotated[str, typer.Option(help="Norm of the ball: linf or l2.")]
Bounds = Annotated[
    tuple[float, float] | None,
    typer.Option(metavar="LOW HIGH", help="Box of valid inputs (default: 0 1 where all values lie in it, else none)."),
]
Classes = Annotated[list[str] | None, typer.Option("--class", help="A class to keep; repeat it. Default: all.")]
Seed = Annotated[int, typer.Option(help="First seed; the run's random numbers come from it.")]
NetOption = Annotated[
    str | None,
    typer.Option(
        "--net", help="mlp-3 (default), cnn-3, cnn-3-gap, resnet-4, myrtle-5, or a JSON specification or its file."
    ),
]
KindOption = Annotated[str, typer.Option(help="Kernel: ntk (all layers train) or nngp (the last one trains).")]
Memory = Annotated[str | None, typer.Option(help="Memory limit, as 6GB (default: 0.8 of what is available).")]
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
