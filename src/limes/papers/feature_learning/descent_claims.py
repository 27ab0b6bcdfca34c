"""Claims 1 to 4, 6 and 10: descent with and without weight decay."""

from typing import Any

import numpy as np

from limes.papers.claim import Claim, Expected, Size
from limes.papers.feature_learning.reading import end, ends, told
from limes.papers.paper import Found
from limes.papers.reading import within

SOURCE = "Zhou & Ge 2024 (arXiv 2406.01766), abstract"
MEASURED = "as first measured here"
SETTING = "d = 10, r = 3 orthonormal teachers, m = 40"


def descent_claims(found: Found, size: Size) -> list[Claim]:
    """Claims 1 to 4, 6 and 10."""
    return [*_annealed(found, size), *_unpenalised(found, size), *_penalties(found, size), *_others(found, size)]


def _annealed(found: Found, size: Size) -> list[Claim]:
    course = found["annealed"][0]
    about: dict[str, Any] = {"size": size}
    near = end(course, "share_near")
    stages = f"By stage: {told(ends(course, 'share_near').mean(axis=1))}; "
    stages += f"relative losses {told(ends(course, 'loss').mean(axis=1))}."
    return [
        Claim(
            "1a",
            "Annealed weight decay brings the mass to the teacher's directions",
            f"{SOURCE}: gradient descent on a regularised objective recovers the ground truth",
            f"share of the mass |a_j||w_j| within 10 degrees of a teacher, with its sign; {SETTING}",
            Expected.about(0.99, 0.01, refuted_below=0.9),
            **within(near),
            headline=True,
            note=f"{stages} Below 0.9 in {int((near < 0.9).sum())} of {len(near)} seeds.",
            **about,
        ),
        Claim(
            "1b",
            "Its neurons lie closely about these directions",
            MEASURED,
            "cosine to the nearest teacher, mean by mass",
            Expected.at_least(0.995, refuted_below=0.95),
            **within(end(course, "mean_cosine")),
            **about,
        ),
        Claim(
            "1c",
            "Its total mass is that of the teacher, 3",
            f"{MEASURED}; the penalty is lambda times the mass of balanced neurons",
            "sum |a_j||w_j|",
            Expected.about(3.0, 0.02),
            **within(end(course, "total_mass")),
            note=f"By stage: {told(ends(course, 'total_mass').mean(axis=1))}. "
            f"{end(course, 'n_active').mean():.3g} of 40 neurons keep a mass above 0.001.",
            **about,
        ),
        Claim(
            "6",
            "Both layers of a neuron weigh the same",
            "derived: a^2 - |w|^2 decays at the rate 2 lambda",
            "largest ||a_j| - |w_j|| of neurons with a mass above 0.001, at the end of annealing",
            Expected.at_most(1e-3, refuted_above=1e-2),
            **within(end(course, "imbalance")),
            over="largest",
            **about,
        ),
    ]


def _unpenalised(found: Found, size: Size) -> list[Claim]:
    course, small = found["none"][0], found["small"][0]
    without = f"without weight decay from |a_j| = |w_j| = 1, as many steps; {SETTING}"
    tiny = f"without weight decay from |a_j| = |w_j| = 0.1, as many steps; {SETTING}"
    about: dict[str, Any] = {"size": size}
    return [
        Claim(
            "2a",
            "Without weight decay the loss falls as well",
            MEASURED,
            f"E (f - f*)^2 / E f*^2 {without}",
            Expected.at_most(1e-4, refuted_above=1e-3),
            **within(end(course, "loss")),
            note=f"Annealed: {end(found['annealed'][0], 'loss').mean():.2g}.",
            **about,
        ),
        Claim(
            "2b",
            "But neurons point nowhere near",
            MEASURED,
            f"cosine to the nearest teacher, mean by mass, {without}",
            Expected.about(0.35, 0.05, refuted_above=0.7),
            **within(end(course, "mean_cosine")),
            note=f"At the start {np.array(course['mean_cosine'])[0].mean():.3g}.",
            **about,
        ),
        Claim(
            "2c",
            "A low loss without weight decay is fitted without features",
            f"{SOURCE}: the objective is carefully regularised",
            f"share of the mass within 10 degrees of a teacher, {without}",
            Expected.at_most(0.12, refuted_above=0.5),
            **within(end(course, "share_near")),
            headline=True,
            **about,
        ),
        Claim(
            "2d",
            "And most of the mass cancels",
            MEASURED,
            f"sum |a_j||w_j| (teacher: 3), {without}",
            Expected.about(24.0, 2.0, refuted_below=6.0),
            **within(end(course, "total_mass")),
            **about,
        ),
        Claim(
            "3a",
            "A small start aligns without weight decay too",
            MEASURED,
            f"cosine to the nearest teacher, mean by mass, {tiny}",
            Expected.about(0.97, 0.04, refuted_below=0.7),
            **within(end(small, "mean_cosine")),
            **about,
        ),
        Claim(
            "3b",
            "With most of its mass near the teacher's directions",
            MEASURED,
            f"share of the mass within 10 degrees of a teacher, {tiny}",
            Expected.about(0.96, 0.04, refuted_below=0.7),
            **within(end(small, "share_near")),
            note="Recorded after 7,500 steps of a descent that is not known in full. By stage: "
            f"{told(ends(small, 'share_near').mean(axis=1))}; relative loss {end(small, 'loss').mean():.2g}.",
            **about,
        ),
    ]


def _penalties(found: Found, size: Size) -> list[Claim]:
    case = found["penalties"][0]
    penalties, losses = case["penalties"], np.array(case["losses"])
    slopes = np.polyfit(np.log(penalties), np.log(losses), 1)[0]
    return [
        Claim(
            "4",
            "The loss at a penalty lambda is as lambda^2",
            f"{MEASURED}; derived for one teacher: mass 1 - lambda, relative loss lambda^2",
            f"exponent of lambda in the relative loss, lambda = {', '.join(f'{p:g}' for p in penalties)} held "
            f"constant; {SETTING}",
            Expected.about(2.0, 0.3, refuted_below=1.5),
            **within(slopes),
            size=size,
            headline=True,
            note=f"Mean losses: {told(losses.mean(axis=1))}. The recorded losses, 1.7e-3 at lambda = 0.03, are those "
            "of half the squared error with the same penalty, which is twice the lambda here.",
        )
    ]


def _others(found: Found, size: Size) -> list[Claim]:
    constant, annealed = found["constant"][0], found["annealed"][0]
    near, loss = end(constant, "share_near"), end(constant, "loss")
    n = min(len(near), end(annealed, "share_near").size)
    gain = end(annealed, "share_near")[:n] - near[:n]
    return [
        Claim(
            "10",
            "Annealing aligns more than as many steps at the last penalty",
            "ours: what the earlier stages are for",
            f"share of the mass within 10 degrees of a teacher, annealed less constant; {SETTING}",
            Expected.at_least(0.0, refuted_below=0.0),
            **within(gain),
            size=size,
            note=f"Constant: share {near.mean():.3g}, relative loss {loss.mean():.2g}, total mass "
            f"{end(constant, 'total_mass').mean():.3g}.",
        )
    ]
