"""Claims 6 to 8: chambers, ensembles beside samplers, and the toy."""

from statistics import fmean

import numpy as np

from limes.papers.claim import Claim, Expected, Size
from limes.papers.epistemic.reading import cases, mixed
from limes.papers.paper import Found
from limes.papers.reading import within

_SOURCE = "Ruegamer 2026 (arXiv 2605.25234), by a digest of it"
_LETTERS = {2**8: "ab", 2**10: "cd", 2**12: "ef", ("data", 2**8): "g"}


def symmetry_claims(found: Found, size: Size) -> list[Claim]:
    """Claims 6 to 8."""
    return [*_chambers(found, size), *_ensembles(found, size), *_toy(found, size)]


def _chambers(found: Found, size: Size) -> list[Claim]:
    case = found["chambers"][0]
    where = f"m = r = {case['neurons']}, p = {case['inputs']}, n = {case['n']}, {case['chains']} chains a seed"
    weights, function = ([one[name] for one in case["mixing"]] for name in ("weights", "function"))
    discrete, scaling, split = np.mean(case["parts"], axis=0)
    return [
        Claim(
            "6a",
            "A chain stays in its order of the neurons",
            _SOURCE,
            f"changes of the order, mean over chains; {where}",
            Expected.at_most(1.0, refuted_above=2.0),
            **within(case["switches"]),
            size=size,
            note=f"tr Cov of the posterior {fmean(case['weights']):.2f}: discrete {discrete:.2f}, scaling "
            f"{scaling:.2f}, the rest {split:.3f}. One chain sees {fmean(case['within']):.2f}, the chains of a seed "
            f"together {fmean(case['pooled']):.2f}.",
        ),
        Claim(
            "6b",
            "The weights have not mixed, and R-hat says so",
            "what a certificate is for",
            f"R-hat of the weights, the largest; {where}",
            Expected.at_least(1.1, refuted_below=1.01),
            **within([one["rhat"] for one in weights]),
            size=size,
            note=f"The least mixed seed is {mixed(max(weights, key=lambda one: one['rhat']))}.",
        ),
        Claim(
            "6c",
            "The function has mixed all the same",
            "symmetry: all orders are the same function",
            f"R-hat of f at five inputs, the largest; {where}",
            Expected.at_most(1.01, 0.02, refuted_above=1.1),
            **within([one["rhat"] for one in function]),
            size=size,
            note=f"The least mixed seed is {mixed(max(function, key=lambda one: one['rhat']))}. 1.01 is the "
            "usual threshold for a certificate; chains here are shorter than one asks for, whence the tolerance.",
        ),
    ]


def _ensembles(found: Found, size: Size) -> list[Claim]:
    claims = []
    for case in cases(found, "ensembles-"):
        letters = iter(_LETTERS[case["n"]])
        where = f"r = {case['served']}, m = {case['neurons']}, p = {case['inputs']}, n = {case['n']}"
        ensemble, sampled = case["ensemble"], case["sampled"]
        parts = np.mean(case["parts"], axis=0)
        about = (
            f"tr Cov: ensemble {fmean(e['weights'] for e in ensemble):.2f}, sampled "
            f"{fmean(e['weights'] for e in sampled):.2f}, of which discrete {parts[0]:.2f}, scaling {parts[1]:.2f}, "
            f"split {parts[2]:.2f}. n Var f: {fmean(e['scaled'] for e in ensemble):.2f} and "
            f"{fmean(e['scaled'] for e in sampled):.2f}. Mixing, the worst seed: function "
            f"{mixed(max(case['mixing'], key=lambda m: m['rhat']))}; single weights R-hat "
            f"{max(m['weights_rhat'] for m in case['mixing']):.2f}, not certified, since orders do not mix. Of so few "
            "independent members the discrete part is too large and the total too small, by some 1 / members; this is "
            "not corrected, since networks are not kept."
        )
        for name, statement in (
            ("weights", "An ensemble's weights vary less than the posterior's"),
            ("continuous", "An ensemble misses part of the continuous variance"),
        ):
            ratio = [e[name] / s[name] for e, s in zip(ensemble, sampled, strict=True)]
            claims.append(
                Claim(
                    f"7{next(letters)}",
                    f"{statement}, n = {case['n']}",
                    _SOURCE,
                    f"{'tr Cov(w)' if name == 'weights' else 'tr Cov(w) within arrangements'} of an ensemble over that "
                    f"of its members continued by NUTS; {where}, population likelihood",
                    Expected.at_most(1.0),
                    **within(ratio),
                    size=size,
                    note=f"A direction only; no figure is recorded. {about}",
                )
            )
    for case in cases(found, "data-"):
        methods = case["methods"]
        ratio = [e["weights"] / s["weights"] for e, s in zip(methods["ensemble"], methods["nuts"], strict=True)]
        told = "; ".join(
            f"{name}: Var f {fmean(e['variance'] for e in by_seed):.4f}, "
            f"error {fmean(e['error'] for e in by_seed):.4f}, covered {fmean(e['covered'] for e in by_seed):.0%}"
            + (f", tr Cov {fmean(e['weights'] for e in by_seed):.2f}" if "weights" in by_seed[0] else "")
            for name, by_seed in methods.items()
        )
        worst = {name: max(by_seed, key=lambda m: m["rhat"]) for name, by_seed in case["mixing"].items()}
        claims.append(
            Claim(
                f"7{_LETTERS['data', case['n']]}",
                f"An ensemble's weights vary less on data sets too, n = {case['n']}",
                _SOURCE,
                "tr Cov(w) of an ensemble over that of its members continued by NUTS; a data set a seed",
                Expected.at_most(1.0),
                **within(ratio),
                size=size,
                note=f"Means over seeds, f* within two standard deviations counts as covered. {told}. Mixing of the "
                f"function, the worst seed: NUTS {mixed(worst['nuts'])}; SGLD {mixed(worst['sgld'])}.",
            )
        )
    return claims


