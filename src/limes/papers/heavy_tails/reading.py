"""What claims and curves read of a run's results."""

from collections.abc import Sequence

import numpy as np

from limes.papers.paper import Found
from limes.papers.reading import Result, family


def chain_name(learning_rate: float, batch_size: int) -> str:
    """The quantity of chains at a setting."""
    return f"chains-{learning_rate:g}-{batch_size}".replace(".", "p")


def network_name(data: str, learning_rate: float, batch_size: int) -> str:
    """The quantity of networks at a setting."""
    return f"{data}-{learning_rate:g}-{batch_size}".replace(".", "p")


def trainings(found: Found, data: str) -> list[Result]:
    """The trainings on a data set, by learning rate and batch size."""
    some = [by_seed[0] for by_seed in family(found, f"{data}-")]
    return sorted(some, key=lambda r: (r["learning_rate"], r["batch_size"]))


def noises(found: Found) -> list[Result]:
    """Trainings with noise, by its index."""
    return sorted((by_seed[0] for by_seed in family(found, "noise-")), key=lambda r: r["alpha"])


def converged(results: Sequence[Result]) -> list[Result]:
    """Those that converged for all seeds: others are not compared."""
    return [r for r in results if all(r["converged"])]


def layers_mean(result: Result, moment: str, name: str) -> np.ndarray:
    """(seeds,) the mean over layers."""
    return np.mean(result[moment][name], axis=1)


def pruned(result: Result, moment: str, kind: str, place: int) -> np.ndarray:
    """(seeds,) test accuracy at one of the pruned shares."""
    return np.array([one[kind][place] for one in result[moment]["pruned"]])
