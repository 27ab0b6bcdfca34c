"""Claims 1 to 10 from what was found."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from limes.papers.claim import Claim, Expected, Size
from limes.papers.ntk_features.evolution_claims import evolution_claims
from limes.papers.ntk_features.feature_claims import feature_claims
from limes.papers.ntk_features.frozen_claims import frozen_claims
from limes.papers.ntk_features.lazy_claims import lazy_claims
from limes.papers.ntk_features.transfer_claims import transfer_claims
from limes.papers.paper import Found
from limes.papers.reading import BySeed, Result, over

PAPER = "Tsilivis & Kempe 2022"


def claims(found: Found, size: Size, settings: Mapping[str, Any]) -> list[Claim]:
    """All claims that the steps decide, by number."""
    return [
        *_derivatives(found, size),
        *_filters(found, size),
        *_attacks(found, size),
        *feature_claims(found, size),
        *_stopping(found, size),
        *transfer_claims(found, size),
        *lazy_claims(found, size),
        *evolution_claims(found, size),
        *frozen_claims(found, size),
    ]


def _derivatives(found: Found, size: Size) -> list[Claim]:
    source = f"{PAPER}, section 3 (adversarial examples in closed form)"
    setting = "100 random pairs each in d = 5 and 64, |u| < 0.98, float64"
    claim = partial(_worst, found["derivatives"], source=source, size=size)
    return [
        claim(
            "1a",
            "The derivatives of the two-layer relu kernel in closed form are right",
            key="formula",
            quantity=f"largest error of dTheta/dc and dTheta/dn against differences of order six; {setting}",
            expected=Expected.at_most(1e-9),
        ),
        claim(
            "1b",
            "The library's kernel and its input gradient are those of the closed form",
            key="gradient",
            quantity=f"largest difference of the gradient of Theta in x; {setting}",
            expected=Expected.at_most(1e-9),
            note=f"The kernel itself: {max(r['kernel'] for r in found['derivatives'].values()):.1e}.",
        ),
        claim(
            "1c",
            "The gradient of the flow's predictor is right at every time",
            key="predictor",
            quantity="largest relative error against differences of order six at t = 1, 30, infinity; one hidden layer "
            "in d = 5, two in d = 64; 20 rows, 20 points",
            expected=Expected.at_most(1e-9),
        ),
        claim(
            "1d",
            "At u = 1 and u = -1 values and gradients are finite",
            key="nan",
            quantity="values that are not finite at a training row, a multiple of one and its negative",
            expected=Expected.at_most(0.0),
        ),
    ]


def _filters(found: Found, size: Size) -> list[Claim]:
    claim = partial(_worst, found["one-eigh"], source=f"{PAPER}, section 4", size=size)
    setting = "digits 3 and 8, 240 training rows, float64, relative to the largest score"
    words = {
        "flow": ("2a", "One eigendecomposition gives the flow at every time", "a matrix exponential, t = 0.1, 1, 10"),
        "ridge": ("2b", "The same one gives every ridge", "linear systems, ridge 0.1 and 1"),
        "sum": ("2c", "The sum of all features is kernel regression", "a linear system"),
        "subset": ("2d", "The sum of some features is regression in their span", "a projected system, ten features"),
    }
    return [
        claim(
            number,
            statement,
            key=key,
            quantity=f"largest difference of test scores from {direct}; {setting}",
            expected=Expected.at_most(1e-8),
        )
        for key, (number, statement, direct) in words.items()
    ]


def _attacks(found: Found, size: Size) -> list[Claim]:
    if not (runs := found.get("cifar10-fc")):
        return []
    one = next(iter(runs.values()))
    setting = (
        f"CIFAR-10 airplanes and automobiles, {one['n_train']} training and {one['n_test']} test images, one hidden "
        "layer, t = infinity"
    )
    few = "The notebook has 2000 training and 100 test images, so that its clean accuracy is known to 0.04."
    source = f"{PAPER}, the authors' notebook"
    claim = partial(_mean, runs, source=source, size=size, note=few)
    robust = Expected.at_most(0.10, refuted_above=0.30)
    return [
        claim(
            "3a",
            "The kernel predictor tells airplanes from automobiles",
            lambda r: r["clean"][-1],
            quantity=f"clean accuracy; {setting}",
            expected=Expected.about(0.81, 0.05, refuted_below=0.7),
        ),
        claim(
            "3b",
            "One gradient step, without training any network, makes the kernel predictor fail",
            lambda r: r["fgsm"][-1],
            quantity=f"accuracy under FGSM, eps 8/255; {setting}",
            expected=robust,
            headline=True,
        ),
        claim(
            "3c",
            "So do ten smaller steps",
            lambda r: r["pgd"],
            quantity=f"accuracy under PGD-10 from the clean image, eps 8/255; {setting}",
            expected=robust,
        ),
    ]


def _stopping(found: Found, size: Size) -> list[Claim]:
    runs = found["digits-fc"]
    times = list(next(iter(runs.values()))["times"])
    setting = "digits 3 and 8, 240 training and 117 test rows, one hidden layer, no biases, w_std 1"
    source = f"{PAPER}, section 3 (early stopping); figures of our own description"
    claim = partial(_mean, runs, source=source, size=size)
    early, late = times.index(1.0), len(times) - 1
    made = [
        claim(
            "6a",
            "Stopped early, the kernel flow is at least as robust as trained to the end",
            lambda r: r["fgsm"][early] - r["fgsm"][late],
            quantity=f"accuracy under FGSM, eps 0.1, at t = 1 minus that at t = infinity; {setting}",
            expected=Expected.at_least(0.0),
            headline=True,
        )
    ]
    reference = {1.0: (0.991, 0.829), 10.0: (1.0, 0.761), float("inf"): (1.0, 0.778)}
    for letter, (time, (clean, robust)) in zip("bcd", reference.items(), strict=True):
        place = times.index(time)
        words = "to the end" if time == float("inf") else f"up to t = {time:g}"
        for number, key, value in ((f"6{letter}1", "clean", clean), (f"6{letter}2", "fgsm", robust)):
            what = "clean accuracy" if key == "clean" else "accuracy under FGSM, eps 0.1"
            made.append(
                claim(
                    number,
                    f"Trained {words}: {what}",
                    lambda r, key=key, place=place: r[key][place],
                    quantity=f"{what}; {setting}",
                    expected=Expected.about(value, 0.04),
                )
            )
    return made


def _worst(runs: BySeed, number: str, statement: str, *, key: str, size: Size, **parts: Any) -> Claim:
    """A claim about every case: the worst seed counts."""
    return Claim(number, statement, **over(runs, lambda r: r[key]), size=size, over="largest", **parts)


def _mean(
    runs: BySeed, number: str, statement: str, value: Callable[[Result], float], *, size: Size, **parts: Any
) -> Claim:
    return Claim(number, statement, **over(runs, value), size=size, **parts)
