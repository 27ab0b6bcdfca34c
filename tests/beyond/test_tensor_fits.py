"""Lazy fits and alternating least squares: against least squares on tensors that are written out."""

import itertools
import math

import numpy as np
import pytest

from limes.beyond.tensor import (
    alternate,
    lazy_residual,
    lazy_threshold,
    orthonormal_target,
    random_target,
    symmetric_dimension,
    tangent_rank,
)
from limes.core.errors import InputError, MemoryRefused


def _tangents(vectors, order):
    """(m d, d^order) derivatives of u^order in each coordinate, by symmetrising."""
    rows = []
    for u in vectors:
        for e in np.eye(len(u)):
            whole = 0.0
            for place in range(order):
                factors = [e if i == place else u for i in range(order)]
                product = factors[0]
                for f in factors[1:]:
                    product = np.multiply.outer(product, f)
                whole = whole + product
            rows.append(np.ravel(whole))
    return np.array(rows)


@pytest.mark.parametrize(("d", "order", "m"), [(4, 3, 3), (3, 4, 2), (4, 3, 5), (3, 2, 2), (5, 3, 7)])
def test_lazy_fit_is_the_least_squares_fit_of_tangents(d, order, m):
    target = random_target(d, 2, order, seed=1)
    vectors = np.random.default_rng(2).standard_normal((m, d))
    tangents, whole = _tangents(vectors, order), target.dense().ravel()
    fit = tangents.T @ np.linalg.lstsq(tangents.T, whole, rcond=1e-10)[0]
    slow = np.linalg.norm(fit - whole) / np.linalg.norm(whole)
    assert lazy_residual(target, vectors) == pytest.approx(slow, abs=1e-5)
    assert lazy_residual(target, 3.0 * vectors) == pytest.approx(slow, abs=1e-5)
    assert tangent_rank(vectors, order) == np.linalg.matrix_rank(tangents, tol=1e-8 * np.linalg.norm(tangents))


def test_the_threshold_and_the_known_exception():
    """At (l, d, m) = (3, 5, 7) the tangent space has 34 dimensions, not 35: Alexander and Hirschowitz."""
    for d, order in ((3, 2), (5, 3), (4, 4)):
        listed = len(list(itertools.combinations_with_replacement(range(d), order)))
        assert symmetric_dimension(d, order) == listed
        assert lazy_threshold(d, order) == math.ceil(listed / d)
    vectors = np.random.default_rng(0).standard_normal((8, 5))
    assert [tangent_rank(vectors[:m], 3) for m in (6, 7, 8)] == [30, 34, 35]


def test_a_component_of_the_start_is_held():
    vectors = np.random.default_rng(5).standard_normal((2, 6))
    target = random_target(6, 1, 3)
    assert lazy_residual(target, np.vstack([vectors, target.vectors])) < 1e-6
    assert lazy_residual(target, vectors) > 0.1


def test_bad_input_of_lazy_fits(monkeypatch):
    target = orthonormal_target(4, 2, 3)
    with pytest.raises(InputError, match=r"vectors of shape \(2, 3\)"):
        lazy_residual(target, np.ones((2, 3)))
    with pytest.raises(InputError, match="1 of the vectors have no direction"):
        lazy_residual(target, np.eye(4)[:2] * [[1], [0]])
    monkeypatch.setenv("LIMES_MEMORY", "1 kB")
    with pytest.raises(MemoryRefused, match="take fewer components"):
        lazy_residual(target, np.ones((9, 4)))


def _written_out(factors):
    return np.einsum("ai,bi,ci->abc", *factors)


def test_a_round_of_alternating_least_squares_is_what_lstsq_gives():
    """One after the other, from the same start, on tensors that are written out."""
    rng = np.random.default_rng(0)
    target = [rng.standard_normal((n, 3)) for n in (4, 5, 6)]
    whole, k = _written_out(target), 2
    found = alternate(target, k, parallel=False, rounds=1, key=5)
    start = np.random.default_rng([5, k])
    factors = [start.standard_normal((n, k)) for n in (4, 5, 6)]
    for i in range(3):
        b, c = (factors[j] for j in range(3) if j != i)
        design = np.einsum("bi,ci->bci", b, c).reshape(-1, k)
        unfolded = np.moveaxis(whole, i, 0).reshape(whole.shape[i], -1)
        factors[i] = np.linalg.lstsq(design, unfolded.T, rcond=None)[0].T
    np.testing.assert_allclose(_written_out(found.factors), _written_out(factors), atol=1e-9)
    expected = np.sum((_written_out(factors) - whole) ** 2) / np.sum(whole**2)
    assert found.residuals == pytest.approx([expected], rel=1e-8)


@pytest.mark.parametrize("parallel", [True, False])
def test_rounds_by_number_of_components(parallel):
    """Exact after two rounds, or one, from r^2 components on, also above the dimension; the fit is what it says."""
    for n, k in ((6, 4), (9, 5), (6, 12)):
        target = [random_target(n, 2, 3, seed=i).vectors.T for i in range(3)]
        found = alternate(target, k, parallel=parallel)
        assert found.rounds(1e-10) == (2 if parallel else 1)
        np.testing.assert_allclose(_written_out(found.factors), _written_out(target), atol=1e-6)
    target = [orthonormal_target(6, 2, 3).vectors.T] * 3
    few = alternate(target, 1, parallel=parallel, rounds=5)
    assert few.rounds(0.4) is None
    fitted = np.sum((_written_out(few.factors) - _written_out(target)) ** 2) / 2
    assert few.residuals[-1] == pytest.approx(fitted, rel=1e-9)


def test_bad_input_of_alternating_least_squares():
    with pytest.raises(InputError, match=r"three factors \(n, r\)"):
        alternate((np.ones((3, 2)), np.ones((3, 2))), 2)
    with pytest.raises(InputError, match="components and rounds, not 0 and 20"):
        alternate((np.ones((3, 2)),) * 3, 0)
