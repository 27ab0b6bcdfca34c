"""Claims 5, 7 and 8: one limit for all schemes, the space that is found, and the distance to a projection."""

import numpy as np

from limes.papers.claim import Claim, Expected, Size
from limes.papers.paper import Found
from limes.papers.reading import Result, over, within
from limes.papers.symmetries.limit import PAIRS
from limes.papers.symmetries.reading import ratio, slopes, table
from limes.papers.symmetries.swap_claims import SOURCE

NAMES = {"vanilla": "vanilla training", "augmented": "augmentation", "averaged": "averaging"}
_JACKKNIFE = (
    "Values are pseudo-values of the jackknife over seeds: their mean is the ratio less its bias, and their error "
    "counts both means and the clouds that pairs share."
)


def limit_claims(found: Found, size: Size) -> list[Claim]:
    """Claims 5, 7 and 8."""
    return [*_one_limit(found, size), *_space(found, size), *_shortcut(found, size)]


def _one_limit(found: Found, size: Size) -> list[Claim]:
    result, other = found["limit-WI"][0], found["limit-arbitrary"][0]
    n, widths = max(result["widths"]), ", ".join(map(str, result["widths"]))
    coupled = {"widths": result["widths"]} | result["vanilla averaged"]
    apart = "RMD^2 of independent clouds over that of two clouds of vanilla training, means over seeds, N = "
    made = _against_samples(result, f"{apart}{n}", size)
    made += [
        Claim(
            "5d",
            "Coupled particle by particle, the clouds of vanilla training and averaging come together",
            SOURCE,
            f"exponent in N of RMD^2 of clouds with the same start and samples, N = {widths}",
            Expected.at_most(-0.5, refuted_above=0.0),
            **within(slopes(coupled, "coupled")),
            size=size,
            note=f"Means: {_numbers(table(coupled, 'coupled').mean(1))}.",
        ),
        Claim(
            "5e",
            "And so do their models",
            SOURCE,
            f"exponent in N of the mean of |f - g|^2, N = {widths}",
            Expected.at_most(-0.5, refuted_above=0.0),
            **within(slopes(coupled, "models")),
            size=size,
            note=f"Means: {_numbers(table(coupled, 'models').mean(1))}.",
        ),
        Claim(
            "5f",
            "Where data are not symmetric the laws do differ",
            "our own: that claims 5a to 5c can fail",
            f"{apart}{max(other['widths'])}, vanilla training and averaging, arbitrary teacher",
            Expected.at_least(1.3, refuted_below=1.1),
            **within(_over_same(other, "vanilla averaged")),
            size=size,
            note=_JACKKNIFE,
        ),
    ]
    return made


def _against_samples(result: Result, quantity: str, size: Size) -> list[Claim]:
    """Claims 5a to 5c."""
    same, widths = table(result, "same"), ", ".join(map(str, result["widths"]))
    made = []
    for letter, (first, second) in zip("abc", PAIRS, strict=True):
        apart = table(result[f"{first} {second}"], "independent")
        made.append(
            Claim(
                f"5{letter}",
                f"The laws of {NAMES[first]} and {NAMES[second]} differ no more than two samples of one law",
                f"{SOURCE}: symmetric data, one limit flow; WI start and teacher",
                quantity,
                Expected.about(1.0, 0.1, refuted_above=1.3),
                **within(_over_same(result, f"{first} {second}")),
                size=size,
                headline=(first, second) == ("vanilla", "averaged"),
                note=f"RMD^2 by N = {widths}: {_numbers(apart.mean(1))}; of one law: {_numbers(same.mean(1))}. "
                f"{_JACKKNIFE}",
            )
        )
    return made


def _over_same(result: Result, pair: str) -> np.ndarray:
    return ratio(table(result[pair], "independent")[-1], table(result, "same")[-1])


def _numbers(values: np.ndarray) -> str:
    return ", ".join(f"{v:.2g}" for v in values)


def _space(found: Found, size: Size) -> list[Claim]:
    made = []
    for letter, teacher in zip("abcd", ("WI", "SI", "WI", "SI"), strict=True):
        by_seed = found[f"search-{teacher}"]
        n = next(iter(by_seed.values()))["n"]
        if letter in "ab":
            made.append(
                Claim(
                    f"7{letter}",
                    f"Growing a space until training stays in it finds E^G, {teacher} teacher",
                    f"{SOURCE}: heuristic for the largest equivariant architecture; choice of directions our own",
                    f"share of seeds that stop in two dimensions, close to E^G; N = {n}",
                    Expected.at_least(0.8),
                    **over(by_seed, right),
                    size=size,
                    note="Dimensions tried: " + "; ".join(_tried(r) for r in by_seed.values()) + ".",
                )
            )
        else:
            made.append(
                Claim(
                    f"7{letter}",
                    f"In three steps, {teacher} teacher",
                    f"{SOURCE}: three steps in the paper's example",
                    "spaces tried",
                    Expected.about(3.0, 0.5),
                    **over(by_seed, lambda r: len(r["dimensions"])),
                    size=size,
                )
            )
    return made


def right(result: Result) -> bool:
    """Whether the space is E^G: of two dimensions, with a basis within RMD^2 of 1e-2 of it."""
    return result["finished"] and result["dimensions"][-1] == 2 and result["outside"] < 1e-2


def _tried(result: Result) -> str:
    return ", ".join(map(str, result["dimensions"])) + ("" if result["finished"] else " (not finished)")


def _shortcut(found: Found, size: Size) -> list[Claim]:
    by_seed = found["shortcut"]
    case = next(iter(by_seed.values()))
    return [
        Claim(
            "8",
            "The distance to a projection needs no solver",
            "derived: the orthogonal projection is the optimal map to its image",
            f"relative difference of mean |z - Pz|^2 and W_2^2 by the {case['solver']} solver, N = {case['n']}",
            Expected.at_most(1e-8),
            **over(by_seed, lambda r: r["error"]),
            size=size,
            over="largest",
        )
    ]
