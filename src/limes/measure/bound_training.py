"""Training a small network as the norm bounds were published with, and following its bounds.

Convolutions 2 x 2 with stride 1 and no padding, relu, a dense read-out, no biases; squared error on one-hot labels,
mean over outputs; stochastic gradient descent in batches of 32 with momentum and weight decay, its rate falling to a
tenth twice; weight normalisation of all layers but the last (Galanti et al. 2023, arXiv 2301.12033, and code).
Starting weights are normal with the variance 1 / (3 fan in) of PyTorch's uniform ones.
"""

import functools
import os
from dataclasses import dataclass
from typing import Any, Literal, get_args

import jax
import jax.numpy as jnp
import numpy as np
import optax

from limes.core.errors import InputError
from limes.core.layer_weights import LayerWeights
from limes.core.progress import Progress
from limes.core.types import Array
from limes.finite import Recipe, Run, train, weight_normalised
from limes.measure.bound_layers import net_layers
from limes.nets import Conv, Dense, Flatten, Net, Relu, serial, standard
from limes.nets.conv import ConvLocal

BoundKind = Literal["conv", "local", "dense"]
WINDOW = 2
DROPS = (0.6, 0.8)
"""Parts of the training after which the rate falls to a tenth."""
_START = 3**-0.5


@dataclass(frozen=True)
class BoundTraining:
    """A network and its training.

    Attributes:
        kind: "conv", "local" (convolutions without weight sharing) or "dense" (hidden layers on all of the input).
        depth: hidden layers.
        channels: of each, units where they are dense.
        epochs: passes over the rows.
        learning_rate, weight_decay, momentum, batch_size: of gradient descent.
        seed: of weights and batches.

    Raises:
        InputError: for values out of range.
    """

    kind: BoundKind = "conv"
    depth: int = 2
    channels: int = 16
    epochs: int = 30
    learning_rate: float = 0.01
    weight_decay: float = 3e-3
    momentum: float = 0.9
    batch_size: int = 32
    seed: int = 0

    def __post_init__(self) -> None:
        if self.kind not in get_args(BoundKind):
            raise InputError(f"kind must be one of {', '.join(get_args(BoundKind))}, not {self.kind!r}")
        for name, least in (("depth", 1), ("channels", 1), ("epochs", 1), ("batch_size", 1), ("seed", 0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise InputError(f"{name} must be a whole number of at least {least}, not {value!r}")
        for name, value in (("learning_rate", self.learning_rate), ("weight_decay", self.weight_decay)):
            if not (np.isfinite(value) and value >= 0) or (name == "learning_rate" and value == 0):
                raise InputError(
                    f"{name} must be a number {'above' if name[0] == 'l' else 'of at least'} 0, not {value}"
                )

    def network(self, shape: tuple[int, ...]) -> Net:
        """The architecture for inputs of a shape, its weights as they act.

        Raises:
            InputError: for inputs too small for the convolutions, or without positions.
        """
        rank = len(shape) - 1
        if self.kind == "dense":
            layers: list[Any] = [Dense(_START), Relu()] * self.depth
            return standard(serial(*layers, Dense(_START)), shape, self.channels)
        if rank not in (1, 2):
            raise InputError(
                f"inputs of shape {shape} have no positions to convolve over: take images or series, or kind 'dense'"
            )
        if min(shape[:-1]) <= self.depth * (WINDOW - 1):
            raise InputError(f"{self.depth} convolutions without padding leave nothing of inputs of shape {shape}")
        layer = Conv if self.kind == "conv" else ConvLocal
        layers = [layer((WINDOW,) * rank, None, "VALID", _START), Relu()] * self.depth
        net = serial(*layers, Flatten(), Dense(_START))
        return standard(net, shape, self.channels)

    def recipe(self, n: int) -> Recipe:
        """How it is trained on n rows."""
        steps = self.epochs * (n // min(self.batch_size, n))
        rate = _falling(self.learning_rate, steps)
        loss = mean_squared_error
        return Recipe(self.epochs, self.batch_size, rate, self.momentum, self.weight_decay, loss, seed=self.seed)

    def run(
        self,
        x: Array,
        y: Array,
        classes: int,
        *,
        checkpoint: str | os.PathLike[str] | None = None,
        progress: Progress | None = None,
    ) -> tuple[Run, "ReadLayers"]:
        """Train on inputs (n, ...) and class numbers (n,): the run with the weights of all epochs, and a reader."""
        x = np.asarray(x, np.float32)
        net = self.network(x.shape[1:])
        params = net.init(self.seed, x.shape[1:], self.channels, classes)
        normalised = weight_normalised(net.apply, params, but_last=True)
        targets = np.eye(classes, dtype=np.float32)[np.asarray(y)]
        recipe, more = self.recipe(len(x)), {"checkpoint": checkpoint, "progress": progress}
        run = train(normalised.apply, normalised.params, x, targets, recipe, snapshots=True, **more)
        return run, ReadLayers(net, normalised.weights, x.shape[1:])


@dataclass(frozen=True, eq=False)
class ReadLayers:
    """From the weights of a moment to the layers that bounds see.

    Attributes:
        net: the architecture.
        weights: from lengths and directions to weights.
        shape: of one input.
    """

    net: Net
    weights: Any
    shape: tuple[int, ...]

    def __call__(self, params: Any) -> tuple[LayerWeights, ...]:
        """The layers."""
        return net_layers(self.net, self.weights(params), self.shape)


def mean_squared_error(outputs: jax.Array, targets: jax.Array) -> jax.Array:
    """Mean over outputs of (outputs - targets)^2: (b,)."""
    return jnp.mean((outputs - targets) ** 2, axis=1)


@functools.lru_cache(maxsize=64)
def _falling(rate: float, steps: int) -> optax.Schedule:
    """The same function for the same training, so that its program is compiled once."""
    return optax.piecewise_constant_schedule(rate, {round(part * steps): 0.1 for part in DROPS})
