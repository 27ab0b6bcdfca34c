"""All claims about networks with large bias that a run decides, in the order of the list."""

from collections.abc import Mapping
from typing import Any

from limes.papers.bias_ntk.bound_claims import bound_claims
from limes.papers.bias_ntk.kernel_claims import kernel_claims
from limes.papers.bias_ntk.mnist_claims import mnist_claims
from limes.papers.bias_ntk.training_claims import training_claims
from limes.papers.claim import Claim, Size
from limes.papers.paper import Found


def claims(found: Found, size: Size, settings: Mapping[str, Any]) -> list[Claim]:
    """Claims 1 to 14, and 15 where MNIST was given."""
    listed = [*kernel_claims(found, size), *training_claims(found, size), *bound_claims(found, size)]
    return [*sorted(listed, key=lambda claim: int(claim.id.rstrip("abcdefghijklmnop"))), *mnist_claims(found, size)]
