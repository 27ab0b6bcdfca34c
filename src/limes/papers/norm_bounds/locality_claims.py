"""Claims 6 and 7: nodes of dense networks, and locality without weight sharing."""

from typing import Any

import numpy as np

from limes.papers.claim import Claim, Expected, Size
from limes.papers.norm_bounds.course import DENSE
from limes.papers.norm_bounds.reading import Net, common, end, nets, slack
from limes.papers.norm_bounds.training_claims import PAPER, told
from limes.papers.paper import Found
from limes.papers.reading import Result, over


def locality_claims(found: Found, size: Size) -> list[Claim]:
    """Claims 6 and 7."""
    return [*_nodes(found["nodes"], size), *_local(found, size)]


def _nodes(by_seed: dict[int, Result], size: Size) -> list[Claim]:
    def mean(*path: str) -> str:
        def pick(result: Any) -> float:
            for key in path:
                result = result[key]
            return result

        return f"{np.mean([pick(r) for r in by_seed.values()]):.3g}"

    note = (
        f"rho {mean('rho', 'layer')} with layers and {mean('rho', 'unit')} with units as nodes; released bound "
        f"{mean('sparse', 'one')} with the input as one node, {mean('sparse', 'pixels')} with pixels, "
        f"{mean('sparse', 'units')} with units; with the read-out {mean('complete', 'one')}, "
        f"{mean('complete', 'pixels')} and {mean('complete', 'units')}."
    )
    return [
        Claim(
            "6a",
            "With its input as one node a dense network has the bound of Golowich et al.",
            PAPER,
            "largest relative difference to it of the released and the complete bound; V relu(W x) after training",
            Expected.at_most(1e-9),
            **over(by_seed, lambda r: max(abs(r[b]["one"] / r["golowich"] - 1) for b in ("sparse", "complete"))),
            over="largest",
            size=size,
        ),
        Claim(
            "6b",
            "For a dense network no choice of nodes makes the complete bound smaller than that",
            "limes",
            "least complete bound with pixels or units as nodes over that with one node",
            Expected.at_least(1.0),
            **over(by_seed, lambda r: min(r["complete"]["pixels"], r["complete"]["units"]) / r["complete"]["one"]),
            size=size,
            note=note,
        ),
    ]


def _local(found: Found, size: Size) -> list[Claim]:
    locals_, dense = nets(found, "local"), nets(found, "dense")
    names = ", ".join(n.name for n in locals_)
    copies = found["copies"]
    below = f"{', '.join(n.name for n in dense)} of {DENSE} units a channel"

    def least(results: list[Result], bound: str) -> float:
        return min(slack(r, bound) for r in results)

    def ratio(bound: str) -> Any:
        """Of dense to local, the least over pairs; of dense ones the better of pixels and of the input as one node."""
        half = len(locals_)

        def best(dense: Result) -> float:
            return min(end(dense, bound), end(dense, "golowich"))

        return lambda r: min(best(d) / end(c, bound) for c, d in zip(r[:half], r[half:], strict=True))

    pairs = _beside(found, locals_)
    note = f"rho: {told(locals_, 'rho')}"
    if pairs:
        note += f"; of the convolutions {told(pairs, 'rho')}"
    errors = f"test errors: {told(locals_, 'test_error')}; {told(dense, 'test_error')}"
    return [
        Claim(
            "7a",
            "Copies of a filter at every position have the bound of the convolution",
            PAPER,
            "largest relative difference of rho and of both bounds; a trained convolution and locally connected layers "
            "that hold its filter",
            Expected.at_most(1e-6),
            **over(copies, lambda r: max(abs(r[n][1] / r[n][0] - 1) for n in ("rho", "sparse", "complete"))),
            over="largest",
            size=size,
        ),
        Claim(
            "7b",
            "Without weight sharing the released bound lies above the gap throughout",
            PAPER,
            f"least over epochs and networks of the bound less test and training error; {names}",
            Expected.at_least(0.0),
            **common(locals_, lambda r: least(r, "sparse")),
            over="smallest",
            size=size,
        ),
        Claim(
            "7c",
            "The bound with the read-out does so too",
            "limes",
            f"least over epochs and networks of the bound less test and training error; {names}",
            Expected.at_least(0.0),
            **common(locals_, lambda r: least(r, "complete")),
            over="smallest",
            size=size,
        ),
        Claim(
            "7d",
            "Locality helps without sharing: the released bound is below that of dense layers",
            PAPER,
            f"bound of dense networks, pixels or the input as nodes, over that of local ones, least over pairs; "
            f"{names} and {below}",
            Expected.at_least(1.0),
            **common([*locals_, *dense], ratio("sparse")),
            size=size,
            headline=True,
            note=f"{note}; {errors}.",
        ),
        Claim(
            "7e",
            "The bound with the read-out is below that of dense layers too",
            "limes",
            "complete bound of dense networks, pixels or the input as nodes, over that of local ones, least over "
            f"pairs; {names} and {below}",
            Expected.at_least(1.0),
            **common([*locals_, *dense], ratio("complete")),
            size=size,
            note=f"Complete bounds: {told(locals_, 'complete')}; {told(dense, 'complete')} with pixels and "
            f"{told(dense, 'golowich')} with the input as one node.",
        ),
    ]


def _beside(found: Found, locals_: list[Net]) -> list[Net]:
    """Convolutions of the depth and channels of some locally connected networks."""
    wanted = {(n.depth, n.channels) for n in locals_}
    return [n for n in nets(found, "conv") if (n.depth, n.channels) in wanted]
