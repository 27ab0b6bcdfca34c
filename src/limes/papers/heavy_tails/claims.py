"""All claims that a run decides, in the order of the list."""

from collections.abc import Mapping
from typing import Any

from limes.papers.claim import Claim, Size
from limes.papers.heavy_tails.network_claims import network_claims
from limes.papers.heavy_tails.noise_claims import noise_claims
from limes.papers.heavy_tails.regression_claims import regression_claims
from limes.papers.heavy_tails.synthetic_claims import synthetic_claims
from limes.papers.paper import Found


def claims(found: Found, size: Size, settings: Mapping[str, Any]) -> list[Claim]:
    """Claims 1 to 8."""
    return [
        *synthetic_claims(found, size),
        *regression_claims(found, size),
        *network_claims(found, size),
        *noise_claims(found, size),
    ]
