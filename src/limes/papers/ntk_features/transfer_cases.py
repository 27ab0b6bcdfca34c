"""Tasks of claims 7 and 8 beside digits 3 v 8: pairs of images, ten classes, convolutions."""

from dataclasses import dataclass

from limes.papers.claim import Size
from limes.papers.ntk_features.problems import Problem

TEN = tuple(range(10))


@dataclass(frozen=True)
class Case:
    """One comparison of a kernel with finite networks.

    Attributes:
        problem: the task; `nets[0]` is the architecture.
        words: the task for a reader.
        widths: of the networks; channels where there are convolutions.
        steps: of their training.
        seconds: of one seed on two cores, about.
    """

    problem: Problem
    words: str
    widths: tuple[int, ...]
    steps: int
    seconds: float

    @property
    def net(self) -> str:
        """Name of the architecture, "fc" or "conv"."""
        return self.problem.nets[0]


@dataclass(frozen=True)
class LazyCase:
    """Networks of one width with outputs of several scales.

    Attributes:
        problem, words, seconds: as for `Case`.
        width: of the hidden layer.
        alphas: scales of the output, the largest first.
        steps: of descent at most.
    """

    problem: Problem
    words: str
    width: int
    alphas: tuple[float, ...]
    steps: int
    seconds: float


def _problem(
    name: str, classes: tuple[int, ...], n_train: int, n_test: int, eps: str, net: str = "fc", seeds: int = 3
) -> Problem:
    return Problem(name, classes, n_train, n_test, eps, seeds, (net,), 0, "float32")


_WIDE = (64, 1024, 8192)
_CHANNELS = (8, 32)
_PLANES, _THREES = (0, 1), (3, 8)
CASES: dict[Size, dict[str, Case]] = {
    "smoke": {
        "digits-ten": Case(
            _problem("digits", TEN, 400, 100, "0.1", seeds=2), "digits, ten classes", (64, 256), 100, 3.0
        ),
    },
    "full": {
        "digits-ten": Case(_problem("digits", TEN, 1000, 500, "0.1"), "digits, ten classes", _WIDE, 200, 10.0),
        "mnist": Case(_problem("mnist", _THREES, 2000, 500, "0.1"), "MNIST 3 and 8", _WIDE, 200, 30.0),
        "mnist-ten": Case(_problem("mnist", TEN, 3000, 500, "0.1"), "MNIST, ten classes", _WIDE, 200, 40.0),
        "mnist-conv": Case(
            _problem("mnist", _THREES, 400, 100, "0.1", "conv"),
            "MNIST 3 and 8, two convolutions",
            _CHANNELS,
            300,
            60.0,
        ),
        "cifar10": Case(
            _problem("cifar10", _PLANES, 2000, 500, "8/255"), "CIFAR-10 airplanes and automobiles", _WIDE, 200, 100.0
        ),
        "cifar10-ten": Case(
            _problem("cifar10", TEN, 3000, 500, "8/255"), "CIFAR-10, ten classes", _WIDE[:2], 200, 60.0
        ),
        "cifar10-conv": Case(
            _problem("cifar10", _PLANES, 400, 100, "8/255", "conv"),
            "CIFAR-10 airplanes and automobiles, two convolutions",
            _CHANNELS,
            300,
            80.0,
        ),
    },
}
_SCALES = (64.0, 1.0, 0.125, 0.015625)
LAZY: dict[Size, dict[str, LazyCase]] = {
    "smoke": {
        "digits": LazyCase(
            _problem("digits", _THREES, 120, 100, "0.15", seeds=2),
            "digits 3 and 8",
            64,
            (64.0, 1.0, 0.015625),
            300,
            3.0,
        ),
    },
    "full": {
        "digits": LazyCase(
            _problem("digits", _THREES, 240, 117, "0.15", seeds=5), "digits 3 and 8", 512, _SCALES, 1000, 6.0
        ),
        "mnist": LazyCase(_problem("mnist", _THREES, 500, 200, "0.1"), "MNIST 3 and 8", 512, _SCALES, 1000, 25.0),
    },
}
