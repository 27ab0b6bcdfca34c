"""Linearised adversarial training: its three methods against each other, naive formulas, and the plain flow."""

import numpy as np
import pytest
from scipy.linalg import expm

from limes import nets
from limes.core.errors import InputError, MemoryRefused, NumericalError
from limes.linalg import spectrum
from limes.robust import integration
from limes.robust.ark import ark
from limes.robust.dynamics import adversarial_flow

N, M, C = 12, 5, 2
TIMES = [0.0, 0.1, 1.0, 10.0, 100.0]


def problem(seed=0):
    """A kernel of condition number 500 between train and test points, its labels, and ARK values."""
    rng = np.random.default_rng(seed)
    q = np.linalg.qr(rng.standard_normal((N + M, N + M)))[0]
    k = (q * np.geomspace(0.02, 10, N + M)) @ q.T
    k = (k + k.T) / 2
    return k[:N, :N], rng.standard_normal((N, C)), k[N:, :N], rng.uniform(0.5, 2, N)


def per_example(seed=1):
    return np.random.default_rng(seed).uniform(0, 1, N)


PHASES = 6 * per_example(2)
COMMUTING = {  # eta, and whether all examples have the same ARK
    "constant": (per_example(), False),
    "one-number": (0.4, False),
    "common-table": (([0.0, 0.5, 3.0], [0.1, 0.7, 0.3]), True),
    "common-function": (lambda t: 0.3 + 0.2 * np.sin(t), True),
    "table-in-parallel": (([0.0, 2.0], np.array([[0.0], [0.3]]) + per_example()), True),
}
TABLE = ([0.0, 0.5, 3.0], np.random.default_rng(3).uniform(0, 1, (3, N)))


def moving(t):
    """Rates that change by example and time."""
    return 0.5 + 0.4 * np.sin(t + PHASES)


def assert_same(found, expected, tolerance):
    """All arrays at each time, relative to the largest entry or, for what has become small, to the labels (1)."""
    for name in ("train", "test", "coef", "xi", "inner"):
        for one, other in zip(getattr(found, name), getattr(expected, name), strict=True):
            assert np.abs(one - other).max() <= tolerance * max(np.abs(other).max(), 1.0), name


@pytest.mark.parametrize("name", COMMUTING)
def test_closed_form_equals_the_ode_where_the_matrices_commute(name):
    k, y, k_test, a = problem()
    eta, same = COMMUTING[name]
    options = {"ark": 1.3 if same else a, "eta": eta, "horizon": 0.9, "gram_test": k_test}
    closed = adversarial_flow(k, y, TIMES, **options)
    assert closed.method == "closed"
    assert_same(adversarial_flow(k, y, TIMES, method="ode", **options), closed, 1e-8)


def test_implicit_integrator_too(monkeypatch):
    k, y, k_test, a = problem()
    options = {"ark": a, "gram_test": k_test, "method": "ode"}
    for eta in (per_example(), moving):
        explicit = adversarial_flow(k, y, [1.0, 20.0], eta=eta, **options)
        with monkeypatch.context() as patch:
            patch.setattr(integration, "_STIFF", 0.0)
            implicit = adversarial_flow(k, y, [1.0, 20.0], eta=eta, **options)
        assert np.abs(implicit.coef - explicit.coef).max() > 0  # it did run
        assert_same(implicit, explicit, 1e-8)


@pytest.mark.parametrize("seed", range(3))
def test_closed_form_equals_its_definition(seed):
    """K^-1 (I - expm(-K Xi)) Y with Xi = t exp(a eta S), and exp(a eta S) (f - Y); some rates are zero."""
    k, y, k_test, a = problem(seed)
    eta = per_example(seed) * (np.arange(N) % 3 > 0)
    flow = adversarial_flow(k, y, [0.7, 20.0], ark=a, eta=eta, horizon=1.2, gram_test=k_test, method="closed")
    gain = np.exp(a * eta * 1.2)
    for i, t in enumerate((0.7, 20.0)):
        np.testing.assert_allclose(flow.xi[i], t * gain, rtol=1e-14)
        coef = np.linalg.solve(k, (np.eye(N) - expm(-k * (t * gain))) @ y)
        np.testing.assert_allclose(flow.coef[i], coef, rtol=1e-11, atol=1e-11)
        np.testing.assert_allclose(flow.test[i], k_test @ coef, rtol=1e-11, atol=1e-11)
        np.testing.assert_allclose(flow.inner[i], gain[:, None] * (k @ coef - y), rtol=1e-9, atol=1e-11)


