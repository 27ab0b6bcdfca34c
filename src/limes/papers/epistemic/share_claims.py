"""Claims 3 to 5: the law of the shares, without a condition and under three of them."""

from statistics import fmean

import numpy as np

from limes.beyond.posterior import split_law
from limes.papers.claim import Claim, Expected, Size
from limes.papers.epistemic.reading import cases, mixed, slope_near_0
from limes.papers.paper import Found
from limes.papers.reading import Result, within

_SOURCE = "Ruegamer 2026 (arXiv 2605.25234), Dirichlet law of the split, by a digest of it"
_FIRST = "as first derived here, for a tolerance of kinks that grows as shares fall"
_OURS = "derived here, see beyond.posterior"
_LETTERS = {(k, p): "abcdefghi"[3 * k + j] for k in range(3) for j, p in enumerate((2, 3, 5))}
SPREADS = {2**8: 0.143, 2**11: 0.166, 2**14: 0.180}
"""Variance of a share as first measured, from four chains."""
UNIFORM = 1 / 12
_GEOMETRY = (
    "By construction: in cones thinner than the likelihood can tell apart directions are free, and the law is the "
    "geometry of that condition, r^p dr, which the data have no part in; it tests the sampler more than the paper. "
)
_NEAR = 0.15
"""Where shares cease to be small."""


def share_claims(found: Found, size: Size) -> list[Claim]:
    """Claims 3 to 5."""
    return [*_spread(found, size), *_law(found, size), *_exponents(found, size)]


def _spread(found: Found, size: Size) -> list[Claim]:
    made = cases(found, "posterior-", inputs=3)
    last, first = made[-1], made[0]
    claims = []
    # the largest n first: it is the one that is named among the main claims
    for letter, case in zip("abc", reversed(made), strict=True):
        claims.append(
            Claim(
                f"3{letter}",
                f"Without a condition shares gather at 0 and 1, n = {case['n']}",
                "as first measured here; a caution about the paper's law",
                "variance of the share of one of two neurons, both of which work for the truth; r = 1, m = 2, p = 3",
                Expected.about(SPREADS[case["n"]], 0.02, refuted_below=UNIFORM),
                **within(case["spread"]),
                size=size,
                headline=case is last,
                note=f"Beta(2, 2), the law claimed, has 0.050, a uniform share 0.083, the arcsine law 0.125. In "
                f"{fmean(case['both']):.0%} of draws both work for the truth and have its sign, a > 0, and these are "
                "looked at; the recorded figure is of draws whose shares are positive, 44 %. Mixing of shares and "
                f"sums: {mixed(case['mixing']['sums'])}.",
            )
        )
    claims.append(
        Claim(
            "3d",
            "Shares gather more with more data",
            "as first measured here",
            f"variance of a share at n = {last['n']} less that at n = {first['n']}",
            Expected.at_least(0.0),
            **within(np.array(last["spread"]) - np.array(first["spread"])),
            size=size,
            note=f"Mixing of shares and sums: n = {first['n']} {mixed(first['mixing']['sums'])}; n = {last['n']} "
            f"{mixed(last['mixing']['sums'])}.",
        )
    )
    return claims


def _law(found: Found, size: Size) -> list[Claim]:
    claims = []
    names = {(3, "thin"): "a", (2, "thin"): "b", (5, "thin"): "c", (2, "wide"): "d", (3, "wide"): "e", (5, "wide"): "f"}
    for case in cases(found, "cone-"):
        alpha, _ = split_law(case["inputs"], 2)
        thin = case["width"] == "thin"
        effective = case["mixing"]["ess"] / len(case["seeds"])
        what = "below what n examples tell apart" if thin else "the same for all n"
        claims.append(
            Claim(
                f"4{names[case['inputs'], case['width']]}",
                f"Within cones of {case['half_angle']:.3g} rad, {what}, shares are Beta({alpha:g}, {alpha:g}), "
                f"p = {case['inputs']}",
                _SOURCE,
                f"Kolmogorov-Smirnov distance from the law, n = {case['n']}, r = 1, m = 2",
                Expected.at_most(0.05, refuted_above=0.1),
                **within(case["distance"]),
                size=size,
                headline=not thin and case["inputs"] == 3,
                note=(_GEOMETRY if thin else "")
                + "No figure is recorded. The bounds are those of what is seen: Beta(2, 2) and the uniform law are "
                f"0.096 apart, and as many effective draws as a seed has, {effective:.0f}, have "
                f"{0.87 / effective**0.5:.3f} by chance. "
                f"Variance of a share {fmean(case['spread']):.4f}, {1 / (4 * (2 * alpha + 1)):.4f} under the law. "
                f"Mixing of shares: {mixed(case['mixing'])}.",
            )
        )
    return claims


def _exponents(found: Found, size: Size) -> list[Claim]:
    claims = []
    made = [case for case in cases(found, "posterior-") if case["n"] == max(c["n"] for c in cases(found, "posterior-"))]
    rows = (
        ("exponent", "Without a condition the density of small shares has the exponent -(p-1)/6", _FIRST),
        ("balanced", "For balanced neurons it has the exponent -(p-1)/6", _FIRST),
        ("exponent", "Without a condition, where scales are free, it has the exponent -2(p-1)/3", _OURS),
    )
    for k, (name, statement, source) in enumerate(rows):
        for case in made:
            p = case["inputs"]
            expected = -2 * (p - 1) / 3 if k == 2 else -(p - 1) / 6
            claims.append(
                Claim(
                    f"5{_LETTERS[k, p]}",
                    f"{statement}, p = {p}",
                    source,
                    f"e of a density (c (1 - c))^e fitted over the whole window, c from {case['low']:.3g} to "
                    f"{1 - case['low']:.3g}, which is no local slope near 0; n = {case['n']}",
                    Expected.about(expected, 0.2),
                    **within(case[name]),
                    size=size,
                    note=_told(k, p)
                    + _local(name, case)
                    + f" Mixing of shares and sums: {mixed(case['mixing']['sums'])}.",
                )
            )
    return claims


def _local(name: str, case: Result) -> str:
    if name == "balanced":
        return " A local slope near 0 is not known: no histogram of weighted shares is kept."
    slope = slope_near_0(case["histogram"], case["low"], _NEAR)
    return (
        f" Local slope near 0: a density c^e over the whole bins of the histogram from {case['low']:.3g} to {_NEAR}, "
        f"c and 1 - c folded, all seeds together, has e = {slope:.2f}."
    )


def _told(k: int, p: int) -> str:
    if k == 0:
        return (
            f"The paper's law has {(p - 1) / 2:g}. What was first derived, (p-1)/2 of volume less 2(p-1)/3 of kinks, "
            f"leaves out that only the prior fixes a neuron's scale, which takes another {(p - 1) / 2:g}, see below."
        )
    if k == 1:
        return "Draws are weighted by the density of |u| = |a| given a u, for both neurons."
    return (
        "(p-1)/2 of volume, less 2(p-1)/3 of kinks that small neurons may turn, less (p-1)/2 of scales; the last is "
        "exact for vanishing shares only. The tolerance is that of the other exponents."
    )
