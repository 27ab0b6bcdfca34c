"""The tasks: a fully connected network and a small convolutional one, in the standard parametrisation."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limes.data import Dataset
from limes.finite import Recipe
from limes.nets import Conv, Dense, Flatten, Net, Relu, mlp, serial, standard


@dataclass(frozen=True)
class Problem:
    """A network with its data and its training.

    Attributes:
        name: "digits", "mnist" or "cifar10".
        net: "mlp" or "cnn".
        width: units or channels of the hidden layers.
        n_train, n_valid, n_test: rows of each part.
        n_probe: test rows between which kernels are followed.
        epochs: length of a training.
        batch_size: rows of a step.
        learning_rate: constant.
        momentum: of gradient descent.
        seeds: number of draws of rows, weights and orders.
    """

    name: str
    net: str
    width: int
    n_train: int
    n_valid: int
    n_test: int
    n_probe: int
    epochs: int
    batch_size: int
    learning_rate: float
    momentum: float
    seeds: int

    def network(self, shape: Sequence[int]) -> Net:
        """The architecture in the standard parametrisation of its width, for inputs of a shape."""
        return standard(self.architecture(), shape, self.width)

    def architecture(self) -> Net:
        """The architecture in the NTK parametrisation. Strides of 2 make an epoch of the convolutional one cheap."""
        if self.net == "mlp":
            return mlp(3, b_std=0.05)
        conv = Conv((3, 3), (2, 2), "SAME", 2**0.5, 0.05)
        return serial(conv, Relu(), conv, Relu(), Flatten(), Dense(1.0, 0.05))

    def recipe(self, epochs: float | None = None, learning_rate: float | None = None, seed: int = 0) -> Recipe:
        """Its training, for another length or rate where they are given."""
        rate = self.learning_rate if learning_rate is None else learning_rate
        length = self.epochs if epochs is None else epochs
        return Recipe(length, self.batch_size, rate, self.momentum, seed=seed)

    def step_at(self, epoch: float) -> int:
        """Steps made after so many epochs."""
        return round(epoch * (self.n_train // self.batch_size))


@dataclass(frozen=True, eq=False)
class Rows:
    """Images (n, h, w, c), each channel of mean 0 and variance 1 over the training rows, with labels 0 to 9."""

    x: np.ndarray
    y: np.ndarray
    x_valid: np.ndarray
    y_valid: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def draw(problem: Problem, data: Dataset, seed: int) -> Rows:
    """The rows of a seed; test rows are those of an official test part, or what training leaves."""
    rng = np.random.default_rng([seed, 2010])
    order = rng.permutation(len(data.y))
    inside = order[: problem.n_train + problem.n_valid]
    if data.x_test is None or data.y_test is None:
        x, y, outside = data.x, data.y, order[len(inside) :]
    else:
        x, y, outside = data.x_test, data.y_test, rng.permutation(len(data.y_test))
    train, valid, test = inside[: problem.n_train], inside[problem.n_train :], outside[: problem.n_test]
    pixels = data.x[train].astype(np.float64)
    mean, std = pixels.mean(axis=(0, 1, 2)), pixels.std(axis=(0, 1, 2))

    def part(images: np.ndarray, labels: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return ((images[rows] - mean) / std).astype(np.float32), labels[rows].astype(np.int32)

    return Rows(*part(data.x, data.y, train), *part(data.x, data.y, valid), *part(x, y, test))
