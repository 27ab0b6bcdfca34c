"""All claims about the recurrent NTK that a run decides, in the order of the list."""

from collections.abc import Mapping
from typing import Any

from limes.papers.claim import Claim, Size
from limes.papers.paper import Found
from limes.papers.rntk.limit_claims import limit_claims
from limes.papers.rntk.series_claims import series_claims
from limes.papers.rntk.table_claims import table_claims


def claims(found: Found, size: Size, settings: Mapping[str, Any]) -> list[Claim]:
    """Claims 1 to 8, without the last where the archive's files were not given."""
    return limit_claims(found, size) + series_claims(found, size, settings) + table_claims(found, size)
