"""Claim 8: three stages from a small symmetric start, beside the same without the first step."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from limes.beyond.features import alignment, fit_coefficients, learn, random_start, share_in_span, three_stages
from limes.core.progress import Progress
from limes.papers.feature_learning.descents import Setting, course

RIDGE = 1e-2
SIZE = 0.1


def measured(setting: Setting, seeds: Sequence[int], progress: Progress) -> dict[str, Any]:
    """By seed: shares of the first layer in the teacher's span before and after the first step; the courses.

    Alignment is up to sign, as neurons are defined up to affine functions here. "direct" keeps the directions of the
    start and goes on from the second stage.
    """
    teacher = setting.teacher
    start = random_start(setting.d, setting.m, size=SIZE, seeds=seeds, symmetric=True)
    made = three_stages(teacher, start, setting.annealed, penalty=RIDGE, records=setting.records, progress=progress)
    fitted = fit_coefficients(teacher, start.directions, RIDGE, remove_affine=True).balanced()
    descent = replace(setting.annealed, remove_affine=True)
    direct = learn(teacher, fitted, descent, records=setting.records, progress=progress)
    return {
        "span": {
            name: share_in_span(net.weights, teacher.weights).tolist()
            for name, net in (("start", start), ("stepped", made.stepped))
        },
        "staged": course(made.learned, alignment(made.learned.networks, teacher, lines=True)),
        "direct": course(direct, alignment(direct.networks, teacher, lines=True)),
    }
