"""Claims 1 and 2: the variance of the function falls with the data, that of the weights does not."""

from statistics import fmean

import numpy as np

from limes.papers.claim import Claim, Expected, Size
from limes.papers.epistemic.reading import cases, mixed
from limes.papers.paper import Found
from limes.papers.reading import slope, within

_SOURCE = "Ruegamer 2026 (arXiv 2605.25234), experiments, by a digest of it; figures as first measured here"
_SETTING = "r = 1, m = 2, p = 3, noise and prior variance 1, population likelihood"
WEIGHTS = {2**8: 3.60, 2**11: 3.41, 2**14: 3.01}
"""tr Cov as first measured, from four chains."""


def function_claims(found: Found, size: Size) -> list[Claim]:
    """Claims 1 and 2."""
    made = cases(found, "posterior-", inputs=3)
    return [*_function(made, size), *_weights(made, size)]


def _function(made: list[dict], size: Size) -> list[Claim]:
    n = [case["n"] for case in made]
    scaled = np.array([case["scaled"] for case in made])
    slopes = [slope(n, column / n) for column in scaled.T]
    certificates = "; ".join(f"n = {case['n']}: {mixed(case['mixing']['function'])}" for case in made)
    claims = [
        Claim(
            "1a",
            "The variance of the function falls like 1/n",
            _SOURCE,
            f"slope of log mean Var f in log n, n = {', '.join(map(str, n))}; {_SETTING}",
            Expected.about(-1.0, 0.1),
            **within(slopes),
            size=size,
            headline=True,
            note=f"Mixing of the function, over all chains of all seeds: {certificates}.",
        )
    ]
    for letter, case in zip("bcd", made, strict=True):
        claims.append(
            Claim(
                f"1{letter}",
                f"n Var f is the same for all n, n = {case['n']}",
                _SOURCE,
                f"n times the mean of Var f(x) over x ~ N(0, I); {_SETTING}",
                Expected.about(3.4, 0.5),
                **within(case["scaled"]),
                size=size,
                note=f"Mixing of the function: {mixed(case['mixing']['function'])}. Exact over x for each pair of "
                "draws. The recorded figure is of four chains. One neuron alone, p = 3 numbers, would have 3.",
            )
        )
    return claims


def _weights(made: list[dict], size: Size) -> list[Claim]:
    first, last = made[0], made[-1]
    ratios = np.array(last["weights"]) / np.array(first["weights"])
    claims = [
        Claim(
            "2a",
            "The variance of the weights does not fall",
            _SOURCE,
            f"tr Cov(w) at n = {last['n']} over that at n = {first['n']}; {_SETTING}",
            Expected.at_least(0.7, refuted_below=0.5),
            **within(ratios),
            size=size,
            headline=True,
            note="Of the posterior over both orders of the neurons. Mixing of |w|^2, the larger share and the sums of "
            f"weights over neurons at n = {last['n']}: {mixed(last['mixing']['sums'])}; of single weights, which only "
            f"an exchange of the neurons mixes: {mixed(last['mixing']['weights'])}.",
        )
    ]
    for letter, case in zip("bcd", made, strict=True):
        _, scaling, split = np.mean(case["parts"], axis=0)
        claims.append(
            Claim(
                f"2{letter}",
                f"The weights are nearly as uncertain for all n, n = {case['n']}",
                _SOURCE,
                f"tr Cov(w), of 8 under the prior; {_SETTING}",
                Expected.about(WEIGHTS[case["n"]], 0.5, refuted_below=0.5 * WEIGHTS[case["n"]]),
                **within(case["weights"]),
                size=size,
                note="Of the posterior over both orders of the neurons; the recorded figure was of chains as they ran. "
                f"Made of scaling {scaling:.2f} and split {split:.2f}. Mixing of sums over neurons: "
                f"{mixed(case['mixing']['sums'])}; of single weights: {mixed(case['mixing']['weights'])}. Mean cosine "
                f"of neurons that both work for the truth: {fmean(case['cosine']):.3f}.",
            )
        )
    return claims
