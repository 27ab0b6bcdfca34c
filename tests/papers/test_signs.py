"""Claims about a sign: savings without a spread, and scores that have no probability in floating point."""

import pytest

from limes.papers.signs import CAP, normal_score, sign_claim


@pytest.mark.parametrize(
    ("saving", "score", "verdict"), [(0.5, CAP, "holds"), (-0.5, -CAP, "fails"), (0.0, 0.0, "inconclusive")]
)
def test_equal_savings_decide_by_their_sign(saving, score, verdict):
    found = {"values": (saving,) * 4, "seeds": tuple(range(4))}
    claim = sign_claim("1", "it is positive", "nobody 1900", "saving", found, "smoke")
    assert (claim.measured, claim.verdict) == (score, verdict)


def test_large_scores_stay_finite():
    assert normal_score(1e6, 100) == CAP
    assert normal_score(-1e6, 100) == -CAP
    assert normal_score(3.0, 1000) == pytest.approx(3.0, abs=0.02)
