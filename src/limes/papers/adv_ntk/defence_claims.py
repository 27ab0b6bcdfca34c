"""Claims 10 to 13: robust overfitting of the plain flow, Adv-NTK against early stopping and finite nets, the attack."""

import math
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np

from limes.papers.adv_ntk.cases import TABLE_TIMES
from limes.papers.adv_ntk.defences import ATTACKS, CRITERIA
from limes.papers.claim import ERRORS, Claim, Expected, Size
from limes.papers.paper import Found

METHODS = ("converged", "stopped", "adv")
_PAPER = "Fu & Wang 2024 (arXiv 2310.06112)"
_TABLE = {  # clean, true PGD-10; measured once on 512 images, so that a figure has a standard error of about 0.02
    math.inf: (0.500, 0.014),
    1.0: (0.486, 0.049),
    1e-1: (0.436, 0.150),
    1e-2: (0.383, 0.209),
    1e-3: (0.316, 0.232),
    1e-4: (0.289, 0.258),
}
_SMOKE = "Size smoke has 400 images in the kernel in place of 10,000: it shows that all of it runs, and decides little."
_KERNELS = "Rows of kernels; the authors' finite networks face their PyTorch attack, which is sound."


def defence_claims(found: Found, size: Size, times: tuple[float, ...], n_curve: int, n_test: int) -> list[Claim]:
    """Claims on CIFAR-10, from the case "mlp3".

    Args:
        found: results of the steps.
        size: of the run.
        times: of the plain flow, infinity last.
        n_curve: test images behind the curves.
        n_test: test images behind the chosen models.
    """
    flow, setting = found["mlp3-curve-flow"], f"MLP-3, CIFAR-10, radius 8/255, {n_curve} test images"
    claims = _overfitting(found, size, times, setting, n_test)
    if size == "full":
        claims += _table(found, size, times, setting, n_curve)
    claims += [*_comparison(found, size, n_test), *_attacks(found, flow, size, setting, n_test)]
    if size == "full":
        claims += _finite(found, size, n_test)
    if size == "smoke":
        claims = [replace(claim, note=f"{claim.note} {_SMOKE}".strip()) for claim in claims]
    return claims


def digits_claims(found: Found, size: Size, n_test: int) -> list[Claim]:
    """What stands in for these claims without CIFAR-10, with expectations of its own: digits are too easy."""
    setting = f"MLP-3, digits, radius 0.05, 400 images in the kernel, {n_test} test images"
    drop, seeds = _differences(found, "digits", "pgd", "stopped", "converged")
    gain, _ = _differences(found, "digits", "pgd", "adv", "stopped")
    source = f"{_PAPER}; digits: limes' own check"
    return [
        Claim(
            "10 digits",
            "Digits are too easy to show robust overfitting of the plain flow",
            source,
            f"robust accuracy at the chosen stop minus that at t = infinity, PGD-10; {setting}",
            Expected.at_most(0.05),
            drop,
            seeds,
            size=size,
            sampling_error=_sampling_error(found, "digits", "pgd", ("stopped", "converged"), n_test),
        ),
        Claim(
            "11 digits",
            "On digits, Adv-NTK withstands no more than the plain flow at its best stopping time",
            source,
            f"robust accuracy of Adv-NTK minus that of the stopped flow, PGD-10; {setting}",
            Expected.at_most(0.0),
            gain,
            seeds,
            size=size,
            sampling_error=_sampling_error(found, "digits", "pgd", ("adv", "stopped"), n_test),
        ),
        Claim(
            "12 digits",
            "On digits, the released attack gives nearly the accuracies of the true one",
            source,
            f"largest difference over stopping times and steps; {setting}",
            Expected.at_most(0.04),
            *_largest_gap(found, "digits"),
            size=size,
            sampling_error=0.5 / math.sqrt(n_test),
        ),
    ]