def _toy(found: Found, size: Size) -> list[Claim]:
    case = found["gated"][0]
    where = f"f(x) = w_2 w_3 w.x with d = {case['inputs']} inputs, shown f* = 0, exact by quadrature"
    by_seed = found["chain"]
    one = next(iter(by_seed.values()))
    depth, prior = one["depths"][-1], one["prior"]
    seeds = tuple(by_seed)
    note = (
        "The paper's toy is known here by its outline only, Var f -> 0 with tr Cov = d tau^2, and was read in two "
        "ways: with data, as here, where d counts the weights that the gate w_2 w_3 leaves alone; and without, a "
        "product of d weights in a row."
    )
    limit = case["inputs"] - 1
    return [
        Claim(
            "8a",
            "Product net with data: the function becomes certain",
            _SOURCE,
            f"mean Var f at n = {case['n'][-1]} over that of the prior; {where}",
            Expected.at_most(0.01, refuted_above=0.5),
            (case["function"][-1] / case["function"][0],),
            size=size,
            note=note,
        ),
        Claim(
            "8b",
            "Product net with data: its weights do not",
            _SOURCE,
            f"tr Cov(w) / (d tau^2) at n = {case['n'][-1]}; {where}",
            Expected.about(1.0, 0.1, refuted_below=0.5),
            (case["weights"][-1] / (case["inputs"] * case["prior"]),),
            size=size,
            note=f"The limit is (d - 1)/d = {limit / case['inputs']:g}, since short w leave the gate more room; what "
            "the gate's own weights add dies out like 1 / log n.",
        ),
        Claim(
            "8c",
            "Product net without data: the function is nearly certain",
            _SOURCE,
            f"Var f(1), f(x) = w_d ... w_1 x with d = {depth} weights of variance tau^2 = {prior:g}",
            Expected.at_most(0.01),
            tuple(r["function"][-1] for r in by_seed.values()),
            seeds,
            size=size,
            note=f"Draws of the prior, with no data: the exact value is tau^(2d) = {prior**depth:.2g}, and nothing is "
            f"learnt that the prior does not say. The mean at d = {one['depths'][0]} is "
            f"{fmean(r['function'][0] for r in by_seed.values()):.3f}.",
        ),
        Claim(
            "8d",
            "Product net without data: its weights are as under the prior",
            _SOURCE,
            f"tr Cov(w) / (d tau^2), d = {depth}",
            Expected.about(1.0, 0.01),
            tuple(r["weights"][-1] / (depth * prior) for r in by_seed.values()),
            seeds,
            size=size,
            note="Draws of the prior, with no data: the exact value is 1, by definition of the reading.",
        ),
    ]
