"""All claims that a run decides, in the order of the list."""

from collections.abc import Mapping
from typing import Any

from limes.papers.claim import Claim, Size
from limes.papers.norm_bounds.convention_claims import convention_claims
from limes.papers.norm_bounds.formula_claims import formula_claims
from limes.papers.norm_bounds.locality_claims import locality_claims
from limes.papers.norm_bounds.training_claims import training_claims
from limes.papers.paper import Found


def claims(found: Found, size: Size, settings: Mapping[str, Any]) -> list[Claim]:
    """Claim 1, and of the others those whose data were there."""
    made = formula_claims(size)
    if "samples" in found:
        made += [*training_claims(found, size), *locality_claims(found, size)]
    made += convention_claims(found, size)
    return sorted(made, key=lambda claim: (int(claim.id[0]), claim.id))
