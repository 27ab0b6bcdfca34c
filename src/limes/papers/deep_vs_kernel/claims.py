"""All claims of the paper that were measured, in order."""

from collections.abc import Mapping
from typing import Any

from limes.papers.claim import Claim, Size
from limes.papers.deep_vs_kernel.basin_claims import basin_claims
from limes.papers.deep_vs_kernel.motion_claims import motion_claims
from limes.papers.deep_vs_kernel.switch_claims import switch_claims
from limes.papers.paper import Found


def claims(found: Found, size: Size, settings: Mapping[str, Any]) -> list[Claim]:
    """The claims, by number; those whose quantity was not measured are left out."""
    made = [*motion_claims(found, size), *basin_claims(found, size), *switch_claims(found, size)]
    return sorted(made, key=lambda claim: (int(claim.id.rstrip("abcdefgh")), claim.id))
