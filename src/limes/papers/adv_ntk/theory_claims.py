"""Claims 1 to 7: formulas, solver and dynamics. Each function decides what was found about one of them."""

from typing import Any

from limes.papers.claim import Claim, Expected, Size
from limes.papers.paper import Found
from limes.papers.reading import over

_PAPER = "Fu & Wang 2024 (arXiv 2310.06112)"
CODE = f"{_PAPER}, the authors' code"
_DYNAMICS = f"{_PAPER}, linearised dynamics; closed form as reconstructed in limes"


def theory_claims(found: Found, size: Size) -> list[Claim]:
    """Claims 1 to 7."""
    makers = (_stable_form, _krylov, _step_cost, _closed_form, _degeneration, _ark, _clock)
    return [claim for make in makers for claim in make(found, size)]


def _stable_form(found: Found, size: Size) -> list[Claim]:
    return [
        Claim(
            "1",
            "The predictor of Adv-NTK has a form that needs no inverse of the kernel and is exact where a clock is 0",
            f"{CODE}, predictor; stable form derived in limes.linalg.weighted",
            "largest relative difference to K^-1 (I - expm(-K D)) Y, random kernels of 6 to 200 points",
            Expected.at_most(1e-12),
            **over(found["stable-form"], lambda r: max(r["difference"])),
            size=size,
            over="largest",
        )
    ]


def _krylov(found: Found, size: Size) -> list[Claim]:
    parts = [q for q in ("krylov", "krylov-cifar10") if q in found]
    sizes = " and ".join(
        f"{'digits' if q == 'krylov' else 'CIFAR-10'} n = {next(iter(found[q].values()))['n']}" for q in parts
    )

    def worst(name: str) -> dict[str, Any]:
        seeds = tuple(found["krylov"])
        return {"values": tuple(max(found[q][s][name] for q in parts) for s in seeds), "seeds": seeds}

    source = f"{CODE}, training step; Krylov form derived in limes.linalg.weighted"
    common: dict[str, Any] = {"size": size, "over": "largest"}
    against = f"against one eigendecomposition, {sizes}, 10 outputs, clocks as after 50 steps"
    return [
        Claim(
            "2a",
            "A block Krylov space gives the coefficients of Adv-NTK",
            source,
            f"largest relative error {against}",
            Expected.at_most(1e-8),
            **worst("coefficients"),
            **common,
        ),
        Claim(
            "2b",
            "A second block Krylov space gives the derivative in the clocks",
            source,
            f"largest relative error {against}",
            Expected.at_most(1e-7),
            **worst("gradient"),
            **common,
        ),
        Claim(
            "2c",
            "Ten blocks are enough for that, and more images need no more blocks",
            source,
            f"blocks taken, {sizes}",
            Expected.at_most(10),
            **worst("blocks"),
            **common,
        ),
    ]


def _step_cost(found: Found, size: Size) -> list[Claim]:
    first = next(iter(found["step-cost"].values()))
    quantity = "slope of log CPU seconds (one thread) in log n, attack not counted, n from {} to {}"
    return [
        Claim(
            "3a",
            "A step of Adv-NTK costs little more than products with the kernel",
            f"{CODE}, training step",
            quantity.format(first["krylov_n"][0], first["krylov_n"][-1]),
            Expected.at_most(2.3, refuted_above=2.7),
            **over(found["step-cost"], lambda r: r["krylov_slope"]),
            size=size,
        ),
        Claim(
            "3b",
            "By a general matrix exponential, as in the release, the cost grows with the cube of n",
            f"{CODE}, training step",
            quantity.format(first["general_n"][0], first["general_n"][-1]) + ", without the derivative",
            Expected.at_least(2.7),
            **over(found["step-cost"], lambda r: r["general_slope"]),
            size=size,
        ),
    ]


