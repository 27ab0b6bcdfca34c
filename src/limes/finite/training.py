"""Training of finite networks: one loop for standard and adversarial training, of networks and their linearisations."""

import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from limes.core import precision
from limes.core.checkpoint import Checkpoint
from limes.core.errors import InputError
from limes.core.progress import Progress, Quiet
from limes.core.types import Array
from limes.finite.batches import batch
from limes.finite.book import Book
from limes.finite.copies import copies as _copies
from limes.finite.linearise import as_partial
from limes.finite.network import Apply, precision_of
from limes.finite.outputs import outputs
from limes.finite.recipe import Recipe

_SAVE_EVERY = 20.0  # seconds between two checkpoints


@dataclass(frozen=True, eq=False)
class Moment:
    """A network in the course of its training, as measures see it.

    Attributes:
        step: steps made.
        epoch: passes over the rows made.
        params: the weights.
        apply: the function that is trained.
    """

    step: int
    epoch: float
    params: Any
    apply: Apply

    def outputs(self, x: Array) -> np.ndarray:
        """Outputs of a batch at this moment: (n, features...) -> (n, c)."""
        return outputs(self.apply, self.params, x)


Measure = Callable[[Moment], Any]
"""From a moment to a number or an array, of one shape throughout."""


@dataclass(frozen=True, eq=False)
class Run:
    """What a training leaves.

    Attributes:
        params: the weights at the end.
        losses: (steps,) mean loss of each batch, before the step that it led to.
        at: (k,) steps at which measures were taken.
        records: for each measure, (k, ...): its values.
        snapshots: the weights at these steps, where they were asked for.
        apply: the function that was trained.
        per_epoch: steps of a pass over the rows.
    """

    params: Any
    losses: np.ndarray
    at: np.ndarray
    records: dict[str, np.ndarray]
    snapshots: list[Any] = field(repr=False)
    apply: Apply = field(repr=False)
    per_epoch: int = 1

    @property
    def epochs(self) -> np.ndarray:
        """(k,) passes over the rows at `at`."""
        return self.at / self.per_epoch


