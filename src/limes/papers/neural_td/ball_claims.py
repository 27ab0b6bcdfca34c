"""Claims 6 and 9: the projection where it is active, and samples from one trajectory."""

from limes.papers.claim import Claim, Expected, Size
from limes.papers.neural_td.reading import PAPER, RECORDED, fall, told
from limes.papers.neural_td.run_claims import SHARE
from limes.papers.paper import Found
from limes.papers.reading import Result, first, over

_NO_FIGURE = "no figure is recorded, so that one beyond the 20 % of other claims counts"


def ball_claims(found: Found, size: Size) -> list[Claim]:
    """Claim 6."""
    by_seed = found["balls"]
    case = first(by_seed)
    small, large = 0, len(case["radii"]) - 1
    where = f"B = {case['radii'][small]:g} over B = {case['radii'][large]:g}, m = {case['width']}, T = {case['steps']}"
    radii = ", ".join(f"{b:g}" for b in case["radii"])
    return [
        Claim(
            "6a",
            "A small ball costs accuracy",
            f"{PAPER}; {_NO_FIGURE}",
            f"relative error against V, averaged weights, {where}",
            Expected.at_least(1 + SHARE, refuted_below=1.0),
            **over(by_seed, lambda r: r["averaged_value"][small] / r["averaged_value"][large]),
            size=size,
            note=f"B = {radii}: {told(by_seed, lambda r: r['averaged_value'])}; of the fixed points themselves: "
            f"{told(by_seed, lambda r: r['fixed_error'])}.",
        ),
        Claim(
            "6b",
            "The fixed point of a small ball is reached no less closely",
            f"{PAPER}; {_NO_FIGURE}",
            f"error against the fixed point of the same ball, over its mean square, averaged weights, {where}",
            Expected.at_most(1.0, SHARE),
            **over(by_seed, lambda r: _of_its_size(r)[small] / _of_its_size(r)[large]),
            size=size,
            note=f"B = {radii}: {told(by_seed, _of_its_size)}; over the mean square of V instead: "
            f"{told(by_seed, lambda r: r['averaged_fixed'])}. Mean squares of the fixed points over that of V: "
            f"{told(by_seed, lambda r: r['fixed_square'])}; largest residual of an inequality "
            f"{max(max(r['fixed_residual']) for r in by_seed.values()):.1g}.",
        ),
        Claim(
            "6c",
            "At B = 10 the projection is idle, so that other claims do not test it",
            f"{RECORDED}: |W - W(0)| of 3 to 4.4",
            "share of steps that it changes",
            Expected.at_most(0.0),
            **over(by_seed, lambda r: r["projected"][large]),
            size=size,
            over="largest",
            note=f"B = {radii}: {told(by_seed, lambda r: r['projected'])}; |W - W(0)| at the end: "
            f"{told(by_seed, lambda r: r['movement'])}.",
        ),
    ]


def _of_its_size(result: Result) -> list[float]:
    """By radius, the error against a ball's own fixed point over the mean square of that.

    In another unit small balls, which hold small functions only, are always close.
    """
    return [error / square for error, square in zip(result["averaged_fixed"], result["fixed_square"], strict=True)]


def markov_claims(found: Found, size: Size) -> list[Claim]:
    """Claim 9."""
    by_seed = found["markov"]
    case = first(by_seed)
    steps, where = case["steps"], f"m = {case['width']}"
    made = []
    for k, stay in enumerate(case["stays"]):
        chain = "the chain itself" if stay == 0 else f"staying with probability {stay:g}"
        made.append(
            Claim(
                f"9{'abcdefgh'[k]}",
                f"The error falls on one trajectory too, {chain}",
                f"{PAPER}, an appendix on Markov sampling whose rate is not recorded; {_NO_FIGURE}",
                f"relative error against V, averaged weights, at T = {steps[-1]} over that at {steps[0]}, {where}",
                Expected.at_most(1 - SHARE, refuted_above=1.0),
                **over(by_seed, lambda r, k=k: fall(r["trajectory"]["averaged_value"][k])),
                size=size,
                headline=stay == 0,
                note=f"Mixing time {told(by_seed, lambda r, k=k: [r['mixing'][k]])}. T = {', '.join(map(str, steps))}: "
                f"{told(by_seed, lambda r, k=k: r['trajectory']['averaged_value'][k])}; with independent samples "
                f"{told(by_seed, lambda r: r['independent']['averaged_value'])}. Against Q_0(W*): "
                f"{told(by_seed, lambda r, k=k: r['trajectory']['averaged_fixed'][k])}; with independent samples "
                f"{told(by_seed, lambda r: r['independent']['averaged_fixed'])}.",
            )
        )
    letters = iter("abcdefgh"[len(case["stays"]) :])
    slow = len(case["stays"]) - 1

    def ratio(result: dict, k: int, t: int, name: str = "averaged_value") -> float:
        return result["trajectory"][name][k][t] / result["independent"][name][t]

    made.append(
        Claim(
            f"9{next(letters)}",
            "A trajectory of the chain itself is as good as independent samples",
            f"{PAPER}, appendix; own reading, within the 20 % of other claims",
            f"relative error on a trajectory over that with independent samples, T = {steps[-1]}, {where}",
            Expected.about(1.0, SHARE),
            **over(by_seed, lambda r: ratio(r, 0, -1)),
            size=size,
            note=f"T = {', '.join(map(str, steps))}: "
            f"{told(by_seed, lambda r: [ratio(r, 0, t) for t in range(len(steps))])}; last weights at the end: "
            f"{told(by_seed, lambda r: [ratio(r, 0, -1, 'last_value')])}.",
        )
    )
    for t in (-1, 0):
        grown = told(by_seed, lambda r, t=t: [ratio(r, k, t) for k in range(slow + 1)])
        fixed = told(by_seed, lambda r, t=t: [ratio(r, k, t, "averaged_fixed") for k in range(slow + 1)])
        made.append(
            Claim(
                f"9{next(letters)}",
                f"Slow mixing costs accuracy, T = {steps[t]}",
                f"{PAPER}, appendix; {_NO_FIGURE}",
                f"relative error against V, the slowest chain over the chain itself, T = {steps[t]}, {where}",
                Expected.at_least(1 + SHARE, refuted_below=1.0),
                **over(by_seed, lambda r, t=t: ratio(r, slow, t) / ratio(r, 0, t)),
                size=size,
                note=f"Over independent samples, by mixing time {told(by_seed, lambda r: r['mixing'])}: {grown}; "
                f"against Q_0(W*): {fixed}.",
            )
        )
    return made
