"""The steps of the experiment on Adv-NTK at each size, and the data that they need."""

from collections.abc import Iterator
from functools import cache, partial
from typing import Any

import numpy as np

from limes.data import Dataset, data_hash, load
from limes.machines import NTKClassifier
from limes.nets import Net, mlp
from limes.papers.adv_ntk import dynamics, finite_dynamics, regularisation, solver, soundness
from limes.papers.adv_ntk.cases import B_STD, BOUNDS, W_STD, cases
from limes.papers.adv_ntk.defences import defence_steps
from limes.papers.claim import Size
from limes.papers.paper import Plan, Request, Step
from limes.papers.sources import dataset
from limes.papers.steps import seeded
from limes.robust.ark import ark

_THEORY_SEEDS = {"smoke": 3, "full": 5}
_COST_SEEDS = {"smoke": 2, "full": 3}
_COST_SIZES = {"smoke": ((500, 1000, 2000), (250, 500, 1000)), "full": ((1000, 2000, 4000, 10_000), (500, 1000, 2000))}
_WIDTHS = {"smoke": (64, 512), "full": (128, 512, 2048, 8192)}
_STRENGTHS = {"smoke": (0.0, 0.1, 1.0), "full": (0.0, 0.1, 0.3, 1.0)}
_LINEAR_SEEDS = {"smoke": 2, "full": 5}
_MISSING = (
    "claims 10 to 13 are about CIFAR-10, whose files were not given: they are left out, and what stands in their place "
    "was measured on scikit-learn's digits, which are too easy to show the paper's effect; pass --data DIR, or set "
    "$LIMES_DATA"
)


def plan(request: Request) -> Plan:
    """All steps at a size. Without CIFAR-10 the comparison of defences runs on digits, and says so.

    Raises:
        FormatError: for a data folder that was named and has no CIFAR-10.
    """
    notes: list[str] = []
    cifar = dataset("cifar10", request, notes, _MISSING)
    chosen = cases(request.size, cifar is not None)
    theory, costs = request.seed_range(_THEORY_SEEDS[request.size]), request.seed_range(_COST_SEEDS[request.size])
    linear = request.seed_range(_LINEAR_SEEDS[request.size])
    known = None if cifar is None else data_hash(cifar.x, cifar.y, cifar.x_test, cifar.y_test)
    steps = [*_theory_steps(request.size, cifar, known, theory, costs, linear)]
    settings: dict[str, Any] = {"seeds": len(theory), "seeds_cost": len(costs), "cases": {}}
    settings["linearisation"] = {
        "seeds": len(linear),
        "widths": list(_WIDTHS[request.size]),
        "strengths": list(_STRENGTHS[request.size]),
    }
    for case in chosen:
        seeds = request.seed_range(case.seeds)
        steps += defence_steps(case, _digits if case.data == "digits" else lambda: _given(cifar), seeds, known)
        settings["cases"][case.name] = case.settings(seeds)
    if cifar is not None:
        settings["cifar10"] = known
    n = max(case.n_kernel for case in chosen)
    standing = 0 if cifar is None else 2 * cifar.x.nbytes
    return Plan(settings, steps, tuple(notes), standing + 28 * n**2 + 500_000_000)


@cache
def _digits() -> Dataset:
    return load("digits")


def _given(data: Dataset | None) -> Dataset:
    assert data is not None
    return data


def _theory_steps(
    size: Size, cifar: Dataset | None, known: str | None, seeds: range, costs: range, linear: range
) -> Iterator[Step]:
    each = partial(seeded, settings={"cifar10": known})
    net = mlp(3, w_std=W_STD, b_std=B_STD)
    ns, general_ns = _COST_SIZES[size]
    yield from each("stable-form", seeds, solver.stable_form, 0.1)
    yield from each("krylov", seeds, lambda seed: _krylov(net, _digits(), 500, seed), 0.6)
    if cifar is not None:
        n = 2000 if size == "full" else 1000
        yield from each("krylov-cifar10", seeds, lambda seed: _krylov(net, cifar, n, seed), 2e-9 * n**3)
    yield from each(
        "step-cost", costs, lambda seed: solver.step_cost(seed, net, ns, general_ns), 1.5e-9 * max(general_ns) ** 3 + 2
    )
    yield from each("closed-form", seeds, dynamics.closed_form, 0.5)
    yield from each("degeneration", seeds, lambda seed: _degeneration(net, seed), 0.5)
    yield from each("ark", seeds, regularisation.ark_of_relu_nets, 1.0)
    yield from each("clock", seeds, lambda seed: _clock(net, seed), 0.3)
    yield from each("soundness", seeds, lambda seed: _soundness(net, _digits(), 0.1, seed), 1.5)
    widths, strengths = _WIDTHS[size], _STRENGTHS[size]
    cost = 3e-3 * max(widths) * sum(np.exp(gain) for gain in strengths)
    yield from each("linearisation", linear, lambda seed: _linearisation(seed, widths, strengths), cost, small=False)
    if cifar is not None and size == "full":
        yield from each("soundness-cifar10", seeds, lambda seed: _soundness(net, cifar, 8 / 255, seed, 512), 60)


def _rows(data: Dataset, n: int, seed: int, n_test: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Flat images in [-0.5, 0.5], float64, with labels: training rows, then others."""
    rows = np.random.default_rng([seed, 3]).permutation(len(data.y))[: n + n_test]
    x, y = data.x[rows].reshape(n + n_test, -1).astype(np.float64) - 0.5, data.y[rows]
    return x[:n], y[:n], x[n:], y[n:]


def _krylov(net: Net, data: Dataset, n: int, seed: int) -> dict[str, Any]:
    x, y, _, _ = _rows(data, n, seed)
    gram = np.asarray(net.kernel(x, get="ntk").ntk)
    return solver.krylov(gram, np.eye(10)[y], seed)


def _degeneration(net: Net, seed: int) -> dict[str, Any]:
    x, y, x_test, _ = _rows(_digits(), 300, seed, 100)
    gram, gram_test = (np.asarray(net.kernel(a, x, get="ntk").ntk) for a in (x, x_test))
    return dynamics.degeneration(seed, gram, gram_test, np.eye(10)[y], ark(net, x))


def _clock(net: Net, seed: int) -> dict[str, Any]:
    x, y, _, _ = _rows(_digits(), 300, seed)
    return dynamics.warped_clock(seed, net, x, np.eye(10)[y])


def _linearisation(seed: int, widths: tuple[int, ...], strengths: tuple[float, ...]) -> dict[str, Any]:
    x, y, x_test, y_test = _rows(_digits(), 100, seed, 300)
    return finite_dynamics.distances(seed, (x, y, x_test, y_test), 2, widths, strengths, length=18.0)


def _soundness(net: Net, data: Dataset, eps: float, seed: int, n_attacked: int = 100) -> dict[str, Any]:
    x, y, x_test, y_test = _rows(data, 400, seed, max(400, n_attacked))
    machine = NTKClassifier(net, targets="one_hot", time=1.0).fit(x, y)
    linear = soundness.fit_linear(x, y)
    part = slice(0, n_attacked)
    found = soundness.sound(machine, x_test[part], y_test[part], eps, BOUNDS, seed)
    found |= soundness.against_exact(linear, x_test, y_test, eps, BOUNDS, seed)
    return found | soundness.released(machine, x_test[part], y_test[part], eps, seed)
