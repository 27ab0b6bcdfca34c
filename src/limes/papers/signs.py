"""Claims about a sign: that a saving is one, that a figure falls. Equality decides nothing there, and does not hold."""

import math
from typing import Any

from scipy import stats

from limes.papers.claim import ERRORS, Claim, Expected, Size

CAP = 30.0
"""The largest score: rarer ones have no probability in floating point."""


def sign_claim(
    id: str,
    statement: str,
    source: str,
    quantity: str,
    found: dict[str, Any],
    size: Size,
    headline: bool = False,
    note: str = "",
) -> Claim:
    """A claim that a saving, one figure a seed, is positive: it holds beyond two standard errors, or is refuted there.

    The figure is the mean in units of its standard error, so that a saving that may as well be none decides nothing;
    with few seeds it is brought from Student's distribution to a normal one, where two errors mean what they should.
    With one seed there is no error, and the saving itself is shown. Equal savings have no spread and score `CAP`.

    Example:
        >>> found = {"values": (0.1, 0.3, 0.2), "seeds": (0, 1, 2)}
        >>> claim = sign_claim("1", "it is positive", "nobody 1900", "saving", found, "smoke")
        >>> round(claim.measured, 2), claim.verdict
        (1.79, 'inconclusive')
    """
    plain = Claim(
        id, statement, source, quantity, Expected.at_least(0.0), **found, size=size, headline=headline, note=note
    )
    error = plain.standard_error
    if error is None:
        return plain
    told = f"The mean is {plain.measured:.3g}, its standard error over {len(plain.seeds)} seeds {error:.2g}. {note}"
    score = plain.measured / error if error else math.copysign(math.inf, plain.measured) if plain.measured else 0.0
    return Claim(
        id,
        statement,
        source,
        f"mean over seeds in standard errors, corrected for their number, of the {quantity}",
        Expected.at_least(ERRORS, refuted_below=-ERRORS),
        (normal_score(score, len(plain.seeds)),),
        size=size,
        headline=headline,
        note=told.rstrip(),
    )


def normal_score(score: float, n: int) -> float:
    """The normal deviate as rare as a mean of n values that is `score` of its standard errors above 0; at most `CAP`.

    Example:
        >>> round(normal_score(2.0, 5), 2), round(normal_score(-2.0, 1000), 2)
        (1.57, -2.0)
    """
    return math.copysign(min(float(stats.norm.isf(stats.t.sf(abs(score), n - 1))), CAP), score)
