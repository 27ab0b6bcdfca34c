"""Claims 2, 3, 6 and 9: descent on components that move."""

import numpy as np

from limes.papers.claim import Claim, Expected, Size
from limes.papers.paper import Found
from limes.papers.reading import within
from limes.papers.tensor_decomposition.moving import STUCK, SUCCESS
from limes.papers.tensor_decomposition.reading import by_case

_SOURCE = "Wang et al. 2020 (arXiv 2010.11356), algorithm in outline; figures as first measured here"


def moving_claims(found: Found, size: Size) -> list[Claim]:
    """Claims 2, 3, 6 and 9."""
    return [*_beyond(found, size), *_rescued(found, size), *_exact(found, size)]


def _beyond(found: Found, size: Size) -> list[Claim]:
    made = []
    for i, case in enumerate(sorted(by_case(found, "moving-"), key=lambda r: (r["order"], r["d"]))):
        residuals, where = np.array(case["residual"]), f"d = {case['d']}, l = {case['order']}, r = {case['rank']}"
        m = 4 * case["rank"]
        few = residuals[:, case["widths"].index(m)]
        made.append(
            Claim(
                f"2{'ace'[i]}",
                f"Descent succeeds with {m} components where lazy training cannot, {where}",
                _SOURCE,
                f"share of seeds with a relative residual above {STUCK:g}",
                Expected.at_most(0.3, refuted_above=0.5),
                **within(few > STUCK),
                size=size,
                headline=(case["d"], case["order"]) == (8, 3),
                note=f"Median residual {np.median(few):.2g}; those of stuck seeds: "
                f"{', '.join(format(v, '.3f') for v in few[few > STUCK][:5]) or 'none'}.",
            )
        )
        enough = [k for k, width in enumerate(case["widths"]) if width in (4, 8, 16)]
        worst = [max([v for v in row if v <= STUCK], default=1.0) for row in residuals[:, enough]]
        made.append(
            Claim(
                f"2{'bdf'[i]}",
                f"Seeds that are not stuck fit well, {where}",
                _SOURCE,
                "relative residual, the largest over m = 2r, 4r, 8r of a seed's runs that are not stuck",
                Expected.at_most(0.005),
                **within(worst),
                size=size,
                over="largest",
            )
        )
        outside = np.array(case["outside"])[:, case["widths"].index(m)]
        made.append(
            Claim(
                f"9{'abc'[i]}",
                f"What lies outside of the target's span stays small, {where}",
                "Wang et al. 2020 (arXiv 2010.11356), a step of the proof",
                f"sum of |u_i|^2 outside of the span at the end over that at the start, m = {m}",
                Expected.at_most(1.0, refuted_above=2.0),
                **within(outside),
                size=size,
            )
        )
    return made


def _rescued(found: Found, size: Size) -> list[Claim]:
    case = found["rescued"][0]
    success = {p: np.array(r)[:, -1] < SUCCESS for p, r in zip(case["periods"], case["residuals"], strict=True)}
    never = success[None]
    again = {p: s for p, s in success.items() if p is not None}
    quantity = f"share of seeds with a residual below {SUCCESS:g}, d = {case['d']}, l = {case['order']}, r = 2, "
    quantity += f"m = {case['m']}"
    made = [
        Claim(
            "3a",
            "Without drawing components again some seeds are stuck",
            _SOURCE,
            quantity,
            Expected.about(2 / 3, 0.15),
            **within(never),
            size=size,
            note="Two of three were not stuck when first measured, twice.",
        )
    ]
    for letter, (period, share) in zip("bc", again.items(), strict=False):
        made.append(
            Claim(
                f"3{letter}",
                f"Drawn again every {period} steps, none is",
                _SOURCE,
                quantity,
                Expected.at_least(0.95, refuted_below=0.9),
                **within(share),
                size=size,
            )
        )
    best = max(again, key=lambda period: again[period].mean())
    gain = again[best].astype(float) - never
    return [
        *made,
        Claim(
            "3d",
            "Drawing components again rescues stuck seeds",
            _SOURCE,
            f"gain of that share, every {best} steps against never",
            Expected.at_least(0.05, refuted_below=0.0),
            **within(gain),
            size=size,
            headline=True,
        ),
    ]


def _exact(found: Found, size: Size) -> list[Claim]:
    case = found["exact"][0]
    return [
        Claim(
            f"6{letter}",
            f"With as many components as the rank descent gets stuck, {words}",
            "Wang et al. 2020 (arXiv 2010.11356): descent with m = r can get stuck, for orthogonal targets too",
            f"share of seeds with a residual below {SUCCESS:g}, d = {case['d']}, l = {case['order']}, "
            f"m = r = {case['rank']}",
            Expected.at_most(0.9, refuted_above=0.95),
            **within(np.array(case[signs]) < SUCCESS),
            size=size,
        )
        for letter, signs, words in (("a", "random", "signs at random"), ("b", "positive", "all signs right"))
    ]