def _overfitting(found: Found, size: Size, times: tuple[float, ...], setting: str, n_test: int) -> list[Claim]:
    drop, seeds = _differences(found, "mlp3", "pgd", "stopped", "converged")
    error = _sampling_error(found, "mlp3", "pgd", ("stopped", "converged"), n_test)
    flow = found["mlp3-curve-flow"]
    rise = tuple(r["clean"][-1] - r["clean"][0] for r in flow.values())
    expected = Expected.at_least(0.17, refuted_below=0.05) if size == "full" else Expected.at_least(0.05)
    small = "" if size == "full" else " With so few images any clear fall is expected, not the whole one."
    return [
        Claim(
            "10a",
            "The plain kernel flow overfits robustly: trained on past its best stopping time, it loses its robustness",
            f"{_PAPER}, robust overfitting; here without a finite network",
            "robust accuracy at the stop chosen on validation images minus that at t = infinity, true PGD-10; MLP-3, "
            f"CIFAR-10, radius 8/255, {n_test} test images",
            expected,
            drop,
            seeds,
            size=size,
            headline=True,
            sampling_error=error,
            note=f"No image of the validation part is in the kernel.{small}",
        ),
        Claim(
            "10b",
            "Its accuracy on clean images rises all the while",
            f"{_PAPER}, robust overfitting; here without a finite network",
            f"clean accuracy at t = infinity minus that at t = {times[0]:g}; {setting}",
            Expected.at_least(0.0),
            rise,
            seeds,
            size=size,
            sampling_error=0.5 * math.sqrt(2 / n_test),
        ),
    ]


def _table(found: Found, size: Size, times: tuple[float, ...], setting: str, n_curve: int) -> list[Claim]:
    flow, places = found["mlp3-curve-flow"], [times.index(t) for t in TABLE_TIMES]
    expected = np.array([_TABLE[t] for t in TABLE_TIMES]).T
    gaps = [np.abs(np.array([r["clean"], r["pgd"]])[:, places] - expected).max() for r in flow.values()]
    source = "limes' specification, table of one seed on 512 images"
    return [
        Claim(
            "10c",
            "At t = infinity next to no robustness is left",
            source,
            f"robust accuracy, true PGD-10; {setting}",
            Expected.at_most(0.03),
            tuple(r["pgd"][-1] for r in flow.values()),
            tuple(flow),
            size=size,
            sampling_error=math.sqrt(0.03 * 0.97 / n_curve),
        ),
        Claim(
            "10d",
            "The curves are those of the table of an earlier measurement",
            source,
            f"largest difference of clean and robust accuracy over six stopping times; {setting}",
            # beyond the tolerance and two standard errors of the table itself
            Expected.at_most(0.04, refuted_above=0.08),
            tuple(float(gap) for gap in gaps),
            tuple(flow),
            size=size,
            sampling_error=0.5 / math.sqrt(n_curve),
        ),
    ]


def _comparison(found: Found, size: Size, n_test: int) -> list[Claim]:
    claims = []
    for letter, criterion, words in (("a", "pgd", "true PGD-10"), ("b", "margin", "PGD-10 on the margin")):
        values, seeds = _differences(found, "mlp3", criterion, "adv", "stopped")
        claims.append(
            Claim(
                f"11{letter}",
                f"Adv-NTK withstands no more than the plain flow at its best stopping time ({words})",
                f"{_PAPER}, Adv-NTK; early stopping is limes' comparison, the released one is t = infinity",
                f"robust accuracy of Adv-NTK minus that of the stopped flow, {words}, the stop of each (and the "
                f"learning rate) chosen on the same validation images; MLP-3, CIFAR-10, radius 8/255, {n_test} test "
                "images",
                Expected.at_most(0.0),
                values,
                seeds,
                size=size,
                headline=True,
                sampling_error=_sampling_error(found, "mlp3", criterion, ("adv", "stopped"), n_test),
                note="A positive figure beyond two standard errors would support the paper.",
            )
        )
    return claims


def _attacks(found: Found, flow: dict[int, Any], size: Size, setting: str, n_test: int) -> list[Claim]:
    seeds = tuple(flow)
    above = tuple(
        max(m - p for part in ("flow", "adv") for m, p in _pairs(found, "mlp3", part, seed, "margin", "pgd"))
        for seed in seeds
    )
    return [
        Claim(
            "12a",
            "The released attack gives nearly the accuracies of the true one, though it leaves the ball",
            f"{_PAPER}, the authors' code, JAX attack",
            f"largest difference over stopping times and steps; {setting}",
            Expected.at_most(0.04),
            *_largest_gap(found, "mlp3"),
            size=size,
            sampling_error=0.5 / math.sqrt(n_test),
            note=_KERNELS,
        ),
        Claim(
            "12b",
            "The attack on the margin leaves less standing than that on the squared error, at every time and step",
            f"{_PAPER} attacks the squared error; the margin is limes' comparison",
            f"largest accuracy under the one minus that under the other; {setting}",
            Expected.at_most(0.0),
            above,
            seeds,
            size=size,
            sampling_error=0.5 / math.sqrt(n_test),
        ),
        Claim(
            "12c",
            "The choice of attack does not reorder the methods",
            f"{_PAPER}, the authors' code, JAX attack",
            "pairs among converged flow, stopped flow and Adv-NTK that two attacks put into opposite orders, each by "
            f"more than two standard errors; {n_test} test images",
            Expected.at_most(0.0),
            (float(len(reordered(found, "mlp3", n_test))),),
            size=size,
            note=_KERNELS,
        ),
    ]


