"""Claim 5: whether vanilla training, augmentation and averaging have the same limit, from a weakly invariant start."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from limes.beyond.meanfield import Scheme, coupled_distance, relative_squared_distance
from limes.papers.symmetries.cases import swap

LEAST_SEEDS = 3
"""Below this the ring of seeds, of whose neighbours clouds are compared, leaves nothing without one of them."""

SCHEMES: tuple[Scheme, ...] = ("vanilla", "augmented", "averaged")
PAIRS: tuple[tuple[Scheme, Scheme], ...] = (
    ("vanilla", "augmented"),
    ("vanilla", "averaged"),
    ("augmented", "averaged"),
)


def limit(teacher: str, widths: Sequence[int], seeds: Sequence[int]) -> dict[str, Any]:
    """Distances between what the schemes leave, by number of particles.

    Clouds of different seeds are independent, start included, and are compared with two independent clouds of vanilla
    training. Clouds of one seed share start, samples and noise, and are compared particle by particle.

    Returns:
        `same`, RMD^2 of two clouds of vanilla training, (widths, seeds); by pair of schemes `independent`, `coupled`
        and `models`, the mean of |f - g|^2 of models of one seed, each (widths, seeds).
    """
    of = swap()
    clouds = {scheme: of.trained(teacher, scheme, widths, seeds, inside=False) for scheme in SCHEMES}
    found: dict[str, Any] = {"teacher": teacher, "widths": list(widths)}
    found["same"] = [_shifted(cloud, cloud) for cloud in clouds["vanilla"]]
    for first, second in PAIRS:
        both = list(zip(clouds[first], clouds[second], strict=True))
        gaps = [of.values(first, a) - of.values(second, b) for a, b in both]
        found[f"{first} {second}"] = {
            "independent": [_shifted(a, b) for a, b in both],
            "coupled": [coupled_distance(a, b).tolist() for a, b in both],
            "models": [(gap**2).sum(-1).mean(-1).tolist() for gap in gaps],
        }
    return found


def _shifted(a: np.ndarray, b: np.ndarray) -> list[float]:
    """RMD^2 of the cloud of each seed and that of the next one."""
    return [relative_squared_distance(first, second) for first, second in zip(a, np.roll(b, -1, axis=0), strict=True)]
