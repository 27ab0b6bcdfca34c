"""Claims 3 and 4: bounds of the theorems, and one-point monotonicity."""

from collections.abc import Sequence

from limes.papers.claim import Claim, Expected, Size
from limes.papers.neural_td.reading import PAPER, by_width, first, over, told
from limes.papers.paper import Found

MARGIN = 0.1
"""What "by a wide margin" is taken to mean."""
_SEEN = 1e-6  # share of V that a misfit has to have for its ratio to mean something


def theory_claims(found: Found, size: Size) -> list[Claim]:
    """Claims 3 and 4."""
    return [*_bounds(found, size), *_monotone(found, size)]


def _bounds(found: Found, size: Size) -> list[Claim]:
    by_seed = found["bounds"]
    case = first(by_seed)
    where = f"m = {case['width']}, B = 10, T = {', '.join(map(str, case['steps']))}"
    made = []
    for letter, name, words, source in (
        ("a", "population", "Population steps obey their bound", "Theorem 4.4"),
        ("b", "stochastic", "Steps on samples obey their bound", "Theorem 4.6"),
        ("d", "value", "So does the error against the exact value", "Theorem 4.6 and Proposition 4.7"),
    ):
        made.append(
            Claim(
                f"3{letter}",
                words,
                f"{PAPER}, {source}, without the term of the width",
                f"squared error over its bound, the largest over T; {where}",
                Expected.at_most(MARGIN, refuted_above=1.0),
                **over(by_seed, lambda r, n=name: _worst(r[n], r[f"{n}_bound"])),
                size=size,
                over="largest",
                note=f"Errors: {told(by_seed, lambda r, n=name: r[n])}; bounds: "
                f"{told(by_seed, lambda r, n=name: r[f'{n}_bound'])}. The theorem bounds a mean over samples; here "
                "each run is held to it. Constants are those of a public re-derivation."
                + ("" if name == "population" else f" sigma_g^2: {told(by_seed, lambda r: r['variance'])}."),
            )
        )
    made.append(
        Claim(
            "3c",
            "The fixed point is hardly further from V than the closest function of its class",
            f"{PAPER}, Proposition 4.7",
            f"(1 - gamma) |Q_0(W*) - V| over |Pi V - V|, the largest over B = {', '.join(map(str, case['radii']))}; "
            f"m = {case['width']}",
            Expected.at_most(1.0),
            **over(by_seed, lambda r: 0.3 * _ratio(r["fixed"], r["misfit"])),
            size=size,
            over="largest",
            note="Never below 1 - gamma = 0.3, which is what the closest function itself has. Balls that hold V are "
            f"left out. |Pi V - V|: {told(by_seed, lambda r: r['misfit'])}.",
        )
    )
    return made


def _worst(errors: Sequence[float], bounds: Sequence[float]) -> float:
    return max(error / bound for error, bound in zip(errors, bounds, strict=True))


def _ratio(fixed: Sequence[float], misfit: Sequence[float]) -> float:
    seen = [k for k, value in enumerate(misfit) if value > _SEEN * max(misfit)]
    return max(fixed[k] / misfit[k] for k in seen)


def _monotone(found: Found, size: Size) -> list[Claim]:
    cases = by_width(found, "monotone-")
    made = [
        Claim(
            "4a",
            "The semigradient points away from W*, whatever the function; for constants the bound is attained",
            f"{PAPER}, one-point monotonicity in the proof of Theorem 4.4; derived: an eigenvalue of the symmetric "
            "part of 1 - gamma P in the metric of mu",
            "(g_0(W).(W - W*) - (1 - gamma) |Q_0(W) - Q_0(W*)|^2) / |Q_0(W) - Q_0(W*)|^2, the least over all "
            "functions, where the ball is idle",
            Expected.about(0.0, 1e-9),
            **over(cases[0], lambda r: r["least"]),
            size=size,
            note="P leaves constants as they are, so that no larger bound holds.",
        )
    ]
    for letter, by_seed in zip("bcd", cases, strict=False):
        case = first(by_seed)
        made.append(
            Claim(
                f"4{letter}",
                f"So it does at random weights, m = {case['width']}",
                f"{PAPER}, one-point monotonicity in the proof of Theorem 4.4",
                f"the same, the least of {case['draws']} random W in the ball of B = 10",
                Expected.at_least(0.0, 1e-9),
                **over(by_seed, lambda r: r["excess"]),
                size=size,
                over="smallest",
                note=f"Median of the draws: {told(by_seed, lambda r: [r['median']])}.",
            )
        )
    return made
