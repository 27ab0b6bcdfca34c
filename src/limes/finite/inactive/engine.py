"""Exact gradient descent on a two-layer network whose neurons are mostly inactive.

Of n examples a neuron with threshold B is active on a share P(Z > B), and only these move it, only these it adds to.
Which they are is known without a search: after one matrix product each neuron keeps the list of examples with
z > -skin. None of the others can become active before the neuron has moved so far that

    |dz_i| <= |dw| |x_i| + |db|        (Cauchy-Schwarz)

may exceed the skin; then its row is computed anew, and only its row. So every step is that of dense gradient descent,
whatever the threshold and the learning rate. Neurons for which no list pays (their share of active examples is large,
or they move far in each step) are treated by matrix products, in the same step. In the Gram form pre-activations are
moved by K = x x^T instead of weights, which pays where a neuron's active examples are much fewer than features.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

import numpy as np
from threadpoolctl import ThreadpoolController

from limes.core.devices import processors
from limes.core.errors import NumericalError
from limes.finite.inactive.choice import costs
from limes.finite.inactive.lists import Lists
from limes.finite.inactive.loops import DENSE, EXPIRED, LISTED, enlist, judge, move_gram, move_rows, settle
from limes.finite.inactive.shallow import ShallowNet

_CHUNKS = 16  # of neurons, each with its own sums: the result does not depend on the number of threads
_BLOCK_BYTES = 1 << 24  # of pre-activations
_LEAST = 8.0  # skin, in units of what rounding may do


class Engine:
    """The state of a network in training.

    Args:
        net: the network; its arrays are copied.
        x: (n, d) rows, in its precision.
        form: "rows" or "gram" for lists, with weights or with pre-activations in the inner loop; "dense" for none.
        rate: learning rate, of steps on the sum over the batch of 1/2 |f - y|^2.
        scale: |f - y| over all rows, from which the motion of the first step is guessed.
        threads: that run the loops; 0 for one a processor.

    Attributes:
        intact: whether the last step is whole.
        moves: steps made.
        refreshed: share of the neurons whose list ran out in the last step.
        active: of the pairs of a neuron and a member of the batch, the share that was active in the last pass.
    """

    def __init__(self, net: ShallowNet, x: np.ndarray, form: str, rate: float, scale: float, threads: int = 0) -> None:
        self._net, self._x, self._form = net, x, form
        self._weights, self._thresholds = net.weights.copy(), net.thresholds.copy()
        self._readout = net.scaled
        real = net.dtype.type
        self._rate, self._free = real(rate), real(net.trainable)
        self._gram = x @ x.T if form == "gram" else None
        self._lists = Lists(len(net.weights), len(x), net.dtype, form == "gram")
        self._costs = tuple(map(real, costs(form, x.shape[1])))
        self._reach = real(np.sqrt((x * x).sum(1).max(initial=0)))
        self._slack = real(0)
        self._guess = rate * scale * float(np.abs(self._readout).max() * (self._reach + self._free))
        self._born, self.moves = np.full(len(net.weights), -1, np.int32), 0
        self._pool = ThreadPoolExecutor(threads or processors())
        self._whole = ThreadPoolExecutor(1)
        self._blas = ThreadpoolController()
        self.refreshed, self.active, self.intact = 0.0, 0.0, True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._pool.shutdown()
        self._whole.shutdown()

    @property
    def listed(self) -> float:
        """Share of the neurons that have a list."""
        return float((self._lists.kind == LISTED).mean())

    @property
    def nbytes(self) -> int:
        """Of all that is kept between steps."""
        gram = 0 if self._gram is None else self._gram.nbytes
        return self._weights.nbytes + self._thresholds.nbytes + self._lists.nbytes + gram

    def network(self) -> ShallowNet:
        """The network as it is now."""
        self._settle(np.flatnonzero(self._lists.kind == LISTED))
        return self._net.with_weights(self._weights.copy(), self._thresholds.copy())

    def step(self, errors: np.ndarray | None, member: np.ndarray) -> np.ndarray:
        """Move by gradient descent on the last batch, and give the outputs on the next.

        An interrupt takes effect behind the step.

        Args:
            errors: (n, c) f - y on the members of the last batch, 0 elsewhere; None before the first step.
            member: (n,) the rows of the next batch.

        Returns:
            (n, c) outputs in float64, 0 outside of the batch.

        Raises:
            NumericalError: where weights are no longer finite.
        """
        job = self._whole.submit(self._step, errors, member)
        try:
            return job.result()
        except KeyboardInterrupt:
            job.result()
            raise

    def _step(self, errors: np.ndarray | None, member: np.ndarray) -> np.ndarray:
        self.intact, lists = False, self._lists
        sums = np.zeros((_CHUNKS, self._readout.shape[1], len(self._x)))
        dense = np.flatnonzero(lists.kind == DENSE)
        if errors is not None:
            self.moves += 1
            self._move(np.ascontiguousarray(errors, self._net.dtype), member, sums)
        expired = np.flatnonzero(lists.kind == EXPIRED)
        self.refreshed = len(expired) / len(lists.kind)
        self._settle(expired)
        for rows in _blocks(np.sort(np.concatenate([dense, expired])), self._x):
            if errors is not None:
                self._move_by_products(rows[lists.kind[rows] == DENSE], np.asarray(errors, self._net.dtype))
            self._refresh(rows, member, sums)
        if not np.isfinite(lists.path.max()):
            raise NumericalError("training diverged: lower learning_rate, or scale the inputs")
        active = int(lists.active.sum(dtype=np.int64))
        self.active = active / (len(self._weights) * max(int(member.sum()), 1))
        self.intact = True
        return sums.sum(0).T

    def _move(self, errors: np.ndarray, member: np.ndarray, sums: np.ndarray) -> None:
        """Listed neurons."""
        lists = self._lists
        step = (errors, member, self._rate, self._reach, self._slack, self._free)

        def run(lo: int, hi: int, sums: np.ndarray) -> None:
            if self._gram is not None:
                move_gram(lo, hi, self._readout, self._gram, lists.table, lists.values, step, sums)
            else:
                net = self._weights, self._thresholds, self._readout
                move_rows(lo, hi, net, self._x, lists.table, step, sums)

        self._spread(run, len(self._weights), sums)

    def _move_by_products(self, rows: np.ndarray, errors: np.ndarray) -> None:
        """Neurons without a list, by their masks."""
        lists = self._lists

        def run(lo: int, hi: int) -> None:
            mine = _slice(rows[lo:hi])
            pulls = self._readout[mine] @ errors.T
            pulls *= -self._rate
            pulls *= lists.masks[_slice(lists.slot[rows[lo:hi]])]
            change, total = pulls @ self._x, pulls.sum(1)
            self._weights[mine] += change
            self._thresholds[mine] -= self._free * total
            lists.path[mine] = np.sqrt((change * change).sum(1)) * self._reach + self._free * np.abs(total)

        self._spread(run, len(rows))
        self._born[rows] = self.moves - 1

    def _refresh(self, rows: np.ndarray, member: np.ndarray, sums: np.ndarray) -> None:
        """Pre-activations of whole rows, from which lists are made anew, where they pay."""
        lists, dtype = self._lists, self._net.dtype
        z = np.empty((len(rows), len(self._x)), dtype)
        counts, skins = np.full(len(rows), -1, np.int32), np.zeros(len(rows), dtype)
        rounding = np.zeros((_CHUNKS, 1), dtype)

        def judged(lo: int, hi: int, rounding: np.ndarray) -> None:
            mine = _slice(rows[lo:hi])
            w, b = self._weights[mine], self._thresholds[mine]
            np.matmul(w, self._x.T, out=z[lo:hi])
            z[lo:hi] -= b[:, None]
            norm = np.sqrt((w * w).sum(1).max(initial=0)) * self._reach + np.abs(b).max(initial=0)
            rounding[0] = 4 * np.finfo(dtype).eps * np.sqrt(w.shape[1]) * norm
            if self._form == "dense":
                return
            speed = lists.path[mine] / np.maximum(self.moves - self._born[mine], 1).astype(dtype)
            fresh = self._born[mine] < 0
            speed[fresh] = self._guess * np.sqrt(np.count_nonzero(z[lo:hi] > 0) / max(z[lo:hi].size, 1))
            least = dtype.type(_LEAST) * max(self._slack, rounding[0])
            judge(0, hi - lo, z[lo:hi], speed, self._costs, least, counts[lo:hi], skins[lo:hi])

        self._spread(judged, len(rows), rounding)
        self._slack = max(self._slack, rounding.max())
        lists.seat(rows, counts, skins)
        self._born[rows] = self.moves

        def write(lo: int, hi: int, sums: np.ndarray) -> None:
            enlist(
                *(lo, hi, rows, z, member, self._readout, lists.table, lists.values, lists.masks, lists.slot),
                *(self._slack, sums),
            )

        self._spread(write, len(rows), sums)

    def _settle(self, rows: np.ndarray) -> None:
        """What the Gram form has not yet told the weights of some neurons."""
        if self._gram is None:
            return
        net, lists = (self._weights, self._thresholds), self._lists

        def run(lo: int, hi: int) -> None:
            settle(lo, hi, rows, net, self._x, lists.table, lists.values, self._free)

        self._spread(run, len(rows))

    def _spread(self, run: Any, n: int, *each: np.ndarray) -> None:
        """run(lo, hi) over chunks of n in threads; the k-th gets the k-th part of each array that is given, too."""
        edges = [n * k // _CHUNKS for k in range(_CHUNKS + 1)]

        def quiet(*args: Any) -> None:
            with np.errstate(over="ignore", invalid="ignore"):  # `step` tells of weights that are no longer finite
                run(*args)

        with self._blas.limit(limits=1, user_api="blas"):  # its threads would wait on our processors
            jobs = [self._pool.submit(quiet, edges[k], edges[k + 1], *(a[k] for a in each)) for k in range(_CHUNKS)]
            for job in jobs:
                job.result()


def _blocks(rows: np.ndarray, x: np.ndarray) -> list[np.ndarray]:
    size = max(16, _BLOCK_BYTES // (len(x) * x.itemsize))
    return [rows[i : i + size] for i in range(0, len(rows), size)]


def _slice(rows: np.ndarray) -> Any:
    """The same rows as a slice where they are consecutive, which copies nothing."""
    if len(rows) and rows[-1] - rows[0] + 1 == len(rows) and np.all(np.diff(rows) == 1):
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return rows
