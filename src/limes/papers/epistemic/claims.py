"""All claims that a run decides, in the order of the list."""

from collections.abc import Mapping
from typing import Any

from limes.papers.claim import Claim, Size
from limes.papers.epistemic.function_claims import function_claims
from limes.papers.epistemic.share_claims import share_claims
from limes.papers.epistemic.symmetry_claims import symmetry_claims
from limes.papers.paper import Found
from limes.papers.result import in_order


def claims(found: Found, size: Size, settings: Mapping[str, Any]) -> list[Claim]:
    """Claims 1 to 8."""
    made = [*function_claims(found, size), *share_claims(found, size), *symmetry_claims(found, size)]
    return [*in_order(made)]
