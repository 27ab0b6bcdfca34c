"""Claims 2, 3 and 4: bounds along trainings, what weight decay does to rho, and the baselines."""

from collections.abc import Callable
from typing import Any

import numpy as np

from limes.papers.claim import Claim, Expected, Size
from limes.papers.norm_bounds.formula_claims import RELEASED
from limes.papers.norm_bounds.reading import PAPER_N, Net, common, deep, end, nets, released, slack, toeplitz_ratio
from limes.papers.paper import Found
from limes.papers.reading import Result, over

PAPER = "Galanti et al. 2023 (arXiv 2301.12033)"
FIGURE = f"{PAPER}, figure 1, read off by pixel"


def training_claims(found: Found, size: Size) -> list[Claim]:
    """Claims 2 to 4."""
    return [*_valid(found, size), *_decay(found, size), *_baselines(found, size)]


def told(some: list[Net], name: str) -> str:
    """The last values of a quantity, by network, means over seeds."""
    return ", ".join(f"{n.name} {np.mean([end(r, name) for r in n.results.values()]):.3g}" for n in some)


def _valid(found: Found, size: Size) -> list[Claim]:
    convs = [*nets(found, "conv"), *nets(found, "conv", decay=False)]
    names = ", ".join(n.name for n in convs)
    worst: dict[str, Any] = {"over": "smallest", "size": size}
    every = f"least over epochs and networks of the bound less test and training error; {names}"

    def least(bound: str) -> dict[str, Any]:
        seeds = sorted({s for n in convs for s in n.results})
        each = tuple(min(slack(n.results[s], bound) for n in convs if s in n.results) for s in seeds)
        return {"values": each, "seeds": tuple(seeds)}

    read_out = found["read-out"]
    pixels = next(iter(read_out.values()))["pixels"]
    linear = f"x -> <w, x>, |w| <= 1, on {pixels} pixels, as a 1 x 1 convolution of weight 1 with a read-out"
    return [
        Claim(
            "2a",
            "The released bound lies above the generalisation gap throughout",
            PAPER,
            every,
            Expected.at_least(0.0),
            **least("sparse"),
            note="Below 1 no bound of an error says anything; that a larger one holds is no evidence for it.",
            **worst,
        ),
        Claim(
            "2b",
            "So does the bound with the degree of the read-out",
            "limes",
            every,
            Expected.at_least(0.0),
            **least("complete"),
            **worst,
        ),
        Claim(
            "2c",
            "The released formula, without the degree of the read-out, bounds the complexity of its class",
            RELEASED,
            f"Rademacher complexity over the formula for it, constants of the loss left out; {linear}",
            Expected.at_most(1.0),
            **over(read_out, lambda r: r["complexity"] / r["released"]),
            size=size,
            headline=True,
            note="A class for which it is known. Whether the theorem in the paper counts the read-out could not be "
            "checked: its text was not at hand.",
        ),
        Claim(
            "2d",
            "With the degree of the read-out it does",
            "limes",
            f"Rademacher complexity over the formula for it, constants of the loss left out; {linear}",
            Expected.at_most(1.0),
            **over(read_out, lambda r: r["complexity"] / r["complete"]),
            size=size,
        ),
    ]


