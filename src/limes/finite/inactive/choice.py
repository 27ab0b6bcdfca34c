"""What a step costs in each form, and which form to take.

Costs are in units of one multiplication and addition inside a large matrix product, as measured on processors with
vectors of 256 and 512 bits: arithmetic on rows that are fetched one by one runs at a sixth to a quarter of a product's
speed, and an entry of the Gram matrix that is fetched alone costs about as much as a hundred of these operations.
"""

import math

_GATHERED = 5.0  # of one multiplication and addition on a fetched row
_FETCH = 90.0  # of an entry of K
_SCAN = 60.0  # to look at one pre-activation of a fresh row


def costs(form: str, d: int) -> tuple[float, float, float, float, float]:
    """Of a candidate, an active example, their product, a refresh and a step by products for each example."""
    refresh = d + _SCAN
    if form == "gram":
        return _FETCH, 0.0, _FETCH, refresh, 2 * d + _SCAN
    return _GATHERED * d, _GATHERED * d, 0.0, refresh, 2 * d + _SCAN


def best_form(n: int, d: int, bias: float) -> str:
    """ "rows" or "gram", for n rows of d features and a threshold in units of the pre-activations' deviation.

    With p n active examples a neuron, a step takes (p n)^2 fetched entries or 2 p n fetched rows.
    """
    active = 0.5 * math.erfc(bias / math.sqrt(2)) * n
    return "gram" if active * _FETCH < 2 * _GATHERED * d else "rows"