def _finite(found: Found, size: Size, n_test: int) -> list[Claim]:
    setting = f"true PGD-10, each stop chosen on validation images; MLP-3, CIFAR-10, radius 8/255, {n_test} test images"
    note = (
        "The finite network: width 512, cross-entropy, 3,000 steps of 128 images, where the release has the squared "
        "error and 20,000; PGD raises the loss that a model was trained on."
    )
    names = {"adv": "Adv-NTK", "stopped": "The plain flow at its best stopping time"}
    claims = []
    for letter, method in zip("ab", names, strict=True):
        values, seeds = _differences(found, "mlp3", "pgd", method, "finite")
        claims.append(
            Claim(
                f"13{letter}",
                f"{names[method]} is about as robust as an adversarially trained finite network",
                f"{_PAPER}, comparison with adversarial training" if method == "adv" else "limes' comparison",
                f"robust accuracy minus that of the finite network, {setting}",
                Expected.about(0.0, 0.03),
                values,
                seeds,
                size=size,
                headline=method == "adv",
                sampling_error=_sampling_error(found, "mlp3", "pgd", (method, "finite"), n_test),
                note=note,
            )
        )
    depths = [q.removesuffix("-test-converged") for q in found if q.endswith("-test-converged") and q.startswith("mlp")]
    left = [max(r["pgd"]["pgd"] for r in found[f"{case}-test-converged"].values()) for case in depths]
    claims.append(
        Claim(
            "13c",
            "At every depth next to no robustness is left at t = infinity",
            f"{_PAPER}, table by depth",
            f"largest robust accuracy, true PGD-10, over {', '.join(case.upper() for case in depths)}; CIFAR-10, "
            "radius 8/255",
            Expected.at_most(0.05, refuted_above=0.1),
            (max(left),),
            size=size,
            over="largest",
        )
    )
    return claims


def reordered(found: Found, case: str, n_test: int) -> list[tuple[str, str, str, str]]:
    """(method, method, attack, attack) for which the attacks give opposite orders, each beyond two standard errors."""
    clear: dict[tuple[str, str, str], float] = {}
    for a, b in combinations(METHODS, 2):
        for attack in ATTACKS:
            values, _ = _differences(found, case, attack, a, b, chosen_by="pgd")
            mean = float(np.mean(values))
            n = len(values)
            error = float(np.std(values, ddof=1)) / math.sqrt(n) if n > 1 else math.sqrt(0.5 / n_test)
            clear[a, b, attack] = math.copysign(1.0, mean) if abs(mean) > ERRORS * error else 0.0
    return [
        (a, b, one, other)
        for a, b in combinations(METHODS, 2)
        for one, other in combinations(ATTACKS, 2)
        if clear[a, b, one] * clear[a, b, other] < 0
    ]


def _differences(
    found: Found, case: str, attack: str, method: str, other: str, chosen_by: str | None = None
) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Accuracy of a method's chosen model minus that of another's, for each seed, on the same images."""
    first, second = (found[f"{case}-test-{name}"] for name in (method, other))
    criterion = chosen_by or (attack if attack in CRITERIA else "pgd")
    return tuple(first[s][criterion][attack] - second[s][criterion][attack] for s in first), tuple(first)


def _sampling_error(found: Found, case: str, attack: str, methods: tuple[str, str], n_test: int) -> float:
    """Binomial standard error of a difference on `n_test` images, as if independent, from the first seed."""
    rates = []
    for method in methods:
        first = next(iter(found[f"{case}-test-{method}"].values()))
        rates.append(first[attack][attack])
    return math.sqrt(sum(p * (1 - p) for p in rates) / n_test)


def _largest_gap(found: Found, case: str) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Largest difference between released and true attack over stopping times and steps, for each seed."""
    seeds = tuple(found[f"{case}-curve-flow"])
    gaps = tuple(
        max(abs(r - p) for part in ("flow", "adv") for r, p in _pairs(found, case, part, seed, "released", "pgd"))
        for seed in seeds
    )
    return gaps, seeds


def _pairs(found: Found, case: str, part: str, seed: int, one: str, other: str) -> list[tuple[float, float]]:
    result = found[f"{case}-curve-{part}"][seed]
    return list(zip(result[one], result[other], strict=True))
