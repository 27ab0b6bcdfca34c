"""What the shell offers where a key is pressed. Nothing here loads numerics: the user waits for it."""

import os
from collections.abc import Callable
from pathlib import Path

import typer

DATA_NAMES = ("digits", "mnist", "cifar10", "ucr/", "uci/")
NETS = ("mlp-3", "cnn-3", "cnn-3-gap", "resnet-4", "myrtle-5")
NORMS = ("linf", "l2")
KINDS = ("ntk", "nngp")
SCALES = ("none", "standard", "unit")
DTYPES = ("float32", "float64")
METHODS = ("joint", "norm", "interval")
DEFENCES = ("lazy-at", "adv-ntk", "finite-at", "none")
LAYER_KINDS = ("conv", "local", "dense")
LAYOUTS = ("in_out", "out_in")
SIZES = ("smoke", "full")

_RESULTS = Path(__file__).parents[1] / "papers" / "results"


def one_of(values: tuple[str, ...]) -> Callable[[str], list[str]]:
    """Complete a value from a list."""

    def complete(incomplete: str) -> list[str]:
        return _beginning(values, incomplete)

    return complete


def papers(incomplete: str) -> list[str]:
    """Complete a paper's key. Every paper has committed results, which are files of that name."""
    return _beginning(sorted(path.stem for path in _RESULTS.glob("*.json")), incomplete)


def data(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete a built-in name, a member of a collection in the folder of official files, or a path.

    The shell completes paths by itself where nothing is returned; files are added only where names are offered too.
    """
    names = [*DATA_NAMES, *_members(ctx.params.get("data_dir") or os.environ.get("LIMES_DATA"))]
    found = _beginning(names, incomplete)
    if not found or "/" in incomplete:
        return found
    here = [f"{path.name}/" if path.is_dir() else path.name for path in Path().iterdir() if path.name[0] != "."]
    return list(dict.fromkeys([*found, *sorted(_beginning(here, incomplete))]))


def _members(folder: str | os.PathLike[str] | None) -> list[str]:
    """``ucr/NAME`` and ``uci/name``, as `limes.data.load` takes them."""
    if not folder:
        return []
    root = Path(folder).expanduser()
    series = [f"ucr/{path.name}" for path in (root / "ucr").glob("*") if path.is_dir()]
    return sorted([*series, *(f"uci/{path.stem}" for path in (root / "uci").glob("*.npz"))])


def _beginning(names: list[str] | tuple[str, ...], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
