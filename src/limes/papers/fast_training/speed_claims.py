"""Claims 4 to 8: time against matrix products, where it ends, and what an index could save."""

from limes.papers.claim import Claim, Expected, Size
from limes.papers.fast_training.reading import break_even, timed
from limes.papers.paper import Found
from limes.papers.reading import family, over

_THEORY = "Song, Yang & Zhang 2021 (arXiv 2110.04622), against this library's exact engine"
_REACH = {(64, "rows"): 8.0, (784, "rows"): 10.0, (784, "gram"): 40.0}
_BEST = {"rows": "lists", "gram": "the Gram form"}
_SCANNED = {
    0.01: {2: 0.022, 4: 0.079, 8: 0.447, 16: 0.986, 32: 0.999, 64: 0.999},
    0.05: {2: 0.072, 4: 0.197, 8: 0.715, 16: 0.999, 32: 0.999, 64: 0.999},
}
"""Shares of the neurons in balls that cannot be left out, as first measured."""
_HOLD = (
    "CPU seconds of the two matrix products of a dense step over those of a step in which no list runs out, one thread"
)


def speed_claims(found: Found, size: Size) -> list[Claim]:
    """Claims 4, 5, 6, 7 and 8."""
    return [
        *_fast(found, size),
        *_training(found, size),
        *_ends(found, size),
        *_index(found, size),
        *_rule(found, size),
    ]


def _fast(found: Found, size: Size) -> list[Claim]:
    made = []
    cases = [case for case in timed(found) if case["share"] == min(0.01, case["share"]) and case["m"] <= 20_000]
    for letter, ((d, form), reach) in zip("abc", _REACH.items(), strict=True):
        for case in [case for case in cases if case["d"] == d][:1]:
            made.append(
                Claim(
                    f"4{letter}",
                    f"With 1 % active, a step of {_BEST[form]} takes {reach:g} times less than a dense step's products "
                    f"(d = {d})",
                    _THEORY,
                    f"{_HOLD}; n = {case['n']}, m = {case['m']:,}",
                    Expected.at_least(reach, refuted_below=2.0),
                    (case["products"] / case[form],),
                    size=size,
                    headline=(d, form) == (64, "rows"),
                    note="Measured in one process on a machine that did other work; depends on it by some tens of per "
                    "cent.",
                )
            )
    return made


def _training(found: Found, size: Size) -> list[Claim]:
    made = []
    cases = [by_seed[0] for by_seed in family(found, "speed-") if by_seed[0]["mean_rows"] and _hasty(found, by_seed)]
    for letter, case in zip("defg", cases, strict=False):
        form = min(("rows", "gram"), key=lambda form: case[f"mean_{form}"])
        made.append(
            Claim(
                f"4{letter}",
                f"So does the mean step of a training in which lists run out (d = {case['d']}, {case['m']:,} neurons)",
                _THEORY,
                f"CPU seconds of the two matrix products of a dense step over the mean of all steps, {_BEST[form]}, "
                f"one thread; a tenth of the stable learning rate, n = {case['n']}",
                Expected.at_least(4.0, refuted_below=1.0),
                (case["products"] / case[f"mean_{form}"],),
                size=size,
                note=f"{case['refreshed'][form]:.2%} of the lists ran out in a step. The engine without lists, with "
                f"its masks and sums, takes {case['dense'] / case['products']:.2g} times the products.",
            )
        )
    return made


def _hasty(found: Found, by_seed: dict) -> bool:
    return any(found[q] is by_seed and q.endswith("-training") for q in found)


def _ends(found: Found, size: Size) -> list[Claim]:
    made = []
    for letter, d in zip("ab", (64, 784), strict=True):
        cases = [case for case in timed(found) if case["d"] == d and case["m"] == 20_000]
        if len(cases) < 3:
            continue
        made.append(
            Claim(
                f"5{letter}",
                f"Lists pay up to more than a tenth of active pairs (d = {d})",
                _THEORY,
                "share of active pairs at which a step of lists takes as long as the products of a dense step",
                Expected.at_least(0.1, refuted_below=0.08),
                (break_even(cases, "rows"),),
                size=size,
                note=f"Timed at shares {', '.join(format(c['share'], 'g') for c in cases)}; a break-even at the last "
                "of them means beyond it.",
            )
        )
    regime = [c for c in timed(found) if (c["m"], c["share"]) in ((100_000, 0.1), (1_000_000, 0.063))]
    for letter, case in zip("ab", regime, strict=False):
        made.append(
            Claim(
                f"6{letter}",
                f"At the m^(4/5) active neurons of the theory little is gained ({case['m']:,} neurons)",
                _THEORY,
                f"{_HOLD}; d = {case['d']}, {case['share']:.1%} active",
                Expected.at_most(4.0),
                (case["products"] / case["rows"],),
                size=size,
                headline=case["m"] == 1_000_000,
            )
        )
    return made


def _index(found: Found, size: Size) -> list[Claim]:
    made = []
    results = family(found, "index-")
    far = [r for r in results if (c := next(iter(r.values())))["d"] >= 16 and c["share"] == 0.01]
    for letter, by_seed in zip("abc", far, strict=False):
        case = next(iter(by_seed.values()))
        cells = sum(r["cells"] for r in by_seed.values()) / len(by_seed)
        made.append(
            Claim(
                f"7{letter}",
                f"An exact index has to look at nearly all neurons (d = {case['d']})",
                _THEORY,
                "share of the neurons in balls that cannot be left out, 500 balls of k-means, 1 % active",
                Expected.about(_SCANNED[0.01][case["d"]], 0.05),
                **over(by_seed, lambda r: r["balls"]),
                size=size,
                headline=case["d"] == 16,
                note=f"The best cells with 9 of 10 active neurons hold {cells:.0%} of all; arithmetic on "
                "fetched rows runs at a fifth of a product's speed.",
            )
        )
    near = [r for r in results if next(iter(r.values()))["d"] <= 4 and next(iter(r.values()))["share"] == 0.01]
    for letter, by_seed in zip("de", near, strict=False):
        case = next(iter(by_seed.values()))
        made.append(
            Claim(
                f"7{letter}",
                f"In {case['d']} dimensions it looks at few",
                _THEORY,
                "share of the neurons in balls that cannot be left out, 500 balls of k-means, 1 % active",
                Expected.about(_SCANNED[0.01][case["d"]], 0.05),
                **over(by_seed, lambda r: r["balls"]),
                size=size,
            )
        )
    return made


def _rule(found: Found, size: Size) -> list[Claim]:
    cases = timed(found)
    losses = [case[case["chosen"]] / min(case["rows"], case["gram"]) for case in cases]
    gram = [f"d = {c['d']}, {c['share']:g}" for c in cases if c["gram"] < c["rows"]]
    return [
        Claim(
            "8",
            "The Gram form is faster where a neuron has far fewer active examples than features, and is then chosen",
            _THEORY,
            f"time of the form that is chosen over the faster one's, the largest of {len(cases)} cases",
            Expected.at_most(1.5, refuted_above=2.0),
            (max(losses),),
            size=size,
            note=f"Faster at {'; '.join(gram) or 'none of them'} (share of active pairs of 1,000 examples).",
        )
    ]
