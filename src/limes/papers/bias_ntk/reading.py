"""Figures of claims from what was found."""

from collections.abc import Callable, Mapping
from typing import Any

from limes.papers.paper import Found

PAPER = "Yang et al. 2024 (arXiv 2301.00327)"
DERIVED = "derived for this list, not from the paper"
RECORDED = "limes' own earlier measurement"
Row = Mapping[str, Any]


def at(name: str, bias: float) -> Callable[[Row], float]:
    """Reads the entry of a list for one bias."""
    return lambda row: float(row[name][row["biases"].index(bias)])


def widths_of(found: Found) -> list[int]:
    """Widths of the networks that were trained, ascending."""
    return sorted(int(name.removeprefix("width-")) for name in found if name.startswith("width-"))


def rows_of(found: Found) -> list[int]:
    """Numbers of rows of the spectra, ascending."""
    return sorted(int(name.removeprefix("spectrum-")) for name in found if name.startswith("spectrum-"))
