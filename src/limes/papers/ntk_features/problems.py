"""Some classes of a data set, drawn anew by each seed: two of digits, MNIST or CIFAR-10, or all ten."""

from dataclasses import dataclass, replace

import numpy as np

from limes.data import Dataset
from limes.nets import Net, cnn, mlp, myrtle

BOUNDS = (0.0, 1.0)


@dataclass(frozen=True)
class Problem:
    """A task with the kernels that it is given to.

    Attributes:
        name: "digits", "mnist" or "cifar10".
        classes: the labels.
        n_train: rows in the kernel, as many of each class as far as they go.
        n_test: test rows, at most.
        eps: radius in pixels of width 1.
        seeds: number of draws.
        nets: by name; "fc" is always there.
        ranks: number of features that are measured alone, all where there are no more.
        dtype: float64 where it is cheap.
    """

    name: str
    classes: tuple[int, ...]
    n_train: int
    n_test: int
    eps: str
    seeds: int
    nets: tuple[str, ...]
    ranks: int
    dtype: str

    def net(self, name: str) -> Net:
        """The architecture behind a name.

        On digits the fully connected net is that of the closed form in `limes.papers.ntk_features.derivatives`, whose
        scale is that of the times; on images it is the notebook's, with w_std sqrt(2) and b_std 0.1.
        """
        if name == "fc":
            return mlp(2, w_std=1.0) if self.name == "digits" else mlp(2, b_std=0.1)
        return cnn(2, "flatten", b_std=0.1) if name == "conv" else myrtle(5, b_std=0.1)

    def few(self, net: str) -> "Problem":
        """The same for a net: with convolutions gradients cost thousands of times as much, so there is less of all."""
        if net == "fc":
            return self
        n_test, ranks = (40, 12) if net == "conv" else (20, 8)
        return replace(self, n_test=n_test, ranks=ranks, seeds=2, dtype="float32")


@dataclass(frozen=True, eq=False)
class Rows:
    """Images (n, h, w, c) in [0, 1] with labels (n,)."""

    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def draw(problem: Problem, data: Dataset, seed: int) -> Rows:
    """The rows of a seed. Test rows are those of an official test part, or what training leaves."""
    rng = np.random.default_rng([seed, 2210])
    pool = rng.permutation(np.flatnonzero(np.isin(data.y, problem.classes)))
    train, rest = _balanced(data.y, pool, problem.n_train)
    if data.x_test is None or data.y_test is None:
        x, y = data.x, data.y
    else:
        x, y = data.x_test, data.y_test
        rest = rng.permutation(np.flatnonzero(np.isin(y, problem.classes)))
    test, _ = _balanced(y, rest, min(problem.n_test, len(rest)))
    kind = np.dtype(problem.dtype)
    return Rows(data.x[train].astype(kind), data.y[train], x[test].astype(kind), y[test])


def _balanced(y: np.ndarray, pool: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """`n` rows of the pool, as many of each class as far as they go, in the pool's order; and the rest."""
    members = [pool[y[pool] == label] for label in np.unique(y[pool])]
    sizes = np.array([len(rows) for rows in members])
    shares = np.arange(len(members) + 1) * n // len(members)
    counts = np.minimum(np.diff(shares), sizes)
    for i in range(len(members)):  # what a class lacks comes from the first ones that have more
        counts[i] += min(n - counts.sum(), sizes[i] - counts[i])
    taken = np.concatenate([rows[:count] for rows, count in zip(members, counts, strict=True)])
    inside = np.isin(pool, taken)
    return pool[inside], pool[~inside]
