"""Students of an orthonormal teacher by gradient descent, with and without weight decay: claims 1 to 6, 9 and 10."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from limes.beyond.features import (
    Alignment,
    Descent,
    Learned,
    TwoLayer,
    alignment,
    dual_certificate,
    fit_coefficients,
    learn,
    orthonormal_teacher,
    random_start,
    tangent_loss,
)
from limes.core.progress import Progress

FIGURES = ("mean_cosine", "share_near", "total_mass", "n_active", "imbalance")
ANGLES = (2.0, 4.0, 8.0, 16.0)
"""Degrees from a neuron of the teacher at which the certificate is read."""


@dataclass(frozen=True)
class Setting:
    """Teacher, student and descent.

    Attributes:
        d: inputs.
        r: neurons of the teacher.
        m: neurons of the student.
        penalties: of the stages.
        steps: of a stage.
        learning_rate: on the loss with its penalty.
        records: of a stage.
    """

    d: int = 10
    r: int = 3
    m: int = 40
    penalties: tuple[float, ...] = (3e-2, 1e-2, 3e-3, 1e-3, 3e-4)
    steps: int = 10_000
    learning_rate: float = 0.02
    records: int = 5

    @property
    def teacher(self) -> TwoLayer:
        """The first unit vectors."""
        return orthonormal_teacher(self.d, self.r)

    @property
    def annealed(self) -> Descent:
        """The stages."""
        return Descent(self.penalties, self.steps, self.learning_rate)

    def start(self, seeds: Sequence[int], size: float = 1.0) -> TwoLayer:
        """Of both layers' size, one network a seed."""
        return random_start(self.d, self.m, size=size, seeds=seeds)


def annealed(setting: Setting, seeds: Sequence[int], progress: Progress) -> dict[str, Any]:
    """The course under falling weight decay, and the certificate at the end of each stage, (stages, seeds)."""
    found = learn(setting.teacher, setting.start(seeds), setting.annealed, records=setting.records, progress=progress)
    ends = [TwoLayer(*(part[end] for part in found.networks)) for end in found.stage_ends]
    pairs = [_certificate(setting, net, p) for net, p in zip(ends, setting.penalties, strict=True)]
    return course(found, alignment(found.networks, setting.teacher)) | {
        "penalties": list(setting.penalties),
        "eta_largest": [largest.tolist() for largest, _ in pairs],
        "eta_power": [power.tolist() for _, power in pairs],
    }


def unpenalised(setting: Setting, seeds: Sequence[int], size: float, progress: Progress) -> dict[str, Any]:
    """The course of as many steps without weight decay."""
    found = learn(
        setting.teacher,
        setting.start(seeds, size),
        setting.annealed.without_penalty(),
        records=setting.records,
        progress=progress,
    )
    return course(found, alignment(found.networks, setting.teacher))


def constant(setting: Setting, seeds: Sequence[int], progress: Progress) -> dict[str, Any]:
    """The course of as many steps at the last penalty alone."""
    descent = replace(setting.annealed, penalties=setting.penalties[-1:] * len(setting.penalties))
    found = learn(setting.teacher, setting.start(seeds), descent, records=setting.records, progress=progress)
    return course(found, alignment(found.networks, setting.teacher))


def at_penalties(
    setting: Setting, seeds: Sequence[int], penalties: Sequence[float], steps: int, progress: Progress
) -> dict[str, Any]:
    """Relative losses and shares near the teacher at constant penalties: (penalties, seeds)."""
    nets = [
        learn(
            setting.teacher, setting.start(seeds), Descent((penalty,), steps, setting.learning_rate), progress=progress
        )
        for penalty in penalties
    ]
    near = [alignment(net.network, setting.teacher).share_near.tolist() for net in nets]
    return {"penalties": list(penalties), "losses": [net.loss.tolist() for net in nets], "share_near": near}


def resting(setting: Setting, seeds: Sequence[int], progress: Progress) -> dict[str, Any]:
    """Learners whose first layer rests, from the starts of the others: losses and alignment by seed.

    "best" has the coefficients of the least loss, "annealed" those that the stages lead to; "tangent" is the least loss
    of linearised training of both layers, which turns no neuron either.
    """
    teacher, start = setting.teacher, setting.start(seeds)
    best = fit_coefficients(teacher, start.weights)
    descent = replace(setting.annealed, train_weights=False)
    trained = learn(teacher, start, descent, progress=progress).network
    found: dict[str, Any] = {"tangent": {"loss": [tangent_loss(teacher, w) for w in start.weights]}}
    for name, net in (("best", best), ("annealed", trained)):
        loss = net.loss(teacher) / teacher.second_moment()
        found[name] = {"loss": loss.tolist()} | figures(alignment(net, teacher))
    return found


def course(found: Learned, seen: Alignment) -> dict[str, Any]:
    """Plain values: steps (k,), ends of stages, and (k, seeds) of relative losses and alignment."""
    return {"at": found.at.tolist(), "stage_ends": found.stage_ends.tolist(), "loss": found.losses.tolist()} | figures(
        seen
    )


def figures(seen: Alignment) -> dict[str, list]:
    """An alignment as lists."""
    return {name: getattr(seen, name).tolist() for name in FIGURES}


def _certificate(setting: Setting, network: TwoLayer, penalty: float) -> tuple[np.ndarray, np.ndarray]:
    """The largest |eta| over the sphere, searched, and the power of the angle at which eta falls off a teacher.

    The power is 0 where eta does not fall at all angles.
    """
    teacher, rng = setting.teacher, np.random.default_rng(0)
    spread = rng.standard_normal((4000, setting.d))
    close = network.directions[..., None, :] + 0.05 * rng.standard_normal((20, setting.d)) / np.sqrt(setting.d)
    close = np.concatenate([network.directions, close.reshape(*network.coef.shape[:-1], -1, setting.d)], axis=-2)
    values = [np.abs(dual_certificate(network, teacher, penalty, u)).max(axis=-1) for u in (spread, close)]
    aside = rng.standard_normal((50, 1, setting.d))
    aside -= aside @ teacher.weights.T @ teacher.weights  # off the span: towards another neuron eta need not fall
    aside /= np.linalg.norm(aside, axis=-1, keepdims=True)
    falls = []
    for angle in np.deg2rad(ANGLES):
        around = np.cos(angle) * teacher.weights + np.sin(angle) * aside
        eta = dual_certificate(network, teacher, penalty, around.reshape(-1, setting.d))
        top = dual_certificate(network, teacher, penalty, teacher.weights)
        falls.append(top.mean(axis=-1) - eta.mean(axis=-1))
    drops = np.array(falls)
    power = np.polyfit(np.log(ANGLES), np.log(np.maximum(drops, 1e-300)), 1)[0]
    return np.maximum(*values), np.where((drops > 0).all(axis=0), power, 0.0)
