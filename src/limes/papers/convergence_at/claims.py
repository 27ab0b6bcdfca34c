"""All claims that a run decides, in the order of the list."""

from collections.abc import Mapping
from typing import Any

from limes.papers.claim import Claim, Size
from limes.papers.convergence_at.convergence_claims import convergence_claims
from limes.papers.convergence_at.lazy_claims import lazy_claims
from limes.papers.convergence_at.width_claims import width_claims
from limes.papers.paper import Found


def claims(found: Found, size: Size, settings: Mapping[str, Any]) -> list[Claim]:
    """Claims 1 to 7."""
    made = [*convergence_claims(found, size), *width_claims(found, size), *lazy_claims(found, size)]
    return sorted(made, key=lambda claim: (int(claim.id[0]), claim.id))
