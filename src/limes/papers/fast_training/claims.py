"""All claims that a run decides, in the order of the list."""

from collections.abc import Mapping
from typing import Any

from limes.papers.claim import Claim, Size
from limes.papers.fast_training.deep_claims import deep_claims
from limes.papers.fast_training.exact_claims import exact_claims
from limes.papers.fast_training.speed_claims import speed_claims
from limes.papers.fast_training.worse_claims import worse_claims
from limes.papers.paper import Found


def claims(found: Found, size: Size, settings: Mapping[str, Any]) -> list[Claim]:
    """Claims 1 to 12."""
    made = [*exact_claims(found, size), *speed_claims(found, size), *worse_claims(found, size)]
    return [*made, *deep_claims(found, size)]
