"""Claims 7 and 8: Q-learning, and environments with known tables."""

from limes.papers.claim import Claim, Expected, Size
from limes.papers.neural_td.control import BETA
from limes.papers.neural_td.environments import DISCOUNT
from limes.papers.neural_td.reading import PAPER, by_width, fall, told
from limes.papers.neural_td.run_claims import SHARE
from limes.papers.paper import Found
from limes.papers.reading import family, first, over

_NO_FIGURE = "no figure is recorded: a fall by more than the 20 % of other claims"
HEADLINE = 256


def control_claims(found: Found, size: Size) -> list[Claim]:
    """Claims 7 and 8."""
    return [*_q_learning(found, size), *_environments(found, size)]


def _q_learning(found: Found, size: Size) -> list[Claim]:
    made, letters = [], iter("abcdefghijklmnop")
    for by_seed in by_width(found, "control-"):
        case = first(by_seed)
        steps = case["steps"]
        ends = f"averaged weights, at T = {steps[-1]} over that at {steps[0]}, m = {case['width']}, "
        ends += f"{case['states']} states and {case['actions']} actions"
        for kind, words in (("hard", "Q-learning"), ("soft", f"Soft Q-learning (beta = {BETA:g})")):
            made.append(
                Claim(
                    f"7{next(letters)}",
                    f"{words} approaches the optimal values, m = {case['width']}",
                    f"{PAPER}, Algorithm 2 and Theorem 6.3; {_NO_FIGURE}",
                    f"mean square of Q - Q* over that of Q*, {ends}",
                    Expected.at_most(1 - SHARE, refuted_above=1.0),
                    **over(by_seed, lambda r, k=kind: fall(r[k]["averaged_value"])),
                    size=size,
                    headline=kind == "hard" and case["width"] == HEADLINE,
                    note=f"T = {', '.join(map(str, steps))}: "
                    f"{told(by_seed, lambda r, k=kind: r[k]['averaged_value'])}; last weights: "
                    f"{told(by_seed, lambda r, k=kind: r[k]['last_value'])}. The uniform policy explores.",
                )
            )
        made.append(
            Claim(
                f"7{next(letters)}",
                f"The Bellman error of Q-learning falls, m = {case['width']}",
                f"{PAPER}, Theorem 6.3; {_NO_FIGURE}",
                f"mean square of Q - T Q over that of Q*, {ends}",
                Expected.at_most(1 - SHARE, refuted_above=1.0),
                **over(by_seed, lambda r: fall(r["hard"]["bellman"])),
                size=size,
                note=f"T = {', '.join(map(str, steps))}: {told(by_seed, lambda r: r['hard']['bellman'])}; soft: "
                f"{told(by_seed, lambda r: r['soft']['bellman'])}.",
            )
        )
    return made


def _environments(found: Found, size: Size) -> list[Claim]:
    made, letters = [], iter("abcdefgh")
    for by_seed in family(found, "environment-"):
        case = first(by_seed)
        steps = ", ".join(map(str, case["steps"]))
        for kind, words, what in (
            ("coordinates", "a coordinate for each pair", "Q^pi, the uniform policy's"),
            ("random", "8 random features", "Q^pi, the uniform policy's"),
            ("control", "Q-learning on 8 random features", "Q*, uniform exploration"),
        ):
            if kind == "control":
                more = (
                    f"Bellman error {told(by_seed, lambda r: r['control']['bellman'])}; mean of Q - Q* over the root "
                )
                more += f"mean square of Q* {told(by_seed, lambda r: r['control']['bias'])}"
            else:
                more = f"the fixed point itself {told(by_seed, lambda r, k=kind: [r[k]['fixed_error']])}"
            made.append(
                Claim(
                    f"8{next(letters)}",
                    f"{case['name']}, {words}: better than no learning",
                    f"{PAPER}; no figure is recorded, and what is asked is less than the error of Q = 0",
                    f"mean square of Q less {what}, over that of this, averaged weights, T = {case['steps'][-1]}, "
                    f"m = {case['width']}, gamma = {DISCOUNT:g}",
                    Expected.at_most(1.0),
                    **over(by_seed, lambda r, k=kind: r[k]["averaged_value"][-1]),
                    size=size,
                    note=f"{case['pairs']} pairs. T = {steps}: "
                    f"{told(by_seed, lambda r, k=kind: r[k]['averaged_value'])}; last weights "
                    f"{told(by_seed, lambda r, k=kind: r[k]['last_value'])}; {more}.",
                )
            )
    return made
