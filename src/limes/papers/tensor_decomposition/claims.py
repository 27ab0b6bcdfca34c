"""All claims that a run decides, in the order of the list."""

from collections.abc import Mapping
from typing import Any

from limes.papers.claim import Claim, Size
from limes.papers.paper import Found
from limes.papers.tensor_decomposition.lazy_claims import lazy_claims
from limes.papers.tensor_decomposition.moving_claims import moving_claims
from limes.papers.tensor_decomposition.other_claims import other_claims


def claims(found: Found, size: Size, settings: Mapping[str, Any]) -> list[Claim]:
    """Claims 1 to 9."""
    made = [*lazy_claims(found, size), *moving_claims(found, size), *other_claims(found, size)]
    return sorted(made, key=lambda claim: (int(claim.id.rstrip("abcdefghijklmnop")), claim.id))
