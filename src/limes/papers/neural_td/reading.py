"""What claims and curves read of a run's results."""

from collections.abc import Callable, Sequence

import numpy as np

from limes.papers.paper import Found
from limes.papers.reading import BySeed, Result, family, first

PAPER = "Cai et al. 2019 (arXiv 1905.10027)"
RECORDED = f"{PAPER}, which has no experiments; figures as first measured here"


def by_width(found: Found, prefix: str) -> list[BySeed]:
    """The results by seed of each quantity of a family, in order of the width."""
    return sorted(family(found, prefix), key=lambda by_seed: first(by_seed)["width"])


def fall(values: Sequence[float]) -> float:
    """The last over the first."""
    return float(values[-1] / values[0])


def told(by_seed: BySeed, figure: Callable[[Result], Sequence[float]]) -> str:
    """Means of a list of figures, for a note."""
    return ", ".join(f"{v:.3g}" for v in np.mean([figure(r) for r in by_seed.values()], axis=0))
