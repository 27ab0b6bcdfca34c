"""All claims that a run decides, in the order of the list."""

from collections.abc import Mapping
from typing import Any

from limes.papers.claim import Claim, Size
from limes.papers.paper import Found
from limes.papers.stability_at.bound_claims import bound_claims
from limes.papers.stability_at.training_claims import training_claims


def claims(found: Found, size: Size, settings: Mapping[str, Any]) -> list[Claim]:
    """Claims 1 to 5, and 6 about digits."""
    return sorted([*bound_claims(found, size), *training_claims(found, size)], key=lambda claim: claim.id)
