"""The application: its commands, and the entry point."""

import io
import sys
from typing import Annotated

import typer

from limes.cli import certify, gram, measure, models, papers, robustify, tools

app = typer.Typer(
    name="limes",
    help="Infinitely wide neural networks: fit them, attack them, make them robust.",
    epilog="Example: limes robustify digits --eps 0.1 --out runs/digits",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        from limes import __version__

        print(f"limes {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Take the options that belong to no command."""


app.command(epilog="Example: limes robustify cifar10 --data DIR --n-train 10000 --eps 8/255")(robustify.robustify)
app.command(epilog="Example: limes fit train.csv --target label --out model.npz")(models.fit)
app.command(epilog="Example: limes predict model.npz new.csv --out labels.csv")(models.predict)
app.command(epilog="Example: limes attack model.npz digits --eps 0.05 --eps 0.1")(models.attack)
app.command(epilog="Example: limes certify model.npz digits --out runs/certificates")(certify.certify)
app.add_typer(gram.app, name="gram")
app.add_typer(measure.app, name="measure")
app.add_typer(papers.app, name="papers")
app.command(epilog="Example: limes doctor --json")(tools.doctor)


def main() -> None:
    """Run the command line.

    Where standard output cannot hold a letter of a label, as in the C locale, it is written as an escape.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    app()
