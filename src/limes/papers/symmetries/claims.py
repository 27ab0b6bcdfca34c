"""All claims that a run decides, in the order of the list."""

from collections.abc import Mapping
from typing import Any

from limes.papers.claim import Claim, Size
from limes.papers.paper import Found
from limes.papers.result import in_order
from limes.papers.symmetries.digits_claims import digits_claims
from limes.papers.symmetries.limit_claims import limit_claims
from limes.papers.symmetries.plane_claims import plane_claims
from limes.papers.symmetries.swap_claims import swap_claims


def claims(found: Found, size: Size, settings: Mapping[str, Any]) -> list[Claim]:
    """Claims 1 to 11."""
    made = [*swap_claims(found, size), *limit_claims(found, size)]
    return [*in_order([*made, *plane_claims(found, size), *digits_claims(found, size)])]
