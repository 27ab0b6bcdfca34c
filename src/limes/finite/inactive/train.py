"""Training of a two-layer network at the cost of its active neurons."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np

from limes.core import memory as mem
from limes.core import precision
from limes.core.checkpoint import Checkpoint
from limes.core.errors import InputError, NumericalError
from limes.core.progress import Progress, Quiet
from limes.core.types import Array
from limes.finite.batches import batch
from limes.finite.book import Book
from limes.finite.inactive.choice import active_share, best_form, peak_bytes
from limes.finite.inactive.engine import Engine
from limes.finite.inactive.shallow import ShallowNet, rows_of

Form = Literal["auto", "rows", "gram", "dense"]
Measure = Callable[[ShallowNet], Any]

_SAVE_EVERY = 20.0  # seconds between two checkpoints
_REPORTS = 10  # lines of progress in a training
_RATE_ROWS = 1000  # on which the default learning rate is found
_RATE_NEURONS = 1 << 14


@dataclass(frozen=True, eq=False)
class ShallowRun:
    """What a training of a `ShallowNet` leaves.

    Attributes:
        net: the network at the end.
        losses: (steps + 1,) 1/2 sum over the batch of |f - y|^2 before each step, and after the last.
        active: (steps + 1,) of the pairs of neuron and member of the batch, the share that was active.
        refreshed: (steps + 1,) share of the neurons whose list ran out and was made anew.
        at: (k,) steps at which measures were taken.
        records: for each measure (k, ...), its values.
        form: "rows", "gram" or "dense".
        listed: share of the neurons that have a list at the end; the others are treated by matrix products.
        learning_rate: of the steps.
        nbytes: what the training kept in memory between steps, at the end.
    """

    net: ShallowNet
    losses: np.ndarray
    active: np.ndarray
    refreshed: np.ndarray
    at: np.ndarray
    records: dict[str, np.ndarray] = field(repr=False)
    form: str = "rows"
    listed: float = 0.0
    learning_rate: float = 0.0
    nbytes: int = 0


def tangent_kernel(net: ShallowNet, x: Array, neurons: int | None = None) -> np.ndarray:
    """The empirical NTK (n, n) of one output, with +-1 as its read-out: (<x, x'> + 1) times the share active on both.

    Args:
        net: the network.
        x: (n, d).
        neurons: how many of them, evenly spaced, stand for all; None for all.

    Cost: n^2 m multiplications.
    """
    x = rows_of(x, net)
    every = 1 if neurons is None else max(1, len(net.weights) // neurons)
    w, b = net.weights[::every], net.thresholds[::every]
    both = np.zeros((len(x), len(x)), net.dtype)
    for i in range(0, len(w), 4096):
        on = (x @ w[i : i + 4096].T > b[i : i + 4096]).astype(net.dtype)
        both += on @ on.T
    return (x @ x.T + float(net.trainable)) * both / len(w)


def stable_rate(net: ShallowNet, x: Array, batch_size: int | None = None) -> float:
    """One over the largest eigenvalue of the NTK at the start, half of the learning rate at which descent is unstable.

    It is found on up to a thousand rows, whose eigenvalue grows with their number as for a matrix of one sign.
    """
    x = rows_of(x, net)
    n = min(len(x), batch_size or len(x))
    some = x[:: max(1, len(x) // min(n, _RATE_ROWS))][: min(n, _RATE_ROWS)]
    top = float(np.linalg.eigvalsh(tangent_kernel(net, some, _RATE_NEURONS))[-1])
    if not top > 0:
        raise InputError("no neuron is active on any row: lower the thresholds, or scale the rows up")
    return len(some) / (n * top)


def train_shallow(
    net: ShallowNet,
    x: Array,
    y: Array,
    *,
    steps: int,
    learning_rate: float | None = None,
    batch_size: int | None = None,
    form: Form = "auto",
    measures: Mapping[str, Measure] | None = None,
    at: Sequence[int] | None = None,
    floor: float = 0.0,
    seed: int = 0,
    threads: int = 0,
    checkpoint: str | os.PathLike[str] | None = None,
    memory: str | int | float | None = None,
    progress: Progress | None = None,
) -> ShallowRun:
    """Gradient descent on 1/2 sum |f - y|^2, the iterates of a dense implementation at the cost of active neurons.

    Args:
        net: the network to start from.
        x: (n, d).
        y: (n,) or (n, c).
        steps: how many.
        learning_rate: of a step on the sum over the batch; default `stable_rate`.
        batch_size: rows of a step, from permutations; None for all.
        form: "rows" keeps lists of candidates and moves weights, "gram" moves pre-activations by x x^T, "dense" keeps
            no lists; "auto" takes "gram" where the active examples of a neuron are much fewer than features. In every
            form neurons for which no list pays are treated by matrix products.
        measures: functions of the network, by name.
        at: steps before which they are taken, from 0 to `steps`; default: the start and the end.
        floor: share of the first loss at which the training ends; measures are then taken once more.
        seed: of the order of rows.
        threads: of the loops; 0 for one a processor.
        checkpoint: a file that is written every twenty seconds, on an interrupt and at the end; the same call goes on
            from it.
        memory: limit, see `limes.core.memory.limit`.
        progress: told of every step, and of active neurons and renewed lists a few times.

    Returns:
        A `ShallowRun`.

    Raises:
        InputError: for rows and targets that do not belong together, or numbers that make no sense.
        MemoryRefused: where it would not fit.
        NumericalError: if the loss is no longer finite.
        FormatError: for a checkpoint of another training.

    Cost: of n m pairs with a share p active and c >= p listed, a step takes 2 n m d (p + c) flops in "rows" and
        2 n^2 m p c in "gram", and 2 n d for each list that runs out; a dense step takes 4 n m d.

    Source: the model is that of Song, Yang & Zhang 2021 (arXiv 2110.04622) and Yang et al. 2024 (arXiv 2301.00327);
        lists with a skin are those of molecular dynamics (Verlet 1967).

    Example:
        >>> x = np.eye(8, dtype="float32")
        >>> net = ShallowNet.draw(inputs=8, width=4000, bias=1.0)
        >>> run = train_shallow(net, x, np.sign(np.arange(8) - 3.5), steps=60)
        >>> bool(run.losses[-1] < 1e-6 * run.losses[0]), run.form
        (True, 'rows')
    """
    x, measures, progress = rows_of(x, net), measures or {}, progress or Quiet()
    y = _targets(y, len(x), net)
    size = _checked(steps, learning_rate, batch_size, form, len(x))
    rate = stable_rate(net, x, size) if learning_rate is None else float(learning_rate)
    share = active_share(net, x)
    chosen = best_form(len(x), x.shape[1], share) if form == "auto" else form
    mem.require(
        peak_bytes(net, len(x), chosen, share),
        f"training {len(net.weights)} neurons on {len(x)} rows",
        "take fewer neurons or rows, or a higher threshold",
        memory,
    )
    wanted = sorted({0, steps} if at is None else {int(i) for i in at}) if measures else []
    if wanted and not 0 <= wanted[0] <= wanted[-1] <= steps:
        raise InputError(f"at: there are steps 0 to {steps}, not {wanted[0]} to {wanted[-1]}")
    decides = {"steps": steps, "rate": rate, "size": size, "form": chosen, "seed": seed, "at": wanted, "floor": floor}
    decides["measures"] = sorted(measures)
    identity = {"x": x, "y": y, "w": net.weights, "b": net.thresholds, "a": net.readout}
    with precision.scope(net.dtype):
        book = Book(Checkpoint(checkpoint, decides, identity, "training"), [net.weights, net.thresholds])
        start, first = net.with_weights(*map(np.asarray, book.state)), book.step
        progress.start(f"training ({len(net.weights)} neurons)", steps)
        progress.step(first)
        with Engine(start, x, chosen, rate, float(np.linalg.norm(y)), threads) as engine:
            _descend(
                engine, book, y, _Plan(steps, size, seed, wanted, floor, checkpoint is not None), measures, progress
            )
            trained = engine.network()
    traces = book.trace().T
    return ShallowRun(
        *(trained, traces[0], traces[1], traces[2], np.array(book.at, int), book.records()),
        *(chosen, engine.listed, rate, engine.nbytes),
    )


@dataclass(frozen=True)
class _Plan:
    """What is done at which step."""

    steps: int
    size: int
    seed: int
    wanted: list[int]
    floor: float
    saved: bool

    def reached(self, book: Book, loss: float) -> bool:
        """Whether a loss is so small that the training ends."""
        return self.floor > 0 and bool(book.losses) and loss <= self.floor * book.losses[0][0]


def _descend(
    engine: Engine, book: Book, y: np.ndarray, plan: _Plan, measures: Mapping[str, Measure], progress: Progress
) -> None:
    """All steps; whatever ends them, the book has the network after the last whole one."""
    errors, written, n, first = None, time.monotonic(), len(y), book.step
    if first and plan.reached(book, book.losses[-1][0]):
        return
    try:
        for i in range(first, plan.steps + 1):
            member = np.zeros(n, bool)
            member[batch(n, plan.size, i, plan.seed) if plan.size < n else slice(None)] = True
            outputs = engine.step(errors, member)
            if plan.saved and time.monotonic() - written > _SAVE_EVERY:
                _save(book, engine)
                written = time.monotonic()
            errors = np.where(member[:, None], outputs - y, 0.0)
            loss = 0.5 * float((errors**2).sum())
            if not np.isfinite(loss):
                raise NumericalError(f"training diverged at step {i}: lower learning_rate, or scale the inputs")
            ended = plan.reached(book, loss)
            if (i in plan.wanted or (ended and measures)) and i not in book.at:
                now = engine.network()
                book.note({name: measure(now) for name, measure in measures.items()})
            book.losses.append(np.array([loss, engine.active, engine.refreshed]))
            if i and i < plan.steps and i % max(1, plan.steps // _REPORTS) == 0:
                progress.note(f"step {i}: loss {loss:.4g}, {engine.active:.2%} active, {engine.refreshed:.2%} renewed")
            progress.step(int(i > 0))
            if ended:
                break
    except BaseException:
        if plan.saved and engine.intact:
            del book.losses[first + engine.moves :]  # that of a step which the weights have not made
            _save(book, engine)
        raise
    if plan.saved:
        _save(book, engine)


def _save(book: Book, engine: Engine) -> None:
    now = engine.network()
    book.save([now.weights, now.thresholds])


def _targets(y: Array, n: int, net: ShallowNet) -> np.ndarray:
    """(n, c) in float64."""
    y = np.asarray(y, np.float64)
    y = y[:, None] if y.ndim == 1 else y
    if y.shape != (n, net.readout.shape[1]):
        raise InputError(f"y of shape {y.shape} does not go with {n} rows and {net.readout.shape[1]} outputs")
    precision.require_finite(y, "y")
    return y


def _checked(steps: int, rate: float | None, batch_size: int | None, form: str, n: int) -> int:
    """The size of a batch."""
    if steps < 0:
        raise InputError(f"steps must be at least 0, not {steps}")
    if rate is not None and not 0 < rate < np.inf:
        raise InputError(f"learning_rate must be above 0 and finite, not {rate!r}")
    if batch_size is not None and batch_size < 1:
        raise InputError(f"batch_size must be at least 1, or None, not {batch_size}")
    if form not in get_args(Form):
        raise InputError(f"form must be one of {', '.join(get_args(Form))}, not {form!r}")
    return min(batch_size or n, n)
