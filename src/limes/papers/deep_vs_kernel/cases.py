"""What is run at each size."""

from dataclasses import dataclass

from limes.papers.claim import Size
from limes.papers.deep_vs_kernel.problems import Problem


@dataclass(frozen=True)
class Case:
    """The settings of all quantities at a size.

    Attributes:
        mlp: the fully connected network, for the motion of kernels.
        cnn: the convolutional one, for basins and linearisations.
        widths: in the NTK parametrisation.
        width_epochs: length of these trainings.
        rates: of which the kernel's velocity is compared.
        changes: epochs at which weights are changed.
        horizon: epochs for which a change may grow.
        spawns: epochs at which children are spawned and networks are frozen.
        cnn_rates: of which the barrier from the start is compared.
        small_rate: of the training of frozen networks and of its control.
        seconds: of each quantity on two cores, about.
    """

    mlp: Problem
    cnn: Problem
    widths: tuple[int, ...]
    width_epochs: float
    rates: tuple[float, ...]
    changes: tuple[float, ...]
    horizon: float
    spawns: tuple[float, ...]
    cnn_rates: tuple[float, ...]
    small_rate: float
    seconds: dict[str, float]


CASES: dict[Size, Case] = {
    "smoke": Case(
        mlp=Problem("digits", "mlp", 128, 500, 0, 300, 20, 30, 50, 0.1, 0.0, 3),
        cnn=Problem("digits", "cnn", 8, 400, 150, 400, 20, 8, 40, 0.1, 0.9, 2),
        widths=(64, 256),
        width_epochs=4,
        rates=(0.01, 0.02, 0.05),
        changes=(0, 1, 10),
        horizon=6,
        spawns=(0, 1, 4),
        cnn_rates=(0.02, 0.1),
        small_rate=0.01,
        seconds={
            "soundness": 2.0,
            "motion": 3.0,
            "widths": 3.0,
            "rates": 3.0,
            "cone": 3.0,
            "children": 7.0,
            "thresholds": 3.0,
            "frozen": 7.0,
        },
    ),
    "full": Case(
        mlp=Problem("mnist", "mlp", 256, 1000, 0, 1000, 100, 30, 50, 0.1, 0.0, 5),
        cnn=Problem("cifar10", "cnn", 16, 4000, 500, 2000, 50, 20, 128, 0.06, 0.9, 5),
        widths=(256, 1024, 4096),
        width_epochs=5,
        rates=(0.01, 0.02, 0.05),
        changes=(0, 0.4, 1, 2, 4, 10),
        horizon=10,
        spawns=(0, 0.5, 1, 2, 4, 8),
        cnn_rates=(0.01, 0.02, 0.03, 0.06, 0.1),
        small_rate=0.005,
        seconds={
            "soundness": 5.0,
            "motion": 40.0,
            "widths": 60.0,
            "rates": 10.0,
            "cone": 15.0,
            "children": 120.0,
            "thresholds": 90.0,
            "frozen": 200.0,
        },
    ),
}
