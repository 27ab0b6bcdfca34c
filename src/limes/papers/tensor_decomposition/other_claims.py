"""Claims 4, 5, 7 and 8: growth with dimension and rank, the Gram form, and alternating least squares."""

import numpy as np

from limes.papers.claim import Claim, Expected, Size
from limes.papers.paper import Found
from limes.papers.reading import family, over, slope, within
from limes.papers.tensor_decomposition.reading import by_case
from limes.papers.tensor_decomposition.rounds import GOOD

_SOURCE = "Wang et al. 2020 (arXiv 2010.11356)"
_ALS = "over-parametrised alternating least squares, NeurIPS 2025 (abstract): parallel, k >= c r^2, O(1) rounds"


def other_claims(found: Found, size: Size) -> list[Claim]:
    """Claims 4, 5, 7 and 8."""
    return [*_growth(found, size), *_gram(found, size), *_rounds(found, size)]


def _growth(found: Found, size: Size) -> list[Claim]:
    cases, ranks = by_case(found, "growth-"), by_case(found, "rank-")
    d = [case["d"] for case in cases]
    least = {way: np.array([case[way] for case in cases], float) for way in ("moving", "lazy")}
    over_d = f"exponent of the least number of components in d, d = {', '.join(map(str, d))}, l = 3, r = 2"
    bound = slope(d, [(n + 1) * (n + 2) / 6 for n in d])
    told = {way: ", ".join(f"{v:.3g}" for v in values.mean(1)) for way, values in least.items()}
    return [
        Claim(
            "4a",
            "Components that move need not be more in higher dimensions",
            f"{_SOURCE}: a number that grows with d logarithmically",
            over_d + ", residual below 0.01",
            Expected.at_most(0.5, refuted_above=1.5),
            **within([slope(d, column) for column in least["moving"].T]),
            size=size,
            headline=True,
            note=f"Means: {told['moving']}.",
        ),
        Claim(
            "4b",
            "Lazy training needs some d^2 / 6",
            f"{_SOURCE}: Omega(d^(l-1))",
            over_d + ", residual below 1e-4",
            Expected.about(bound, 0.1),
            **within([slope(d, column) for column in least["lazy"].T]),
            size=size,
            note=f"Means: {told['lazy']}. Expected is the exponent of (d+1)(d+2)/6 over these dimensions.",
        ),
        *_times(found, size),
        Claim(
            "8",
            "Descent needs a few times the rank",
            "as first measured here",
            f"least number of components over the rank, the largest of r = {', '.join(str(r['rank']) for r in ranks)}; "
            "d = 8, l = 3, a component drawn again every 1000 steps",
            Expected.at_most(4.0, refuted_above=8.0),
            **within(np.max([np.array(r["moving"]) / r["rank"] for r in ranks], axis=0)),
            size=size,
            note="Means by rank: "
            + ", ".join(f"{np.mean(r['moving']):.3g}" for r in ranks)
            + "; lazily: "
            + ", ".join(f"{np.mean(r['lazy']):.3g}" for r in ranks)
            + ".",
        ),
    ]


def _times(found: Found, size: Size) -> list[Claim]:
    made = []
    for letter, by_seed in zip("cd", family(found, "times-"), strict=True):
        case = by_seed[0]
        power = (case["order"] - 2) / 2
        groups = np.array(case["steps"], float).reshape(len(case["dimensions"]), -1, 5)
        medians = np.median(groups, axis=1)
        made.append(
            Claim(
                f"4{letter}",
                f"Nor do steps grow faster than d^{power:g}, l = {case['order']}",
                "derived here: a direction with overlap a turns at the rate a^(l-1)",
                f"exponent in d of the median number of steps to a residual of 0.1, m = {case['m']}, "
                f"d = {', '.join(map(str, case['dimensions']))}; seeds in five groups",
                Expected.at_most(power, 0.1, refuted_above=power + 0.5),
                **within([slope(case["dimensions"], column) for column in medians.T]),
                size=size,
                note=f"Medians: {', '.join(format(v, 'g') for v in np.median(case['steps'], axis=1))}.",
            )
        )
    return made


