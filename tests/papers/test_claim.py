"""Verdicts at their edges, and claims as JSON."""

import json
import math
from dataclasses import replace

import pytest

from limes.core.errors import FormatError, InputError
from limes.papers.claim import Claim, Expected


def claim(expected, values, seeds=None, **more):
    seeds = tuple(range(len(values))) if seeds is None else seeds
    return Claim("3a", "a statement", "a paper", "a quantity", expected, values, seeds, **more)


def around(mean, error):
    """Two values with this mean and standard error of the mean."""
    return (mean - error, mean + error)


BETWEEN = Expected.at_most(2.3, refuted_above=2.7)
REACH = Expected.about(2.0, 0.05, refuted_below=1.05)


@pytest.mark.parametrize(
    ("expected", "mean", "error", "verdict"),
    [
        (BETWEEN, 2.3, 0.0, "holds"),
        (BETWEEN, 2.4, 0.051, "holds"),  # within two standard errors of what is expected
        (BETWEEN, 2.4, 0.04, "inconclusive"),
        (BETWEEN, 2.7, 0.0, "inconclusive"),  # refuted above 2.7, not at it
        (BETWEEN, 2.8, 0.06, "inconclusive"),
        (BETWEEN, 2.8, 0.04, "fails"),
        (Expected.at_most(0.0), 0.05, 0.03, "holds"),
        (Expected.at_most(0.0), 0.05, 0.02, "fails"),  # one-sided and without a grey zone
        (Expected.at_most(0.0, 0.04), 0.04, 0.0, "holds"),
        (Expected.at_most(0.0, 0.04), 0.05, 0.0, "fails"),
        (Expected.at_least(0.17, refuted_below=0.05), 0.2, 0.01, "holds"),
        (Expected.at_least(0.17, refuted_below=0.05), 0.1, 0.01, "inconclusive"),
        (Expected.at_least(0.17, refuted_below=0.05), 0.02, 0.01, "fails"),
        (Expected.at_least(0.17, refuted_below=0.05), -0.5, 0.0, "fails"),
        (REACH, 2.06, 0.01, "holds"),
        (REACH, 2.5, 0.01, "inconclusive"),  # nothing is refuted on that side
        (REACH, 1.0, 0.01, "fails"),
        (Expected.about(1.0, 0.0), 1.0, 0.0, "holds"),
        (Expected.about(1.0, 0.0), 1.001, 0.0, "fails"),
        (Expected.about(0.5, 0.04), 0.4, 0.01, "fails"),
        (Expected.about(0.5, 0.04), 0.6, 0.01, "fails"),
    ],
)
def test_verdicts(expected, mean, error, verdict):
    assert claim(expected, around(mean, error)).verdict == verdict


def test_the_error_is_that_of_the_mean_over_seeds():
    found = claim(Expected.at_most(1.0), (1.0, 2.0, 3.0))
    assert found.measured == 2.0
    assert found.standard_error == pytest.approx(1 / math.sqrt(3))


def test_one_seed_decides_only_with_a_known_error():
    one = claim(Expected.at_most(1.0), (0.5,))
    assert (one.standard_error, one.verdict) == (None, "inconclusive")
    assert replace(one, sampling_error=0.1).verdict == "holds"
    assert replace(one, values=(1.5,), sampling_error=0.1).verdict == "fails"
    nothing_random = claim(Expected.at_most(1.0), (0.5,), seeds=())
    assert (nothing_random.standard_error, nothing_random.verdict) == (None, "holds")


def test_a_statement_about_every_case_is_judged_by_its_worst():
    """The mean of these is within two of its standard errors of 1e-12; the worst of them is what refutes."""
    values = (1e-15, 1e-15, 1e-9)
    assert claim(Expected.at_most(1e-12), values).verdict == "holds"
    worst = claim(Expected.at_most(1e-12), values, over="largest")
    assert (worst.measured, worst.standard_error, worst.verdict) == (1e-9, None, "fails")
    assert claim(Expected.at_least(1.0), (1.0, 0.5), over="smallest").verdict == "fails"


@pytest.mark.parametrize(
    ("expected", "text", "refutation"),
    [
        (BETWEEN, "at most 2.3", "above 2.7"),
        (REACH, "2 ± 0.05", "below 1.05"),
        (Expected.about(0.5, 0.25), "0.5 ± 0.25", "below 0.25 or above 0.75"),
        (Expected.at_least(1.0, 0.5), "at least 1, tolerance 0.5", "below 0.5"),
        (Expected.about(1, 0), "1", "below 1 or above 1"),
        (Expected(0.0, 1.0, -1.0, 2.0), "0 to 1", "below -1 or above 2"),
    ],
)
def test_expectations_in_words(expected, text, refutation):
    assert (str(expected), expected.refutation) == (text, refutation)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Expected.at_most(1.0, refuted_above=0.9), "move the refutation outside"),
        (lambda: Expected.at_most(1.0, 0.2, refuted_above=1.1), "move the refutation outside"),
        (lambda: Expected.at_most(1.0, -0.1), "tolerance of at least 0"),
        (lambda: Expected.at_most(math.nan), "made of numbers"),
        (lambda: Expected(-math.inf, math.inf, -math.inf, math.inf), "nothing is expected"),
        (lambda: Expected(1.0, 0.0, 0.0, 2.0), "nothing is expected"),
        (lambda: claim(BETWEEN, ()), "0 values for 0 seeds"),
        (lambda: claim(BETWEEN, (1.0, 2.0), (0,)), "2 values for 1 seeds"),
        (lambda: claim(BETWEEN, (1.0, math.nan)), "not finite"),
        (lambda: claim(BETWEEN, (math.inf,)), "not finite"),
        (lambda: claim(BETWEEN, (1.0,), sampling_error=-1.0), "no error"),
        (lambda: claim(BETWEEN, (1.0,), over="median"), "one of mean, largest, smallest"),
        (lambda: claim(BETWEEN, (1.0,), size="medium"), "one of smoke, full"),
    ],
)
def test_what_cannot_be_judged_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


@pytest.mark.parametrize(
    "found",
    [
        claim(BETWEEN, (2.0, 2.1), headline=True, size="full", note="a note"),
        claim(REACH, (1.0,), sampling_error=0.25),
        claim(Expected.at_least(1.0), (0.5,), seeds=(), over="smallest"),
    ],
)
def test_claims_survive_json(found):
    entry = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert Claim.from_json(entry) == found
    assert entry["verdict"] == found.verdict
    keys = ["statement", "expected", "measured", "standard_error", "verdict", "size", "headline"]
    assert list(found.row()) == keys
    assert {key: entry[key] for key in keys} == json.loads(json.dumps(found.row()))


def test_a_verdict_that_was_typed_is_refused():
    entry = claim(BETWEEN, (3.0, 3.1)).to_json()
    assert entry["verdict"] == "fails"
    with pytest.raises(FormatError, match="stored as 'holds', but its figures say 'fails'"):
        Claim.from_json(entry | {"verdict": "holds"})
    with pytest.raises(FormatError, match="cannot be read"):
        Claim.from_json({"id": "1"})