def train(
    apply: Apply,
    params: Any,
    x: Array,
    y: Array,
    recipe: Recipe | None = None,
    *,
    measures: Mapping[str, Measure] | None = None,
    at: Sequence[int] | None = None,
    snapshots: bool = False,
    seeds: Sequence[int] | None = None,
    until: Callable[[Moment], bool] | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Run:
    """Train a network, or a linearisation of one, and measure it on the way.

    Args:
        apply: apply(params, x) -> (b, c): of a Net, of `limes.interop`, of `linearise`, or any JAX function without
            state. Batch norm and dropout are in evaluation mode, or have their own keys in it.
        params: the weights to start from, a tree of floating arrays, in one precision; the training runs in it.
        x: (n, features...).
        y: (n, ...): class indices for "ce"; targets (n, c) for "mse"; what the loss takes otherwise.
        recipe: see `Recipe`.
        measures: functions of a `Moment`, by name.
        at: steps at which they are taken, from 0 (the start) to the last; default: the start and the end of every pass.
        snapshots: keep the weights at these steps.
        seeds: train one copy for each of these in the place of `recipe.seed`, side by side. `params` and the weights in
            the result then have a leading axis of copies; records and losses have it second. Copies are vectorised,
            unless that is slower, as it is for convolutions on a CPU.
        until: asked at these steps, a true answer ends the training; of copies, one from each.
        checkpoint: a file that is written every twenty seconds, on an interrupt and at the end; the same call continues
            from it.
        progress: told of every step.

    Returns:
        A `Run`.

    Raises:
        InputError: for rows and targets that do not belong together, or a step that is not part of the training.
        NumericalError: if the loss is no longer finite.
        FormatError: for a checkpoint of another training: of other rows, weights, recipe, moments or function.

    Cost: forward and backward pass of a batch for each step, and of each step of the attack; a fresh recipe or function
        compiles one program.

    Example:
        >>> import numpy as np, limes as lm
        >>> x, y = np.eye(4, dtype="float32"), np.arange(4) % 2
        >>> net = lm.nets.mlp(2)
        >>> params = net.init(0, (4,), width=32, outputs=2)
        >>> accuracy = lambda moment: float((moment.outputs(x).argmax(1) == y).mean())
        >>> run = train(net.apply, params, x, y, Recipe(epochs=50, batch_size=None), measures={"accuracy": accuracy})
        >>> run.losses.shape, float(run.records["accuracy"][-1])
        ((50,), 1.0)
    """
    recipe, measures, progress = recipe or Recipe(), measures or {}, progress or Quiet()
    x, y, dtype = rows_of(x, y, params)
    n, total, per_epoch = len(x), recipe.steps(len(x)), recipe.per_epoch(len(x))
    wanted, trained, optimiser = _moments(at, total, per_epoch), as_partial(apply), recipe.transformation()
    with precision.scope(dtype):
        copies = _copies(trained, recipe, seeds, params, x)
        start = [jax.tree.map(jnp.asarray, params), copies.start(optimiser.init, params)]
        identity = {"x": x, "y": y}
        for name, tree in (("w", params), ("f", trained)):
            identity |= {f"{name}{i}": np.asarray(leaf) for i, leaf in enumerate(jax.tree.leaves(tree))}
        decides = recipe.describe() | {"at": wanted, "seeds": list(copies.seeds), "measures": sorted(measures)}
        decides["function"] = _words(trained)
        book = Book(Checkpoint(checkpoint, decides, identity, "training"), start)
        state, rows, targets = book.state, jnp.asarray(x), jnp.asarray(y)
        progress.start(f"training ({n} rows)", total)
        progress.step(book.step)
        written = time.monotonic()
        try:
            while True:
                i = book.step
                if i in wanted and i not in book.at:
                    seen = [Moment(i, i / per_epoch, params, apply) for params in copies.each(state[0])]
                    taken = {name: copies.join([measure(m) for m in seen]) for name, measure in measures.items()}
                    book.note(taken, state[0] if snapshots else None)
                    if until is not None and all(until(m) for m in seen):
                        break
                if i >= total:
                    break
                batches = [batch(n, recipe.batch(n), i, seed) for seed in copies.seeds]
                *state, loss = copies.step(trained, state, rows, targets, batches, i)
                book.losses.append(loss)
                progress.step()
                if checkpoint is not None and time.monotonic() - written > _SAVE_EVERY:
                    book.save(state)
                    written = time.monotonic()
        finally:
            book.save(state)
    return Run(state[0], book.trace(), np.array(book.at, int), book.records(), book.snapshots, apply, per_epoch)


def rows_of(x: Array, y: Array, params: Any) -> tuple[np.ndarray, np.ndarray, np.dtype]:
    """Inputs and targets in the precision of the weights.

    Raises:
        InputError: for other lengths, no rows, or values that are not finite.
    """
    dtype = precision_of(params)
    x, y = np.asarray(x), np.asarray(y)
    if x.ndim < 2 or len(x) == 0 or y.ndim == 0 or len(x) != len(y):
        raise InputError(f"x of shape {x.shape} and y of shape {y.shape} are no rows with their targets")
    precision.require_finite(x, "x")
    precision.require_finite(y, "y")
    if y.dtype.kind not in "iuf":
        raise InputError(f"y must hold class indices or numbers, not {y.dtype}: use np.unique(y, return_inverse=True)")
    return x.astype(dtype, copy=False), y.astype(dtype if y.dtype.kind == "f" else np.int32, copy=False), dtype


def _moments(at: Sequence[int] | None, total: int, per_epoch: int) -> list[int]:
    if at is None:
        return sorted({*range(0, total + 1, per_epoch), total})
    wanted = sorted({int(i) for i in at})
    if wanted and not 0 <= wanted[0] <= wanted[-1] <= total:
        raise InputError(
            f"measures were asked for at step {wanted[0]} to {wanted[-1]}, but there are steps 0 to {total}"
        )
    return wanted


def _words(trained: Partial) -> str:
    """The function that is trained, as far as words tell it from others: without places in memory."""
    return re.sub(r" at 0x[0-9a-f]+", "", str(jax.tree.structure(trained)))
