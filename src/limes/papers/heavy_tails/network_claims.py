"""Claims 6 and 7: trained networks, and the bound for pruned ones."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from limes.papers.claim import Claim, Expected, Size
from limes.papers.heavy_tails.networks import KINDS, RATIOS
from limes.papers.heavy_tails.reading import converged, layers_mean, network_name, pruned, trainings
from limes.papers.paper import Found
from limes.papers.reading import Result, within
from limes.papers.signs import sign_claim

PAPER = "Barsbey et al. 2021 (arXiv 2106.03795), figures of trained networks; no table of numbers there"
_OWN = "figures as first measured here, one seed"
RECORDED = {0.02: 0.448, 0.1: 0.773}
"""Test accuracy with 95 % of the weights pruned, by learning rate: digits, b = 5, after 6,000 steps."""
_MOST = RATIOS.index(0.95)
_COMPARED, _COMPARED_MNIST = ("6a", "6b", "7a", "7b", "7c"), ("6f", "6g", "6h", "7d")
_BOUND = "Barsbey et al. 2021 (arXiv 2106.03795), the bound by its form; constant and logarithm are not known here"


def network_claims(found: Found, size: Size) -> list[Claim]:
    """Claims 6 and 7; those on MNIST where it was trained on. Claim 6e says which were left out."""
    digits = trainings(found, "digits")
    made = [*_trends(digits, "digits", ("6a", "6b"), size, headline=True), *_recorded(found, size)]
    mnist = trainings(found, "mnist")
    if mnist:
        made += _trends([r for r in mnist if r["batch_size"] == 5], "MNIST", ("6f", "6g"), size)
        made += _batches(mnist, size)
    made += [*_bound(digits, "digits", "abc", size), *(_gap(mnist, "MNIST", "7d", size) if mnist else [])]
    return _with_missing(made, [*_COMPARED, *(_COMPARED_MNIST if mnist else ())])


def _with_missing(made: list[Claim], wanted: Sequence[str]) -> list[Claim]:
    """Claims that compare settings need two that converged: without them a note takes their place."""
    missing = [id for id in wanted if id not in {claim.id for claim in made}]
    if not missing:
        return made
    note = f"Not decided, as too few settings converged for all seeds: {', '.join(missing)}."
    return [replace(c, note=f"{c.note} {note}".strip()) if c.id == "6e" else c for c in made]


def _trends(results: list[Result], data: str, ids: tuple[str, str], size: Size, headline: bool = False) -> list[Claim]:
    """Index and prunable share over the learning rate, at the stop, of networks that converged."""
    good = converged(results)
    if len(good) < 2:
        return []
    slow, fast = good[0], good[-1]
    rates = f"from eta = {slow['learning_rate']:g} to {fast['learning_rate']:g}, b = {slow['batch_size']}, {data}"
    settled = "mean over layers, of weights averaged over the last 1,000 steps"
    made = []
    for id, name, words, unit, sign in (
        (ids[0], "index", "Tails of trained weights get heavier", "fall of the heaviness index", -1),
        (ids[1], "prunable", "and more of the weights may be pruned", "rise of the prunable share at 10 % error", 1),
    ):
        means = [layers_mean(r, "stop", name) for r in good]
        told = "; ".join(
            f"eta = {r['learning_rate']:g}, {r['steps']:,} steps: " + ", ".join(f"{v:.3f}" for v in _layers(r, name))
            for r in good
        )
        made.append(
            sign_claim(
                id,
                f"{words} with the learning rate, {data}",
                PAPER,
                f"{unit} {rates}, {settled}",
                within(sign * (means[-1] - means[0])),
                size,
                headline=headline,
                note=f"By layer: {told}.",
            )
        )
    return made


def _layers(result: Result, name: str) -> np.ndarray:
    return np.mean(result["stop"][name], axis=0)


def _recorded(found: Found, size: Size) -> list[Claim]:
    made, after = [], {}
    for letter, (rate, figure) in zip("cd", RECORDED.items(), strict=True):
        result = found[network_name("digits", rate, 5)][0]
        after[rate] = pruned(result, "early", "magnitude", _MOST)
        told = "; ".join(
            f"{kind}: "
            + ", ".join(f"{pruned(result, 'early', kind, RATIOS.index(share)).mean():.3f}" for share in _SHOWN)
            for kind in KINDS
        )
        made.append(
            Claim(
                f"6{letter}",
                f"What a network with 5 % of its weights is worth, eta = {rate:g}",
                _OWN,
                "test accuracy after magnitude pruning of 95 % of every layer; digits, b = 5, 6,000 steps",
                Expected.about(figure, 0.15),
                **within(after[rate]),
                size=size,
                note=f"At 80, 90 and 95 %, {told}; unpruned {np.mean(result['early']['test']):.3f}.",
            )
        )
    slow, fast = (after[rate] for rate in RECORDED)
    made.append(
        sign_claim(
            "6e",
            "Heavier tails stand pruning better",
            PAPER,
            "rise of that accuracy from eta = .02 to .1",
            within(fast - slow),
            size,
        )
    )
    return made


_SHOWN = (0.8, 0.9, 0.95)


def _batches(results: list[Result], size: Size) -> list[Claim]:
    by_setting = {(r["learning_rate"], r["batch_size"]): r for r in converged(results)}
    pairs = [(by_setting[rate, 10], r) for (rate, b), r in by_setting.items() if b == 5 and (rate, 10) in by_setting]
    if not pairs:
        return []
    large, small = pairs[-1]
    return [
        sign_claim(
            "6h",
            "Tails of trained weights get heavier as batches get smaller, MNIST",
            PAPER,
            f"fall of the heaviness index from b = 10 to 5, eta = {small['learning_rate']:g}, mean over layers",
            within(layers_mean(large, "stop", "index") - layers_mean(small, "stop", "index")),
            size,
        )
    ]


def _bound(results: list[Result], data: str, letters: str, size: Size) -> list[Claim]:
    """sqrt(kappa d log(n) / n), kappa the share of weights that is left at 10 % error."""
    good = converged(results)
    if len(good) < 2:
        return []
    slow, fast = good[0], good[-1]
    terms = [np.sqrt(np.array(r["stop"]["kept"]) * r["weights"] * np.log(r["n"]) / r["n"]) for r in (slow, fast)]
    words = f"sqrt(kappa d log(n) / n), kappa d weights left at 10 % error of {slow['weights']:,}; "
    words += f"n = {slow['n']:,}, {data}"
    return [
        sign_claim(
            f"7{letters[0]}",
            "The term of the bound for pruned networks is smaller at large rates",
            _BOUND,
            f"fall from eta = {slow['learning_rate']:g} to {fast['learning_rate']:g} of {words}",
            within(terms[0] - terms[1]),
            size,
        ),
        Claim(
            f"7{letters[1]}",
            "That term alone is above 1 at these sizes, so that the bound says nothing",
            "derived: kappa is some .7 and d is many times n",
            words,
            Expected.at_least(1.0),
            **within(terms[1]),
            size=size,
            over="smallest",
            note=_bound_note(slow, fast),
        ),
        *_gap(results, data, f"7{letters[2]}", size),
    ]


def _bound_note(slow: Result, fast: Result) -> str:
    """Errors that stand beside the term, and how far it is from 1."""
    share = fast["n"] / (fast["weights"] * np.log(fast["n"]))
    place = next((i for i, ratio in enumerate(RATIOS) if ratio >= 1 - np.mean(fast["stop"]["kept"])), _MOST)
    risk, test, after = (
        " and ".join(f"{1 - np.mean(v):.3f}" for v in values)
        for values in (
            [r["stop"]["train"] for r in (slow, fast)],
            [r["stop"]["test"] for r in (slow, fast)],
            [pruned(r, "stop", "magnitude", place) for r in (slow, fast)],
        )
    )
    return (
        f"Constant 1. The term is above 1 whenever more than {share:.2g} of the weights are left, so that this can "
        f"hardly fail. At these rates training errors, the margin risk at margin 0, are {risk}; test errors {test}, "
        f"and {after} with {RATIOS[place]:.0%} of the weights pruned, the next share in store."
    )


def _gap(results: list[Result], data: str, id: str, size: Size) -> list[Claim]:
    good = [r for r in converged(results) if r["batch_size"] == 5]
    if len(good) < 2:
        return []
    rates = [f"{r['learning_rate']:g}" for r in good]
    gaps = [np.array(r["stop"]["train"]) - np.array(r["stop"]["test"]) for r in good]
    return [
        sign_claim(
            id,
            f"The generalisation gap is smaller with heavier tails, {data}",
            PAPER,
            f"fall of train less test accuracy from eta = {rates[0]} to {rates[-1]}, b = 5",
            within(gaps[0] - gaps[-1]),
            size,
            note="Gaps by rate: " + ", ".join(f"{gap.mean():.4f}" for gap in gaps) + ".",
        )
    ]
