"""Steps that need no others: of one measurement, or of one for each seed."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from limes.papers.paper import Part, Step, plain


def lone(
    quantity: str,
    seed: int,
    measure: Callable[[], Mapping[str, Any]],
    seconds: float,
    settings: Mapping[str, Any],
    small: bool = True,
) -> Step:
    """A step of its own part.

    Args:
        quantity, seed, seconds, small: as of `Step`.
        measure: gives the result.
        settings: values that decide it, tuples among them too.
    """
    part = Part(f"{quantity}-seed{seed}", plain(dict(settings)))
    return Step(quantity, seed, lambda found, progress: measure(), seconds, part, small)


def seeded(
    quantity: str,
    seeds: Iterable[int],
    measure: Callable[[int], Mapping[str, Any]],
    seconds: float,
    settings: Mapping[str, Any],
    small: bool = True,
) -> Iterator[Step]:
    """One step for each seed, which is all that `measure` is called with."""
    for seed in seeds:
        yield lone(quantity, seed, partial(measure, seed), seconds, settings, small)
