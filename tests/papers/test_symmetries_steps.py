"""The measurements behind the claims about symmetries, at tiny size."""

import numpy as np
import pytest

from limes.papers.symmetries import cases, digits, drift, exact, limit, search


@pytest.mark.parametrize("name", ["swap", "plane"])
def test_teachers_are_what_their_names_say(name):
    of = cases.case(name)
    inputs = of.inputs(20)
    turn = of.action.inputs.matrices[1]
    for teacher in ("WI", "SI", "arbitrary"):
        source = of.source(teacher)
        values = cases.outputs(of.unit, source.particles, inputs)
        image = cases.outputs(of.unit, source.particles, inputs @ turn.T)
        error = np.abs(image - values @ turn.T).max()
        assert error < 1e-13 if teacher != "arbitrary" else error > 1e-2
    inside = of.teachers["SI"]
    np.testing.assert_allclose(of.action.parameters.project(inside), inside, atol=1e-14)
    assert np.abs(of.action.parameters.project(of.teachers["WI"]) - of.teachers["WI"]).max() > 0.1


def test_clouds_of_several_sizes_run_in_one_array():
    of = cases.swap()
    together = of.trained("WI", "averaged", (2, 3), (0, 1), inside=True)
    assert [cloud.shape for cloud in together] == [(2, 2, 4), (2, 3, 4)]
    np.testing.assert_array_equal(of.start((0, 1), 3, True)[:, :2], of.start((0, 1), 2, True))
    found = drift.drift("swap", "WI", "equivariant", (2, 3), (0, 1))
    assert np.shape(found["rmd"]) == np.shape(found["loss"]) == (2, 2)
    assert np.max(found["rmd"]) < 1e-28
    assert np.min(found["loss"]) > 0
    assert of.loss("WI", "averaged", cases.PARTICLES) < 1e-28  # the average of the arbitrary teacher is the WI one
    assert of.loss("WI", "vanilla", cases.PARTICLES) > 1e-3


def test_distances_between_schemes():
    found = limit.limit("WI", (3,), (0, 1, 2))
    pair = found["vanilla averaged"]
    assert np.shape(found["same"]) == np.shape(pair["independent"]) == (1, 3)
    assert 0 < np.max(pair["coupled"]) < 1
    assert np.max(pair["models"]) < 0.1


def test_a_search_reports_what_it_tried():
    found = search.search("SI", 4, 0)
    assert found["dimensions"][0] == 0
    assert found["distances"][0] == pytest.approx(0.5)  # all that moves is outside of {0}
    assert len(found["distances"]) == len(found["dimensions"])


def test_exact_ones():
    assert exact.shortcut(30, 0)["error"] < 1e-12
    found = exact.quadrature((0.25,), (4, 8, 32), 0)["errors"][0]
    assert found[0] > 10 * found[1] > 100 * found[2]
    assert found[2] < 1e-10


def test_digits_in_all_turns():
    found = digits.schemes(3, 20, ("vanilla", "averaged"), 0)
    assert found["averaged"]["moved"] < 1e-13 < found["vanilla"]["moved"]
    assert found["averaged"]["changed"] == 0
    assert found["averaged"]["upright"] == found["averaged"]["turned"]
    leaving = np.array(digits.leaving((2, 4), (0.5, 2.0), 0.1, 0)["rmd"])
    assert leaving.shape == (2, 2)
    assert len(np.unique(leaving)) == 4
    assert leaving.min() > 0
