"""All claims about Adv-NTK that a run decides, in the order of the list."""

from collections.abc import Mapping
from typing import Any

from limes.papers.adv_ntk.attack_claims import attack_claims
from limes.papers.adv_ntk.defence_claims import defence_claims, digits_claims
from limes.papers.adv_ntk.theory_claims import theory_claims
from limes.papers.adv_ntk.width_claims import width_claims
from limes.papers.claim import Claim, Size
from limes.papers.paper import Found


def claims(found: Found, size: Size, settings: Mapping[str, Any]) -> list[Claim]:
    """Claims 1 to 14, without those on CIFAR-10 where its files were not given."""
    result, cases = theory_claims(found, size) + attack_claims(found, size), settings["cases"]
    if (case := cases.get("mlp3")) is not None:
        result += defence_claims(found, size, tuple(case["times"]), case["n_curve"], case["n_test"])
    if (case := cases.get("digits")) is not None:
        result += digits_claims(found, size, case["n_test"])
    return result + width_claims(found, size)
