"""What claims and curves read of a run's results."""

from limes.papers.paper import Found
from limes.papers.reading import Result, family


def by_case(found: Found, prefix: str) -> list[Result]:
    """Results of steps that hold all seeds, in order of dimension and rank."""
    return sorted((by_seed[0] for by_seed in family(found, prefix)), key=lambda r: (r["d"], r["rank"]))
