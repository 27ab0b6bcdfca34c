"""Claims 3 and 4: bounds of the theorems, and one-point monotonicity."""

from collections.abc import Sequence

from limes.papers.claim import Claim, Expected, Size
from limes.papers.neural_td.problem import GAMMA
from limes.papers.neural_td.reading import PAPER, by_width, told
from limes.papers.paper import Found
from limes.papers.reading import first, over

MARGIN = 0.1
"""What "by a wide margin" is taken to mean."""
_SEEN = 1e-6  # share of the largest misfit over B that another has to have for its ratio to mean something


def theory_claims(found: Found, size: Size) -> list[Claim]:
    """Claims 3 and 4."""
    return [*_bounds(found, size), *_monotone(found, size)]


def _bounds(found: Found, size: Size) -> list[Claim]:
    by_seed = found["bounds"]
    case = first(by_seed)
    where = f"m = {case['width']}, B = 10, T = {', '.join(map(str, case['steps']))}"
    made = []
    for letter, name, zero, words, source in (
        ("a", "population", "fixed_square", "Population steps obey their bound", "Theorem 4.4"),
        ("b", "stochastic", "fixed_square", "Steps on samples obey their bound", "Theorem 4.6"),
        ("d", "value", "value_square", "So does the error against the exact value", "Theorem 4.6, Proposition 4.7"),
    ):
        target = "V" if zero == "value_square" else "Q_0(W*)"
        least = max(_worst([r[zero]] * len(r["steps"]), r[f"{name}_bound"]) for r in by_seed.values())
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
                "each run is held to it. Constants are those of a public re-derivation. Q = 0, where nothing is "
                f"learnt, has the error {told(by_seed, lambda r, z=zero: [r[z]])}, the mean square of {target}, and at "
                f"most {least:.2g} of the bound"
                + (": it passes too, so that this claim shows no learning." if least <= MARGIN else ".")
                + ("" if name == "population" else f" sigma_g^2: {told(by_seed, lambda r: r['variance'])}."),
            )
        )
    made.append(
        Claim(
            "3c",
            "The fixed point is at most 1/(1 - gamma) times as far from V as the closest function of its class",
            f"{PAPER}, Proposition 4.7",
            f"(1 - gamma) |Q_0(W*) - V| over |Pi V - V|, the largest over B = {', '.join(map(str, case['radii']))}; "
            f"m = {case['width']}",
            Expected.at_most(1.0),
            **over(by_seed, lambda r: (1 - GAMMA) * _ratio(r["fixed"], r["misfit"])),
            size=size,
            over="largest",
            note=f"Never below 1 - gamma = {1 - GAMMA:.2g}, which is what the closest function itself has. Balls that "
            f"hold V are left out. |Pi V - V|: {told(by_seed, lambda r: r['misfit'])}.",
        )
    )
    return made


def _worst(errors: Sequence[float], bounds: Sequence[float]) -> float:
    return max(error / bound for error, bound in zip(errors, bounds, strict=True))


def _ratio(fixed: Sequence[float], misfit: Sequence[float]) -> float:
    seen = [k for k, value in enumerate(misfit) if value > _SEEN * max(misfit)]
    return max(fixed[k] / misfit[k] for k in seen)


def _monotone(found: Found, size: Size) -> list[Claim]:
    made = []
    for letter, by_seed in zip("abc", by_width(found, "monotone-"), strict=False):
        case = first(by_seed)
        made.append(
            Claim(
                f"4{letter}",
                f"The semigradient points away from W* at random weights, m = {case['width']}",
                f"{PAPER}, one-point monotonicity in the proof of Theorem 4.4",
                "(g_0(W).(W - W*) - (1 - gamma) |Q_0(W) - Q_0(W*)|^2) / |Q_0(W) - Q_0(W*)|^2, the least of "
                f"{case['draws']} random W in the ball of B = 10",
                Expected.at_least(0.0, 1e-9),
                **over(by_seed, lambda r: r["excess"]),
                size=size,
                over="smallest",
                note=f"Median of the draws: {told(by_seed, lambda r: [r['median']])}. For functions that differ by a "
                "constant it is 0, since P leaves constants as they are.",
            )
        )
    return made
