"""Claim 1: indices and prunable shares of stable arrays."""

import numpy as np

from limes.papers.claim import Claim, Expected, Size
from limes.papers.paper import Found
from limes.papers.reading import over

_FIGURE = "Barsbey et al. 2021 (arXiv 2106.03795), synthetic figure by the released notebook; figures as first measured"
TABLE = {1.5: (1.494, 0.910), 1.75: (1.742, 0.444), 1.85: (1.868, 0.320), 1.95: (1.956, 0.294), 2.0: (1.991, 0.265)}
"""Index and prunable share by alpha, of one draw each."""
_SPREAD = "Shares of the heaviest arrays hang on their largest entry and spread widely from draw to draw."


def synthetic_claims(found: Found, size: Size) -> list[Claim]:
    """Claims 1a to 1n."""
    by_seed = found["table"]
    alphas, n = next(iter(by_seed.values()))["alphas"], next(iter(by_seed.values()))["n"]
    made = []
    for i, alpha in enumerate(alphas):
        index, share = TABLE[alpha]
        made.append(
            Claim(
                f"1{'abcde'[i]}",
                f"The estimator reads the index of a stable law, alpha = {alpha:g}",
                _FIGURE,
                f"heaviness index of {n:,} independent entries",
                Expected.about(index, 0.02),
                **over(by_seed, lambda r, i=i: r["index"][i]),
                size=size,
            )
        )
    for i, alpha in enumerate(alphas):
        index, share = TABLE[alpha]
        made.append(
            Claim(
                f"1{'fghij'[i]}",
                f"Heavy-tailed entries may be pruned, alpha = {alpha:g}",
                _FIGURE,
                f"share of {n:,} independent entries that may be pruned at 10 % relative l2 error",
                Expected.about(share, 0.05 if alpha == 1.5 else 0.02),
                **over(by_seed, lambda r, i=i: r["prunable"][i]),
                size=size,
                note=_SPREAD if alpha < 2 else "The Gaussian value, .2653 by chi-square laws.",
            )
        )
    return [*made, *_curves(found, size)]


def _curves(found: Found, size: Size) -> list[Claim]:
    by_seed = found["curve"]
    side = next(iter(by_seed.values()))["side"]
    quantity = f"prunable share of the heaviest quarter of arrays, {side} x {side}, less that of the lightest quarter"
    made = [
        Claim(
            f"1{letter}",
            f"The prunable share falls with alpha, {words}",
            _FIGURE,
            quantity,
            Expected.at_least(0.05, refuted_below=0.02),
            **over(by_seed, lambda r, case=case: _ends(r, case)),
            size=size,
            note="By the table the difference is some .12; flat is below .02.",
        )
        for letter, case, words in (("k", "independent", "independent entries"), ("l", "columns", "a scale by column"))
    ]
    return [
        *made,
        Claim(
            "1m",
            "With one scale for the whole layer the share is the Gaussian one, heavy as its entries are",
            _FIGURE,
            "prunable share, mean over arrays",
            Expected(0.25, 0.3, 0.25, 0.3),
            **over(by_seed, lambda r: float(np.mean(r["layer"]["prunable"]))),
            size=size,
        ),
        Claim(
            "1n",
            "and does not depend on alpha",
            _FIGURE,
            quantity,
            Expected.about(0.0, 0.02),
            **over(by_seed, lambda r: _ends(r, "layer")),
            size=size,
        ),
    ]


def _ends(result: dict, case: str) -> float:
    shares = np.array(result[case]["prunable"])  # alphas are in rising order
    quarter = max(1, len(shares) // 4)
    return float(shares[:quarter].mean() - shares[-quarter:].mean())
