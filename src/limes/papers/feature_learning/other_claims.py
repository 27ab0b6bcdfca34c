"""Claims 5 and 7 to 9: layers that rest, the closed form, three stages, and the certificate."""

from typing import Any

import numpy as np

from limes.papers.claim import Claim, Expected, Size
from limes.papers.feature_learning.descent_claims import MEASURED, SETTING, SOURCE
from limes.papers.feature_learning.reading import end, told
from limes.papers.feature_learning.stages import RIDGE
from limes.papers.paper import Found
from limes.papers.reading import over, within


def other_claims(found: Found, size: Size) -> list[Claim]:
    """Claims 5, 7, 8 and 9."""
    return [*_resting(found, size), *_samples(found, size), *_stages(found, size), *_certificate(found, size)]


def _resting(found: Found, size: Size) -> list[Claim]:
    case, moved = found["resting"][0], end(found["annealed"][0], "loss")
    n = min(len(moved), len(case["best"]["loss"]))
    tangent, best = np.array(case["tangent"]["loss"]), np.array(case["best"]["loss"])
    about: dict[str, Any] = {"size": size}
    return [
        Claim(
            "5a",
            "With a first layer that rests no features are learned",
            f"{MEASURED}: the learner of a fixed kernel; no figure was known",
            f"share of the mass within 10 degrees of a teacher, coefficients alone trained as in claim 1; {SETTING}",
            Expected.at_most(0.12, refuted_above=0.5),
            **within(case["annealed"]["share_near"]),
            note="A remark, as it is certain: directions rest, so that this is the share of random ones, weighted by "
            "their coefficients. Expected is what is expected without weight decay in claim 2. Coefficients of the "
            "least loss: "
            f"{np.mean(case['best']['share_near']):.3g}; mean cosine {np.mean(case['annealed']['mean_cosine']):.3g} "
            f"and {np.mean(case['best']['mean_cosine']):.3g}.",
            **about,
        ),
        Claim(
            "5b",
            "Nor does its best fit reach the loss of annealed descent",
            "no figure was known",
            f"least loss of random features over that of claim 1, in powers of ten; {SETTING}",
            Expected.at_least(0.0, refuted_below=0.0),
            **within(np.log10(best[:n] / moved[:n])),
            note=f"Relative losses: {told(best)}; trained as in claim 1 {np.mean(case['annealed']['loss']):.3g}.",
            **about,
        ),
        Claim(
            "5c",
            "The best fit in the tangent space, where both layers train linearly, is worse than annealed descent",
            "no figure was known",
            f"least loss of the tangent space at the start over that of claim 1, in powers of ten; {SETTING}",
            Expected.at_least(0.0, refuted_below=0.0),
            **within(np.log10(tangent[:n] / moved[:n])),
            headline=True,
            note=f"Relative losses: {told(tangent)}.",
            **about,
        ),
    ]


def _samples(found: Found, size: Size) -> list[Claim]:
    by_seed = found["samples"]
    n = next(iter(by_seed.values()))["n"]
    return [
        Claim(
            f"7{letter}",
            f"The population loss in closed form is the mean over samples, {words}",
            "derived: the arc-cosine kernel of degree 1 (Cho & Saul 2009)",
            f"difference in standard errors of {n:,} samples, random networks of 8 and 3 neurons",
            Expected.at_most(3.0, refuted_above=4.0),
            **over(by_seed, lambda r, name=name: abs(r[name])),
            size=size,
            over="largest",
        )
        for letter, name, words in (("a", "whole", "as it is"), ("b", "without affine", "without the affine part"))
    ]


def _stages(found: Found, size: Size) -> list[Claim]:
    case = found["stages"][0]
    staged, direct = case["staged"], case["direct"]
    fitted = np.array(staged["loss"])[0], np.array(direct["loss"])[0]
    protocol = "Zhou & Ge 2024 (arXiv 2406.01766) and Damian et al. 2022, the protocol in outline only"
    about: dict[str, Any] = {"size": size}
    return [
        Claim(
            "8a",
            "One long step turns the first layer to the teacher's span",
            f"{protocol}; derived: its leading term is sum_i a*_i w*_i w*_i' w",
            f"share of |W|^2 in the span after the step, affine part removed; {SETTING}",
            Expected.at_least(0.8, refuted_below=0.3),
            **within(case["span"]["stepped"]),
            note=f"At the start {np.mean(case['span']['start']):.3g}; random weights have r / d = 0.3 on average.",
            **about,
        ),
        Claim(
            "8b",
            "The second layer then fits better than on the directions of the start",
            protocol,
            f"relative loss after ridge regression ({RIDGE:g}), over that without the first step",
            Expected.at_most(1.0),
            **within(fitted[0] / fitted[1]),
            note=f"Losses {fitted[0].mean():.3g} and {fitted[1].mean():.3g}.",
            **about,
        ),
        Claim(
            "8c",
            "Three stages lead from a small symmetric start to the teacher",
            f"{SOURCE}; {protocol}",
            "share of the mass within 10 degrees of a teacher's line, with its sign, at the end",
            Expected.at_least(0.9, refuted_below=0.5),
            **within(end(staged, "share_near")),
            note=f"Mean cosine {end(staged, 'mean_cosine').mean():.4f}, total mass "
            f"{end(staged, 'total_mass').mean():.3f}, relative loss {end(staged, 'loss').mean():.2g}; without the "
            f"first step {end(direct, 'share_near').mean():.3g}, {end(direct, 'total_mass').mean():.3f} and "
            f"{end(direct, 'loss').mean():.2g}. Lines, because relu(z) and relu(-z) differ by an affine function.",
            **about,
        ),
    ]


def _certificate(found: Found, size: Size) -> list[Claim]:
    case = found["annealed"][0]
    stage, penalty = 1, case["penalties"][1]
    source = "Zhou & Ge 2024 (arXiv 2406.01766), by a summary: a dual certificate that is 1 at the teacher's directions"
    return [
        Claim(
            "9a",
            "At the end of the second stage annealed networks are nearly the best of any width",
            f"{source}; derived: at the best network |eta| is at most 1",
            f"largest |eta| over searched directions at the end of the stage lambda = {penalty:g}",
            Expected.at_most(1.02, refuted_above=1.2),
            **within(case["eta_largest"][stage]),
            size=size,
            note=f"By stage: {told(np.mean(case['eta_largest'], axis=1))}: later stages are further from their end.",
        ),
        Claim(
            "9b",
            "At the end of the second stage the certificate falls quadratically about the teacher's directions",
            f"{source} and falls quadratically",
            f"exponent of the angle in eta(w*) - eta, 2 to 16 degrees off the span; lambda = {penalty:g}",
            Expected.about(2.0, 0.3, refuted_below=1.5),
            **within(case["eta_power"][stage]),
            size=size,
            note=f"By stage: {told(np.mean(case['eta_power'], axis=1))}. It rises at an angle, and counts as 0, in "
            f"{int(np.sum(np.array(case['eta_power'][stage]) == 0))} of {len(case['eta_power'][stage])} seeds.",
        ),
    ]
