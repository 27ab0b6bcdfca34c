"""Tasks of claims 9 and 10: small convolutional networks that are trained as usual and adversarially."""

from dataclasses import dataclass
from typing import Any

from limes.nets import Conv, Dense, Flatten, Net, Relu, serial, standard
from limes.papers.claim import Size
from limes.papers.ntk_features.problems import Problem


@dataclass(frozen=True)
class EvolutionCase:
    """A network, its two trainings, and what is frozen of them.

    Attributes:
        problem: the task.
        words: the task for a reader.
        shape: of an image.
        layers: convolutions.
        channels: of each.
        epochs: of a training.
        batch_size: rows of a step.
        learning_rate, momentum: of all trainings.
        attack_steps: of the attack in it.
        probes: test images on which the kernel is followed.
        moments: epochs from whose kernel a second training starts; the last one is the end of the first training.
        second_epochs: of that training, which is like the first one otherwise.
        seconds: of one seed on two cores, about.
    """

    problem: Problem
    words: str
    shape: tuple[int, int, int]
    layers: int
    channels: int
    epochs: int
    batch_size: int
    learning_rate: float
    momentum: float
    attack_steps: int
    probes: int
    moments: tuple[int, ...]
    second_epochs: int
    seconds: float

    def net(self) -> Net:
        """3x3 convolutions with strides of 2, relu after each, and a dense layer; standard parametrisation."""
        block = (Conv((3, 3), strides=(2, 2), w_std=2**0.5), Relu())
        return standard(serial(*block * self.layers, Flatten(), Dense()), self.shape, self.channels)


_ALIKE: dict[str, Any] = {"channels": 16, "batch_size": 50, "learning_rate": 0.02, "momentum": 0.9}
_DIGITS: dict[str, Any] = {"shape": (8, 8, 1), "layers": 2, **_ALIKE}
_CIFAR: dict[str, Any] = {"shape": (32, 32, 3), "layers": 3, **_ALIKE}


def _digits(n_train: int, n_test: int, seeds: int) -> Problem:
    return Problem("digits", tuple(range(10)), n_train, n_test, "0.1", seeds, ("conv",), 0, "float32")


EVOLUTION: dict[Size, dict[str, EvolutionCase]] = {
    "smoke": {
        "digits": EvolutionCase(
            _digits(400, 200, 2),
            "digits, ten classes",
            **_DIGITS,
            epochs=24,
            attack_steps=5,
            probes=20,
            moments=(0, 24),
            second_epochs=6,
            seconds=12.0,
        ),
    },
    "full": {
        "digits": EvolutionCase(
            _digits(1000, 400, 5),
            "digits, ten classes",
            **_DIGITS,
            epochs=30,
            attack_steps=5,
            probes=50,
            moments=(0, 2, 8, 30),
            second_epochs=10,
            seconds=40.0,
        ),
        "cifar10": EvolutionCase(
            Problem("cifar10", (0, 1), 1000, 300, "4/255", 5, ("conv",), 0, "float32"),
            "CIFAR-10 airplanes and automobiles",
            **_CIFAR,
            epochs=12,
            attack_steps=5,
            probes=250,
            moments=(0, 1, 4, 12),
            second_epochs=6,
            seconds=110.0,
        ),
    },
}
