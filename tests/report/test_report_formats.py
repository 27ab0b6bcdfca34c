import math

import pytest

from limes.report.formats import format_estimate, format_number, format_seconds


@pytest.mark.parametrize(
    ("mean", "se", "text"),
    [
        (0.9444, 0.0061, "0.944 ± 0.006"),
        (0.5, None, "0.500"),
        (0.5, math.nan, "0.500"),
        (0.5, 0.0, "0.500 ± 0.000"),
        (0.5, 1e-5, "0.500 ± <0.001"),
        (math.nan, 0.1, "–"),
        (None, None, "–"),
    ],
)
def test_estimates(mean, se, text):
    assert format_estimate(mean, se) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0004, "0 ms"),
        (0.9999, "1.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 00 s"),
        (3599.6, "1 h 00 min"),
        (90000, "25 h 00 min"),
    ],
)
def test_durations_carry_into_the_next_unit(seconds, text):
    assert format_seconds(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        (math.nan, "–"),
        (0.0, "0"),
        (8 / 255, "0.0314"),
        (100.0, "100"),
        (1797, "1797"),
        (9999.9, "10⁴"),
        (3.16e4, "3.16·10⁴"),
        (1e-4, "10⁻⁴"),
        (-0.05, "−0.05"),
    ],
)
def test_numbers(value, text):
    assert format_number(value) == text
