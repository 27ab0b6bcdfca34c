"""All claims that a run decides, in the order of the list."""

import re
from collections.abc import Mapping
from typing import Any

from limes.papers.claim import Claim, Size
from limes.papers.nn_svm.certificate_claims import certificate_claims
from limes.papers.nn_svm.dynamics_claims import dynamics_claims
from limes.papers.nn_svm.theory_claims import theory_claims
from limes.papers.paper import Found


def claims(found: Found, size: Size, settings: Mapping[str, Any]) -> list[Claim]:
    """Claims 1 to 16, without those about MNIST where its files were not given."""
    made = [*dynamics_claims(found, size), *certificate_claims(found, size), *theory_claims(found, size)]
    return sorted(made, key=lambda claim: int(re.findall(r"\d+", claim.id)[0]))
