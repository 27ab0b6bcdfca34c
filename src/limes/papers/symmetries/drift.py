"""Claims 1 to 4, 6, 9 and 10: how far particles that start on E^G leave it, and how well they fit."""

from collections.abc import Sequence
from typing import Any

from limes.beyond.meanfield import Scheme, distance_to_fixed, equivariance_error
from limes.papers.symmetries.cases import case


def drift(
    name: str, teacher: str, scheme: Scheme, widths: Sequence[int], seeds: Sequence[int], angles: int = 16
) -> dict[str, Any]:
    """After training from E^G, by number of particles and seed.

    Returns:
        `rmd`, RMD^2 to the projection on E^G, and `loss`, mean of |f - y|^2: (widths, seeds).
    """
    of = case(name, angles)
    clouds = of.trained(teacher, scheme, widths, seeds, inside=True)
    about = {"case": name, "teacher": teacher, "scheme": scheme, "widths": list(widths), "angles": angles}
    return about | {
        "rmd": [distance_to_fixed(cloud, of.action.parameters).tolist() for cloud in clouds],
        "loss": [of.loss(teacher, scheme, cloud).tolist() for cloud in clouds],
    }


def equivariance(name: str, seed: int) -> dict[str, Any]:
    """Largest error of the unit's equivariance at 50 inputs and 20 particles."""
    of = case(name)
    particles = of.start([seed], 20, inside=False)[0] / 0.25
    return {"error": equivariance_error(of.unit, of.action, of.inputs(50), particles)}
