"""Claims 9 to 11: whether networks with few active neurons learn more slowly or worse."""

from limes.papers.claim import Claim, Expected, Size
from limes.papers.fast_training.worse import EPS, EVEN
from limes.papers.paper import Found
from limes.papers.reading import Result, family, over
from limes.papers.sources import data_name

_FAST = "Yang et al. 2024 (arXiv 2301.00327), abstract: convergence as fast as that of the dense network"
_BOUND = "Yang et al. 2024 (arXiv 2301.00327), abstract: a sparsity-dependent generalisation bound"


def worse_claims(found: Found, size: Size) -> list[Claim]:
    """Claims 9, 10 and 11, for each data set."""
    made = []
    for k, by_seed in enumerate(family(found, "worse-")):
        case = next(iter(by_seed.values()))
        for j, bias in enumerate(b for b in (1.0, 2.0) if b in case["biases"]):
            letter = "abcdefgh"[2 * k + j]
            made += _at(by_seed, case, bias, letter, size)
    return sorted(made, key=lambda claim: (int(claim.id[:-1]), claim.id))


def _at(by_seed: dict[int, Result], case: Result, bias: float, letter: str, size: Size) -> list[Claim]:
    name, one, zero = data_name(case["data"]), case["biases"].index(bias), case["biases"].index(0.0)
    level = EVEN[case["data"]]
    there = case["levels"].index(level)
    where = f"on {name}, B = {bias:g}"
    headline = case["data"] == "mnist" and bias == 1.0

    def gap(result: Result, figure: str) -> float:
        return result[figure][one] - result[figure][zero]

    def told(figure: str) -> str:
        return ", ".join(
            f"B = {b:g}: {sum(r[figure][i] for r in by_seed.values()) / len(by_seed):.3f}"
            for i, b in enumerate(case["biases"])
        )

    active = ", ".join(
        f"{sum(r['active'][i][1] for r in by_seed.values()) / len(by_seed):.1%}" for i in range(len(case["biases"]))
    )
    return [
        Claim(
            f"9{letter}",
            f"Networks with few active neurons converge as fast as dense ones, {where}",
            _FAST,
            f"steps to {level:g} of the loss at the start over those with B = 0, at the same share of the stable rate",
            Expected.at_most(1.0, refuted_above=1.2),
            **over(by_seed, lambda r: r["steps"][one][there] / r["steps"][zero][there]),
            size=size,
            headline=headline,
            note="A loss that was not reached counts as one step more than were made. Active pairs at the end, by "
            f"threshold: {active}.",
        ),
        Claim(
            f"10{letter}",
            f"At equal training loss they generalise no worse, {where}",
            _BOUND,
            f"test error less that with B = 0, when the loss is {level:g} of that at the start",
            Expected.at_most(0.01, refuted_above=0.02),
            **over(by_seed, lambda r: gap(r, "even_error")),
            size=size,
            headline=headline,
            note=f"Test errors: {told('even_error')}; after all steps: {told('error')}.",
        ),
        Claim(
            f"11{letter}",
            f"And are no less robust, {where}",
            "a question of our own",
            f"robust accuracy (PGD-20, l-inf {EPS[case['data']]}) less that with B = 0, when the loss is {level:g} of "
            "that at the start",
            Expected.at_least(-0.02, refuted_below=-0.05),
            **over(by_seed, lambda r: gap(r, "even_robust")),
            size=size,
            note=f"Robust accuracies: {told('even_robust')}; after all steps: {told('robust')}.",
        ),
    ]
