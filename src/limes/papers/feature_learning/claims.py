"""All claims that a run decides, in the order of the list."""

from collections.abc import Mapping
from typing import Any

from limes.papers.claim import Claim, Size
from limes.papers.feature_learning.descent_claims import descent_claims
from limes.papers.feature_learning.hidden_claims import hidden_claims
from limes.papers.feature_learning.other_claims import other_claims
from limes.papers.paper import Found


def claims(found: Found, size: Size, settings: Mapping[str, Any]) -> list[Claim]:
    """Claims 1 to 11; the last one only where its data were there."""
    made = [*descent_claims(found, size), *other_claims(found, size), *hidden_claims(found, size)]
    return sorted(made, key=lambda claim: (int(claim.id.rstrip("abcdefgh")), claim.id))