def _closed_form(found: Found, size: Size) -> list[Claim]:
    quantity = "relative error against a Runge-Kutta integration, kernels of 6 points, t = 2"
    return [
        Claim(
            "4a",
            "The closed form solves the dynamics where K A(t) commutes with itself over time",
            _DYNAMICS,
            f"{quantity}; rates constant in time, or one for all examples; the larger error",
            Expected.at_most(1e-8),
            **over(found["closed-form"], lambda r: max(r["constant"], r["common"])),
            size=size,
            over="largest",
        ),
        Claim(
            "4b",
            "The closed form is wrong where rates differ by example and time",
            _DYNAMICS,
            f"{quantity}; rates that vary smoothly, and rates that jump; the smaller error",
            Expected.at_least(1e-2, refuted_below=1e-4),
            **over(found["closed-form"], lambda r: min(r["varying"], r["misaligned"])),
            size=size,
        ),
        Claim(
            "4c",
            "An integration, or an ordered product for rates held on pieces, solves them for every schedule",
            f"{_PAPER}, linearised dynamics; limes.robust.dynamics",
            f"{quantity}; the largest of four schedules",
            Expected.at_most(1e-8),
            **over(found["closed-form"], lambda r: max(r[name] for name in r if name.endswith("_library"))),
            size=size,
            over="largest",
        ),
    ]


def _degeneration(found: Found, size: Size) -> list[Claim]:
    setting = "digits n = 300, 100 test points, rates that vary by example and time, attacks of at most e^2"
    return [
        Claim(
            "5a",
            "Adversarial training with bounded rates ends where standard training ends",
            f"{_PAPER}, degeneration",
            f"distance to the limit at t = 100, relative, at test points; {setting}",
            # a plateau would lie far above rounding, wherever between 1e-6 and 1 the attacks put it
            Expected.at_most(1e-6, refuted_above=1e-3),
            **over(found["degeneration"], lambda r: r["distance"][-1]),
            size=size,
            over="largest",
        ),
        Claim(
            "5b",
            "It approaches that limit monotonically",
            f"{_PAPER}, degeneration",
            f"largest ratio of the distances at t = 1, 10 and 100 to the ones before; {setting}",
            Expected.at_most(1.0),
            **over(found["degeneration"], lambda r: max(_ratios(r["distance"][1:], r["distance"][:-1]))),
            size=size,
            over="largest",
        ),
        Claim(
            "5c",
            "It gets there sooner than standard training",
            f"{_PAPER}, degeneration",
            f"largest ratio of its residual to that of standard training at t = 1, 10 and 100; {setting}",
            Expected.at_most(1.0),
            **over(found["degeneration"], lambda r: max(_ratios(r["residual_at"], r["residual_standard"]))),
            size=size,
            over="largest",
        ),
    ]


def _ark(found: Found, size: Size) -> list[Claim]:
    setting = "1, 2 and 4 hidden layers, 60 networks of width 128 on 1,024 features"
    source = f"{_PAPER}, adversarial regularisation kernel; formula derived in limes.robust.ark"
    return [
        Claim(
            "6a",
            "The adversarial regularisation kernel of a relu net is W_std^2 (W_std^2 / 2)^L",
            source,
            f"largest difference to Monte Carlo in its standard errors; {setting}",
            Expected.at_most(3.0),
            **over(found["ark"], lambda r: max(r["z_formula"])),
            size=size,
        ),
        Claim(
            "6b",
            "It depends neither on the input nor on the biases",
            source,
            f"largest difference in standard errors: inputs of norms 1 and 10, biases of 0.18 and 1; {setting}",
            Expected.at_most(3.0),
            **over(found["ark"], lambda r: max(r["z_dependence"])),
            size=size,
        ),
        Claim(
            "6c",
            "limes.robust.ark gives this figure for a net as it is",
            source,
            "largest relative difference to the formula over inputs and depths",
            Expected.at_most(1e-12),
            **over(found["ark"], lambda r: max(r["library"])),
            size=size,
            over="largest",
        ),
    ]


def _clock(found: Found, size: Size) -> list[Claim]:
    return [
        Claim(
            "7",
            "With one rate for all examples, adversarial training of a relu net is standard training on another clock",
            f"{_DYNAMICS}; consequence derived in limes",
            "largest difference of f at the training points and five times, digits n = 300, MLP-3",
            Expected.at_most(1e-8),
            **over(found["clock"], lambda r: r["difference"]),
            size=size,
            over="largest",
        )
    ]


def _ratios(a: list[float], b: list[float]) -> list[float]:
    return [x / y for x, y in zip(a, b, strict=True)]
