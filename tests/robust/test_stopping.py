"""The choice of a stop from checks on held-out rows."""

from limes.robust.stopping import Check, best


def test_no_check_no_choice():
    assert best([], 100, 7) == 7


def test_clean_accuracy_decides_within_one_standard_error_of_the_most_robust():
    # the standard error of .5 on 100 rows is .05
    checks = [Check(1, 0.9, 0.44), Check(2, 0.7, 0.5), Check(3, 0.8, 0.46), Check(4, 0.6, 0.49)]
    assert best(checks, 100, 0) == 3
    assert best(checks, 10_000, 0) == 2  # .005: only the most robust is left
    assert best(checks, 50, 0) == 1


def test_the_latest_of_equals():
    assert best([Check(2, 0.7, 0.5), Check(5, 0.7, 0.5), Check(3, 0.7, 0.5)], 100, 0) == 5


def test_nothing_robust_leaves_clean_accuracy_to_decide():
    assert best([Check(1, 0.7, 0.0), Check(2, 0.8, 0.0), Check(3, 0.6, 0.0)], 50, 0) == 2