def _decay(found: Found, size: Size) -> list[Claim]:
    with_decay, without = deep(found), deep(found, decay=False)
    pairs = [n for n in with_decay if n.channels in {m.channels for m in without}]
    steps = len(next(iter(with_decay[0].results.values()))["epochs"]) - 1
    largest = with_decay[-1]
    samples = next(iter(found["samples"].values()))
    share = samples["node"][1] / samples["n"][1]

    def at_paper(result: Result) -> float:
        return sum(released(end(result, "rho"), share * PAPER_N, PAPER_N, result["depth"] + 1))

    def ratio(results: list[Result]) -> float:
        half = len(results) // 2
        return max(end(a, "rho") / end(b, "rho") for a, b in zip(results[:half], results[half:], strict=True))

    def spread(results: list[Result]) -> float:
        ends = [end(r, "sparse") for r in results]
        return (max(ends) - min(ends)) / float(np.mean(ends))

    rows = next(iter(largest.results.values()))["n"]
    channels = ", ".join(str(n.channels) for n in with_decay)
    return [
        Claim(
            "3a",
            "Weight decay with the squared error makes rho small",
            PAPER,
            f"rho after {steps} epochs with weight decay 3e-3 over that without, the largest over channels; L = 3",
            Expected.at_most(0.5, refuted_above=1.0),
            **common([*pairs, *without], ratio),
            size=size,
            note=f"rho with: {told(with_decay, 'rho')}; without: {told(without, 'rho')}.",
        ),
        Claim(
            "3b",
            "So small that the released bound is almost non-vacuous at 50,000 rows",
            FIGURE,
            f"released bound at n = 50,000, D = {share:.2f} n, for the rho of {largest.name} at the end of training",
            Expected(1.0, 2.5, 0.0, 5.0),
            **over(largest.results, at_paper),
            size=size,
            headline=True,
            note="Figure 1 ends at 1.4 with 200 to 1000 channels and 500 epochs on all rows. Here rho is that of a "
            "shorter training on fewer rows of smaller images; the bound at as many rows as were trained on is larger: "
            f"{told(with_decay, 'sparse')}.",
        ),
        Claim(
            "3c",
            "The bound does not depend on the number of channels",
            FIGURE,
            f"spread of the released bound over its mean, L = 3, {channels} channels",
            Expected.at_most(0.2, refuted_above=1.0),
            **common(with_decay, spread),
            size=size,
        ),
        Claim(
            "3f",
            "The bound with the read-out is vacuous at 50,000 rows",
            "limes",
            f"complete bound of {largest.name} at the end, from {rows:,} rows to 50,000 by the root of their ratio",
            Expected.at_least(1.0),
            **over(largest.results, _complete_at_paper),
            size=size,
        ),
    ]


def _complete_at_paper(result: Result) -> float:
    return end(result, "complete") * (result["n"] / PAPER_N) ** 0.5


def _baselines(found: Found, size: Size) -> list[Claim]:
    largest = deep(found)[-1]
    convs, samples = nets(found, "conv"), next(iter(found["samples"].values()))

    def ratio(name: str, bound: str = "sparse") -> Callable[[Result], float]:
        return lambda r: end(r, name) / end(r, bound)

    def claim(id: str, statement: str, quantity: str, expected: Expected, figure: Any, **more: Any) -> Claim:
        source = more.pop("source", PAPER)
        return Claim(id, statement, source, quantity, expected, **over(largest.results, figure), size=size, **more)

    above, last = Expected.at_least(1.0), f"{largest.name} at the end of its training"
    made = [
        claim(
            "4a",
            "It is far below the bound from the matrices of convolutions",
            f"Golowich et al. over the released bound; {last}",
            Expected.at_least(10.0, refuted_below=1.0),
            ratio("golowich"),
            headline=True,
            note=f"By network: {told(convs, 'golowich')} over {told(convs, 'sparse')}.",
        ),
        claim(
            "4c",
            "It is below the bound of Long and Sedghi from the number of weights",
            f"Long & Sedghi over the released bound; {last}",
            above,
            ratio("long_sedghi"),
            note="Figure 1 has 12 to 40, with 200 to 1000 channels; that bound grows with the number of weights. By "
            f"network: {told(convs, 'long_sedghi')}.",
        ),
        claim(
            "4d",
            "It is below the bound of Graf et al.",
            f"Graf et al. over the released bound; {last}",
            above,
            ratio("graf"),
        ),
        claim(
            "4e",
            "It is below the bound of Ledent et al.",
            f"Ledent et al. over the released bound; {last}",
            above,
            ratio("ledent"),
        ),
        claim(
            "4f",
            "With the degree of the read-out it still is far below the one from matrices",
            f"Golowich et al. over the complete bound; {last}",
            above,
            ratio("golowich", "complete"),
            source="limes",
        ),
        claim(
            "4g",
            "With it, it still is below that of Long and Sedghi",
            f"Long & Sedghi over the complete bound; {last}",
            above,
            ratio("long_sedghi", "complete"),
            source="limes",
        ),
    ]
    if samples["shape"][0] == 28:
        made.append(
            Claim(
                "4b",
                "On whole MNIST images about 4e4 below the one from matrices",
                FIGURE,
                f"Golowich et al. over the released bound by their formulas, 28 x 28, L = 3, for the rho of {last}",
                Expected(4e4 / 3, 12e4, 1.0, np.inf),
                **over(largest.results, lambda r: toeplitz_ratio(end(r, "rho"), samples, r["depth"] + 1)),
                size=size,
            )
        )
    return made
