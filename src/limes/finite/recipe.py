"""How a network is trained: loss, optimiser, batches, and the attack of adversarial training."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from limes.core.errors import InputError
from limes.finite.adversary import Adversary

Loss = str | Callable[[jax.Array, jax.Array], jax.Array]
"""A name of `LOSSES`, or a function of outputs (b, c) and targets (b, ...) to the losses (b,) of the examples."""


def cross_entropy(outputs: jax.Array, targets: jax.Array) -> jax.Array:
    """Softmax cross-entropy with class indices (b,), or with probabilities (b, c): (b,)."""
    if targets.ndim == outputs.ndim:
        return optax.softmax_cross_entropy(outputs, targets)
    return optax.softmax_cross_entropy_with_integer_labels(outputs, targets)


def squared_error(outputs: jax.Array, targets: jax.Array) -> jax.Array:
    """1/2 sum over outputs of (outputs - targets)^2: (b,)."""
    return 0.5 * jnp.sum((outputs - targets) ** 2, axis=1)


LOSSES = {"ce": cross_entropy, "mse": squared_error}


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Attributes:
        epochs: passes over the rows; parts of one are allowed. Every pass leaves out the rows behind the last full
            batch of its order.
        batch_size: rows of a step; None for all of them.
        learning_rate: a number, or a function of the number of steps made (an optax schedule).
        momentum: of gradient descent, 0 for none.
        weight_decay: pull on the weights that is added to their gradient.
        loss: "ce" (targets are class indices), "mse" (1/2 of the squared error, summed over outputs), or a function;
            the mean over the batch is lowered.
        adversary: attack on every batch, in the loss above and at the weights of the step; None for standard training.
        optimiser: an optax transformation in the place of gradient descent with momentum and decay.
        seed: of the order of rows, and of the attack.

    Raises:
        InputError: for values out of range.

    Example:
        >>> Recipe(epochs=2, batch_size=50).steps(120)
        4
    """

    epochs: float = 10.0
    batch_size: int | None = 128
    learning_rate: float | Callable[[Any], Any] = 0.1
    momentum: float = 0.9
    weight_decay: float = 0.0
    loss: Loss = "ce"
    adversary: Adversary | None = None
    optimiser: optax.GradientTransformation | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.epochs) and self.epochs >= 0):
            raise InputError(f"epochs must be a number of at least 0, not {self.epochs!r}")
        whole = isinstance(self.batch_size, int) and not isinstance(self.batch_size, bool) and self.batch_size >= 1
        if self.batch_size is not None and not whole:
            raise InputError(f"batch_size must be a whole number of at least 1, or None, not {self.batch_size!r}")
        if not callable(self.learning_rate) and not self.learning_rate > 0:
            raise InputError(f"learning_rate must be above 0, not {self.learning_rate!r}")
        if not 0 <= self.momentum < 1:
            raise InputError(f"momentum must lie in [0, 1), not {self.momentum!r}")
        if not self.weight_decay >= 0:
            raise InputError(f"weight_decay must be at least 0, not {self.weight_decay!r}")
        if not callable(self.loss) and self.loss not in LOSSES:
            raise InputError(f"loss must be one of {', '.join(LOSSES)}, or a function, not {self.loss!r}")

    def batch(self, n: int) -> int:
        """Rows of a step, of n."""
        return n if self.batch_size is None else min(self.batch_size, n)

    def per_epoch(self, n: int) -> int:
        """Steps of a pass over n rows."""
        return n // self.batch(n)

    def steps(self, n: int) -> int:
        """Steps on n rows."""
        return round(self.epochs * self.per_epoch(n))

    @property
    def losses(self) -> Callable[[jax.Array, jax.Array], jax.Array]:
        """The loss as a function of outputs and targets."""
        return LOSSES[self.loss] if isinstance(self.loss, str) else self.loss

    def transformation(self) -> optax.GradientTransformation:
        """The optimiser."""
        if self.optimiser is not None:
            return self.optimiser
        descent = optax.sgd(self.learning_rate, self.momentum or None)
        return optax.chain(optax.add_decayed_weights(self.weight_decay), descent) if self.weight_decay else descent

    def describe(self) -> dict[str, Any]:
        """Plain values that decide a training, as far as they are known; functions by their names."""
        plain = {name: getattr(self, name) for name in ("epochs", "batch_size", "momentum", "weight_decay", "seed")}
        for name in ("learning_rate", "loss", "optimiser"):
            value = getattr(self, name)
            plain[name] = getattr(value, "__qualname__", type(value).__name__) if callable(value) else value
        return plain | {"adversary": repr(self.adversary), "optimiser": type(self.optimiser).__name__}
