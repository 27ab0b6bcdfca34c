"""What claims and curves read of a run's results."""

import numpy as np

from limes.papers.reading import Result


def ends(course: Result, name: str) -> np.ndarray:
    """(stages, seeds) of a figure at the ends of stages."""
    return np.array(course[name], float)[course["stage_ends"]]


def end(course: Result, name: str) -> np.ndarray:
    """(seeds,) of a figure at the end."""
    return np.array(course[name], float)[-1]


def told(values: np.ndarray) -> str:
    """Numbers for a note."""
    return ", ".join(f"{v:.3g}" for v in np.ravel(values))
