"""Claim 11: digits in quarter turns, our own."""

from collections.abc import Callable

import numpy as np

from limes.papers.claim import Claim, Expected, Size
from limes.papers.paper import Found
from limes.papers.reading import Result, over, slope

_OWN = "our own experiment; no figure was recorded"


def digits_claims(found: Found, size: Size) -> list[Claim]:
    """Claim 11."""
    by_seed = found["digits"]
    n = next(iter(by_seed.values()))["n"]
    where = f"{n} ReLU neurons, trained on 1,000 upright digits, tested on others in all four turns"

    def gain(first: str, second: str) -> Callable[[Result], float]:
        return lambda r: r[first]["turned"] - r[second]["turned"]

    def accuracies(name: str) -> str:
        return ", ".join(
            f"{scheme} {sum(r[scheme][name] for r in by_seed.values()) / len(by_seed):.3f}"
            for scheme in ("vanilla", "augmented", "averaged", "equivariant")
        )

    told = f"Accuracy on turned digits: {accuracies('turned')}; on upright ones: {accuracies('upright')}."
    return [
        Claim(
            "11a",
            "Averaging and the equivariant architecture do not see quarter turns of digits",
            "by construction",
            "largest change of an output with a turn",
            Expected.at_most(1e-10),
            **over(by_seed, lambda r: max(r["averaged"]["moved"], r["equivariant"]["moved"])),
            size=size,
            over="largest",
            note=f"{where}. Outputs are of size 1.",
        ),
        Claim(
            "11b",
            "Averaging is better on turned digits than no use of the group",
            _OWN,
            "gain in accuracy",
            Expected.at_least(0.2, refuted_below=0.0),
            **over(by_seed, gain("averaged", "vanilla")),
            size=size,
            note=told,
        ),
        Claim(
            "11c",
            "Invariant neurons are not enough: the equivariant architecture is worse than averaging",
            f"{_OWN}; the law on E^G is worse, as in claim 6, also for an invariant task",
            "gain in accuracy of averaging over the equivariant architecture",
            Expected.at_least(0.02, refuted_below=0.0),
            **over(by_seed, gain("averaged", "equivariant")),
            size=size,
            note=told,
        ),
        Claim(
            "11d",
            "Augmentation does not make a network exactly invariant",
            _OWN,
            "share of test digits whose predicted class changes with a turn",
            Expected.at_least(0.01, refuted_below=0.001),
            **over(by_seed, lambda r: r["augmented"]["changed"]),
            size=size,
            note=told,
        ),
        *_leaving(found, size),
    ]


def _leaving(found: Found, size: Size) -> list[Claim]:
    by_seed = dict(sorted(found["leaving"].items()))
    case = next(iter(by_seed.values()))
    widths, times = case["widths"], case["times"]
    made = []
    for letter, i, when in (("e", -1, "late"), ("f", 0, "early")):
        distances = np.array([r["rmd"][i] for r in by_seed.values()])
        made.append(
            Claim(
                f"11{letter}",
                f"From E^G, vanilla training on digits in all turns leaves it less with more neurons, {when}",
                _OWN,
                f"exponent in N of RMD^2 to E^G at time {times[i]:g}, N = {', '.join(map(str, widths))}",
                Expected.at_most(-0.5, refuted_above=0.0),
                **over(by_seed, lambda r, i=i: slope(widths, r["rmd"][i])),
                size=size,
                note=f"Means: {', '.join(f'{v:.2g}' for v in distances.mean(0))}.{_grown(by_seed) if i else ''}",
            )
        )
    return made


def _grown(by_seed: dict[int, Result]) -> str:
    early, late = (np.array([r["rmd"][i] for r in by_seed.values()]).mean(0) for i in (0, -1))
    return f" Over those of claim 11f: {', '.join(f'{v:.2g}' for v in late / early)}."
