"""Bounds on the smallest eigenvalue: against the eigenvalue, brute force, and formulas written out."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import eval_hermitenorm, factorial
from scipy.stats import norm

from limes.core.errors import InputError
from limes.measure import (
    BiasKernel,
    EigenvalueBound,
    bias_kernel,
    hermite_bound,
    hermite_weights,
    in_region,
    kernel_spectrum,
    matrix_bounds,
    power_floors,
    region_bound,
    region_minimum,
    separation,
    unit_rows,
    worst_case_bound,
)

pytestmark = pytest.mark.usefixtures("quick_compilation")


def points(n, d, seed=0):
    return np.random.default_rng([seed, n, d]).normal(size=(n, d))


@pytest.fixture(scope="module")
def kernels():
    """Of a few rows, wide and narrow, and the smallest eigenvalues."""
    narrow = np.concatenate([points(16, 3), np.zeros((16, 5))], axis=1)  # one program for both
    return [bias_kernel(x, 1.0) for x in (points(16, 8), narrow)]


def orthogonal(n):
    """The kernel of n orthogonal rows, by hand."""
    p = norm.sf(1.0)
    return BiasKernel(1.0, np.eye(n), np.where(np.eye(n), p, p * p))


def test_matrix_bounds_hold_for_any_symmetric_matrix():
    rng = np.random.default_rng(0)
    for n in (1, 2, 5, 9):
        a = rng.normal(size=(n, n))
        a = a + a.T + 3 * np.diag(rng.random(n))
        smallest = np.linalg.eigvalsh(a)[0]
        for bound in matrix_bounds(a):
            assert bound.value <= smallest + 1e-12 if bound.side == "lower" else bound.value >= smallest - 1e-12
    blocks = [np.linalg.eigvalsh(a[np.ix_([i, j], [i, j])])[0] for i in range(n) for j in range(i)]
    assert matrix_bounds(a)[-1].value == pytest.approx(min(blocks))


@pytest.mark.parametrize("bias", [0.0, 1.3, 3.0])
def test_hermite_weights_are_integrals(bias):
    def coefficient(k):
        def density(z):
            return eval_hermitenorm(k, z) / math.sqrt(factorial(k)) * norm.pdf(z)

        return quad(density, bias, 12, epsabs=1e-13)[0]

    found = hermite_weights(bias, 30)
    np.testing.assert_allclose(found[:12], [coefficient(k) ** 2 for k in range(12)], rtol=1e-7, atol=1e-16)
    part = hermite_weights(bias, 50_000).sum()  # Parseval; the rest falls as one over the root of the number
    assert 0.99 * norm.sf(bias) < part < norm.sf(bias)


def test_floors_are_below_the_eigenvalues_of_all_powers():
    x = unit_rows(points(20, 6))
    gram = x @ x.T
    floors = power_floors(gram, count=60, exact=5)
    for k, floor in enumerate(floors):
        smallest = np.linalg.eigvalsh(gram**k)[0]
        assert 0 <= floor <= max(smallest, 0.0) + 1e-15
        if k <= 5:
            assert floor == pytest.approx(max(smallest, 0.0), abs=1e-12)
    assert floors[-1] > 0.9
    with pytest.raises(InputError, match="at most all"):
        power_floors(gram, 5, 6)


def test_the_hermite_bound_is_a_lower_bound(kernels):
    for kernel in kernels:
        floors = power_floors(kernel.gram)
        for trainable in (True, False):
            smallest = np.linalg.eigvalsh(kernel.ntk(trainable))[0]
            assert hermite_bound(kernel.bias, floors, trainable).value <= smallest
        assert hermite_bound(kernel.bias, floors).value > 0.25 * np.linalg.eigvalsh(kernel.ntk())[0]
        short = hermite_bound(kernel.bias, power_floors(kernel.gram, count=20)).value
        assert short <= hermite_bound(kernel.bias, floors).value + 1e-12
    assert worst_case_bound(1.0, kernels[0].gram).value < 1e-3 * hermite_bound(1.0, power_floors(kernels[0].gram)).value


def test_with_all_powers_exact_the_bound_is_the_eigenvalue_of_orthogonal_rows():
    floors = power_floors(np.eye(5), 400, 12)
    assert hermite_bound(1.0, floors).value == pytest.approx(2 * norm.sf(1.0) - norm.sf(1.0) ** 2, rel=1e-9)
    # k = 0 gives the matrix of ones, whose smallest eigenvalue 0 the bound takes for that of all the others
    kernel = orthogonal(5).ntk()
    assert np.linalg.eigvalsh(kernel)[0] == pytest.approx(2 * norm.sf(1.0) - norm.sf(1.0) ** 2, rel=1e-9)


def test_the_worst_case_by_hand():
    x = unit_rows([[1.0, 0.0], [1.0, 1.0], [-1.0, 0.2]])
    pairs = [(0, 1), (0, 2), (1, 2)]
    delta = min(np.linalg.norm(x[i] + s * x[j]) for i, j in pairs for s in (1, -1))
    assert separation(x @ x.T) == pytest.approx(delta, rel=1e-12)
    bound = worst_case_bound(2.0, x @ x.T)
    assert bound.value == pytest.approx(math.exp(-2.0) * delta / 900, rel=1e-12)
    assert bound.status == "worst case"
    with pytest.raises(InputError, match="at least 0"):
        worst_case_bound(-1.0, x @ x.T)


def test_the_region_is_that_of_the_double_sum(kernels):
    p, rng = kernels[1].active, np.random.default_rng(1)
    n = len(p)
    low = min(p[i, j] for i in range(n) for j in range(n) if i != j)
    vectors = np.concatenate([rng.normal(size=(n, 30)), rng.random((n, 5))], axis=1)
    naive = [sum(a[i] * a[j] * (p[i, j] - low) for i in range(n) for j in range(n) if i != j) >= 0 for a in vectors.T]
    assert in_region(kernels[1], vectors).tolist() == naive
    assert {True, False} == set(naive)
    assert all(naive[30:])


def test_in_the_region_the_bound_holds_and_outside_it_is_flagged(kernels):
    rng = np.random.default_rng(2)
    for kernel in kernels:
        spectrum = kernel_spectrum(kernel.ntk())
        bound = region_bound(kernel, spectrum.bottom)
        vectors = np.concatenate([rng.normal(size=(len(kernel.gram), 4000)), np.abs(spectrum.vectors)], axis=1)
        inside = vectors[:, in_region(kernel, vectors)]
        forms = np.einsum("ij,ij->j", inside, kernel.ntk() @ inside) / (inside**2).sum(axis=0)
        least = region_minimum(kernel)
        assert bound.value <= least <= forms.min()
        assert not bound.applies
        assert "no bound on the eigenvalue" in str(bound)
    assert bound.value > spectrum.smallest  # why the flag matters


def test_the_flag_is_raised_where_the_eigenvector_is_inside():
    """Equal off-diagonal entries: the region is everything."""
    kernel = orthogonal(4)
    bound = region_bound(kernel, kernel_spectrum(kernel.ntk()).bottom)
    assert bound.applies
    assert bound.value <= np.linalg.eigvalsh(kernel.ntk())[0]
    assert "is in the region" in str(bound)


def test_the_minimum_over_the_region_by_brute_force(kernels):
    kernel = BiasKernel(1.0, kernels[1].gram[:3, :3], kernels[1].active[:3, :3])
    u, v = np.meshgrid(np.linspace(0, np.pi, 400), np.linspace(0, np.pi, 400))
    a = np.stack([np.sin(u) * np.cos(v), np.sin(u) * np.sin(v), np.cos(u)]).reshape(3, -1)
    inside = a[:, in_region(kernel, a)]
    brute = np.einsum("ij,ij->j", inside, kernel.ntk() @ inside).min()
    assert brute - 1e-3 < region_minimum(kernel) <= brute


def test_bounds_need_their_flag_and_pairs():
    with pytest.raises(InputError, match="say whether"):
        EigenvalueBound("p0 - min p", 0.1, "lower", "in a region")
    with pytest.raises(InputError, match="two or more"):
        in_region(orthogonal(1), np.ones(1))
    with pytest.raises(InputError, match="three rows"):
        region_minimum(orthogonal(2))
