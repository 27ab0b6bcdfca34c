"""All claims that a run decides, in the order of the list."""

from collections.abc import Mapping
from typing import Any

from limes.papers.claim import Claim, Size
from limes.papers.paper import Found
from limes.papers.pruned_ntk.kernel_claims import kernel_claims
from limes.papers.pruned_ntk.training_claims import training_claims


def claims(found: Found, size: Size, settings: Mapping[str, Any]) -> list[Claim]:
    """Claims 1 to 4, and 5 where its data were there."""
    made = [*kernel_claims(found, size), *training_claims(found, size)]
    return sorted(made, key=lambda claim: (int(claim.id[0]), claim.id))