def test_table_equals_an_ordered_product_of_exponentials():
    k, y, k_test, a = problem()
    flow = adversarial_flow(k, y, [5.0, 0.5, 0.2], ark=a, eta=TABLE, gram_test=k_test)
    assert flow.method == "product"
    first, second, third = (k * np.exp(a * eta) for eta in TABLE[1])
    residuals = [
        expm(-2.0 * third) @ expm(-2.5 * second) @ expm(-0.5 * first) @ -y,
        expm(-0.5 * first) @ -y,
        expm(-0.2 * first) @ -y,
    ]
    np.testing.assert_allclose(flow.train - y, residuals, rtol=1e-10, atol=1e-12)
    gains = np.exp(a * TABLE[1][[2, 1, 0]])  # a rate holds from its time on: at t = 0.5 the second does
    np.testing.assert_allclose(flow.inner, gains[:, :, None] * residuals, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(flow.xi[0], np.exp(a * TABLE[1]).T @ [0.5, 2.5, 2.0], rtol=1e-14)
    ode = adversarial_flow(k, y, [5.0, 0.5, 0.2], ark=a, eta=TABLE, gram_test=k_test, method="ode")
    assert_same(ode, flow, 1e-8)


def test_function_of_time_equals_a_fine_table():
    """The midpoint table of step h is off by O(h^2): two of them are extrapolated."""
    k, y, k_test, a = problem()
    flow = adversarial_flow(k, y, [2.0], ark=a, eta=moving, gram_test=k_test)
    assert flow.method == "ode"
    tables = []
    for n in (100, 200):
        starts = 2.0 * np.arange(n) / n
        rates = np.array([moving(t + 1.0 / n) for t in starts])
        tables.append(adversarial_flow(k, y, [2.0], ark=a, eta=(starts, rates), method="product").train)
    np.testing.assert_allclose(flow.train, (4 * tables[1] - tables[0]) / 3, rtol=1e-6, atol=1e-7)
    assert np.abs(tables[0] - flow.train).max() > 1e-6  # the extrapolation is what makes them equal


def test_closed_form_is_refused_where_it_is_wrong():
    k, y, _, a = problem()
    for eta in (TABLE, moving, lambda t: 0.3 * t):  # the last: one rate, but different ARK values
        with pytest.raises(InputError, match=r"exact only where A\(t\) = g\(t\) D .*use method='auto' or 'ode'"):
            adversarial_flow(k, y, [5.0], ark=a, eta=eta, method="closed")
    flow = adversarial_flow(k, y, [5.0], ark=a, eta=TABLE)
    naive = y - expm(-k * flow.xi[0]) @ y
    assert np.abs(naive - flow.train[0]).max() > 1e-3 * np.abs(flow.train[0] - y).max()
    with pytest.raises(InputError, match="not for functions: use method='ode'"):
        adversarial_flow(k, y, [5.0], ark=a, eta=moving, method="product")


@pytest.mark.parametrize("method", ["closed", "product", "ode"])
def test_without_attack_it_is_the_plain_flow(method):
    k, y, k_test, a = problem()
    flow = adversarial_flow(k, y, TIMES, ark=a, eta=0.0, gram_test=k_test, method=method)
    values, vectors = np.linalg.eigh(k)
    for i, t in enumerate(TIMES):
        coef = vectors @ (spectrum.flow_filter(values, t, 0.0)[:, None] * (vectors.T @ y))
        np.testing.assert_allclose(flow.test[i], k_test @ coef, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(flow.xi[i], t, rtol=1e-14)
        np.testing.assert_allclose(flow.inner[i], k @ coef - y, rtol=1e-9, atol=1e-9)


def relu_problem():
    """A ReLU NTK on points of the sphere, where the ARK is one number, and the net."""
    rng = np.random.default_rng(4)
    x = rng.standard_normal((20, 6))
    net = nets.mlp(3, w_std=1.2, b_std=0.1)
    return net, x, net.kernel(x, get="ntk").ntk, rng.standard_normal((20, 2))


def test_one_rate_on_a_relu_net_is_standard_training_on_a_warped_clock():
    """With exp(a eta(t) S) = 1 + t the clock is xi(t) = t + t^2 / 2."""
    net, x, k, y = relu_problem()
    a = ark(net, x)
    times = [0.5, 3.0]
    flow = adversarial_flow(k, y, times, ark=a, eta=lambda t: np.log1p(t) / (2 * a[0]), horizon=2.0, method="ode")
    standard = spectrum.decompose(k).solve(y, tuple(t + t**2 / 2 for t in times)).coef
    np.testing.assert_allclose(flow.train, k @ np.array(standard), atol=1e-8)
    assert adversarial_flow(k, y, times, ark=a, eta=lambda t: 0.1 * t).method == "closed"


@pytest.mark.parametrize("eta", [0.3, per_example(), TABLE, moving], ids=["number", "array", "table", "function"])
def test_limit_is_kernel_regression_whatever_the_rates(eta):
    k, y, k_test, a = problem()
    flow = adversarial_flow(k, y, [np.inf, 1.0], ark=a, eta=eta, gram_test=k_test)
    np.testing.assert_allclose(flow.test[0], k_test @ np.linalg.solve(k, y), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(flow.train[0], y, rtol=1e-9)
    assert (np.isinf(flow.xi[0]).all(), flow.inner[0].any(), np.isfinite(flow.xi[1]).all()) == (True, False, True)
    assert adversarial_flow(k, y, [2.0, 1.0], ark=a, eta=eta).xi[1] == pytest.approx(flow.xi[1], rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_training_degenerates_to_standard_training_and_gets_there_sooner(seed):
    """The residual weighted with A falls for constant rates: d/dt r^T A r = -2 (A r)^T K (A r) <= 0."""
    k, y, _, a = problem(seed)
    times = [*np.geomspace(0.1, 1000, 25), np.inf]
    attacked = adversarial_flow(k, y, times, ark=a, eta=per_example(seed))
    standard = adversarial_flow(k, y, times, ark=a, eta=0.0)
    gain = np.exp(a * per_example(seed))
    error = np.sqrt((gain[:, None] * (attacked.train - attacked.train[-1]) ** 2).sum(axis=(1, 2)))
    above_rounding = error[error > 1e-12]
    assert len(above_rounding) > 15
    assert (np.diff(above_rounding) < 0).all()
    assert error[-2] < 1e-6 * error[0]
    gaps = [np.linalg.norm(flow.train[[6, 12, 18]] - y, axis=(1, 2)) for flow in (attacked, standard)]
    assert (gaps[0] < gaps[1]).all()


def test_singular_kernel_has_no_limit_but_a_flow():
    """Two equal rows with different labels: the flow ends at a mean weighted by their rates, not at the plain mean."""
    k, y = np.ones((2, 2)), np.array([[1.0], [0.0]])
    eta = [np.log(3.0), 0.0]
    for method in ("closed", "product", "ode"):
        flow = adversarial_flow(k, y, [50.0], ark=1.0, eta=eta, method=method)
        np.testing.assert_allclose(flow.train[0], [[0.75], [0.75]], rtol=1e-8)
    with pytest.raises(NumericalError, match="not singular to working precision"):
        adversarial_flow(k, y, [np.inf], ark=1.0, eta=eta)


def test_arrays_of_float32_and_a_single_time():
    k, y, k_test, a = problem()
    narrow = [v.astype(np.float32) for v in (k, y, k_test)]
    found = adversarial_flow(*narrow[:2], 2.0, ark=a.astype(np.float32), eta=0.2, gram_test=narrow[2])
    exact = adversarial_flow(k, y, [2.0], ark=a, eta=0.2, gram_test=k_test)
    assert (found.train.shape, found.test.shape, found.train.dtype) == ((1, N, C), (1, M, C), np.float64)
    np.testing.assert_allclose(found.test, exact.test, rtol=1e-4, atol=1e-5)
    assert adversarial_flow(k, y, 2.0, ark=a, eta=0.2).test is None


BAD = {
    "gram-shape": ({"gram": np.ones((3, 2))}, r"gram must be \(n, n\).*\(3, 2\)"),
    "asymmetric": ({"gram": np.triu(np.ones((N, N)))}, "must be symmetric, but differs from its transpose by up to 1"),
    "nan": ({"gram": np.full((N, N), np.nan)}, "gram holds 144 values that are not finite"),
    "labels": ({"y": np.ones(N)}, r"y must be \(n, c\) with n=12 rows, not \(12,\)"),
    "test": ({"gram_test": np.ones((N, 3))}, r"gram_test must be \(m, n\) with n=12 columns"),
    "time": ({"times": [-1.0]}, "numbers of at least 0"),
    "no-time": ({"times": []}, "one or more"),
    "ark": ({"ark": np.ones(3)}, "ark must be one number or 12 of them"),
    "negative-ark": ({"ark": -1.0}, "ark and horizon must be finite and at least 0"),
    "rates": ({"eta": np.ones(3)}, r"one rate or 12, one a training point, not shape \(3,\)"),
    "function": ({"eta": lambda t: np.ones(3)}, r"one rate or 12, one a training point, not shape \(3,\)"),
    "negative": ({"eta": lambda t: 0.5 - t}, "eta must be finite and at least 0"),
    "huge": ({"eta": 1e3}, r"ark \* eta \* horizon reaches 1e\+03.*below 600"),
    "table": ({"eta": ([0.0, 1.0], np.ones((3, N)))}, r"times \(k,\) and values"),
    "late-table": ({"eta": ([0.5, 1.0], [1.0, 1.0])}, "must rise from 0"),
    "tuple": ({"eta": (1.0, 2.0, 3.0)}, r"a table of rates is \(times, values\)"),
    "method": ({"method": "euler"}, "must be one of auto, closed, product, ode, not 'euler'"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_met_at_the_door(name):
    k, y, _, _ = problem()
    changed, message = BAD[name]
    arguments = {"gram": k, "y": y, "times": [1.0], "ark": 1.0, "eta": 0.1} | changed
    with pytest.raises(InputError, match=message):
        adversarial_flow(**arguments)


def test_refuses_what_does_not_fit(monkeypatch):
    monkeypatch.setenv("LIMES_MEMORY", "1kB")
    k, y, _, a = problem()
    with pytest.raises(MemoryRefused, match=r"the flow of 12 training points needs 4\.6 kB"):
        adversarial_flow(k, y, [1.0], ark=a, eta=0.1)
