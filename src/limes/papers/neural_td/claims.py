"""All claims that a run decides, in the order of the list."""

from collections.abc import Mapping
from typing import Any

from limes.papers.claim import Claim, Size
from limes.papers.neural_td.ball_claims import ball_claims, markov_claims
from limes.papers.neural_td.control_claims import control_claims
from limes.papers.neural_td.run_claims import run_claims
from limes.papers.neural_td.theory_claims import theory_claims
from limes.papers.paper import Found


def claims(found: Found, size: Size, settings: Mapping[str, Any]) -> list[Claim]:
    """Claims 1 to 9; 8 where there were environments."""
    made = [*run_claims(found, size), *theory_claims(found, size), *ball_claims(found, size)]
    made += [*control_claims(found, size), *markov_claims(found, size)]
    return sorted(made, key=lambda claim: (claim.id[0], claim.id))
