"""The command ``limes``. Importing it loads no numerics: each command imports what it runs when it runs."""

from limes.cli.app import main

__all__ = ["main"]