def _gram(found: Found, size: Size) -> list[Claim]:
    by_seed = found["gram"]
    return [
        Claim(
            f"5{letter}",
            f"The {name} in Gram form is that of the tensor written out",
            "derived: <u^l, v^l> = (u.v)^l",
            "largest relative error, d = 6, l = 3 and 4, against automatic differentiation",
            Expected.at_most(1e-12),
            **over(by_seed, lambda r, name=name: max(r[name])),
            size=size,
            over="largest",
        )
        for letter, name in (("a", "loss"), ("b", "gradient"))
    ]


def _rounds(found: Found, size: Size) -> list[Claim]:
    by_seed = found["rounds"]
    case = next(iter(by_seed.values()))
    square = case["rank"] ** 2
    most = max(case["dimensions"])
    enough = [k for k, n in enumerate(case["components"]) if square <= n <= min(case["dimensions"])]
    beyond = [k for k, n in enumerate(case["components"]) if n > min(case["dimensions"])]
    named = ", ".join(str(case["components"][k]) for k in enough)
    made = []
    for letter, target in zip("ab", ("orthonormal", "random"), strict=True):
        made.append(
            Claim(
                f"7{letter}",
                f"Parallel rounds do not grow with the dimension, {target} factors",
                _ALS,
                f"rounds to a relative squared residual of {GOOD:g} at d = {most} less those at "
                f"{min(case['dimensions'])}, the largest over k = {named}; r = {case['rank']}",
                Expected.at_most(0.0, refuted_above=0.5),
                **over(by_seed, lambda r, t=target: _change(np.array(r[t]["parallel"])[:, enough])),
                size=size,
                headline=target == "random",
                note=_told(by_seed, target, case),
            )
        )
    for letter, ks, words in (("c", enough, f"k = {named}"), ("d", beyond, "k above d")):
        made.append(
            Claim(
                f"7{letter}",
                f"A few parallel rounds suffice, {words}",
                _ALS,
                "rounds, the largest over dimensions and both kinds of factors",
                Expected.at_most(3.0, refuted_above=10.0),
                **over(by_seed, lambda r, ks=ks: _largest(r, "parallel", ks)),
                size=size,
                over="largest",
                note=f"One after the other: {max(_largest(r, 'sequential', ks) for r in by_seed.values()):g}.",
            )
        )
    below = [k for k, n in enumerate(case["components"]) if case["rank"] < n < square]
    made.append(
        Claim(
            "7e",
            "Below k = r^2 parallel rounds do not get there",
            "derived here: the products of columns then do not span what they have to",
            f"share of targets that a parallel run fits in 20 rounds, k = {case['components'][below[0]]}",
            Expected.at_most(0.5, refuted_above=0.8),
            **over(by_seed, lambda r: _fitted(r, "parallel", below)),
            size=size,
            note=f"One after the other: {np.mean([_fitted(r, 'sequential', below) for r in by_seed.values()]):.0%}.",
        )
    )
    return made


def _change(table: np.ndarray) -> float:
    return float((table[-1] - table[0]).max())


def _largest(result: dict, way: str, ks: list[int]) -> float:
    return float(max(np.array(result[target][way])[:, ks].max() for target in ("orthonormal", "random")))


def _fitted(result: dict, way: str, ks: list[int]) -> float:
    return float(np.mean([np.array(result[target][way])[:, ks] <= 20 for target in ("orthonormal", "random")]))


def _told(by_seed: dict, target: str, case: dict) -> str:
    mean = {way: np.mean([r[target][way] for r in by_seed.values()], axis=0)[-1] for way in ("parallel", "sequential")}
    rows = "; ".join(f"{way}: {', '.join(f'{v:.3g}' for v in row)}" for way, row in mean.items())
    return f"Mean rounds at the largest d by k = {', '.join(map(str, case['components']))} (21: not in 20): {rows}."
