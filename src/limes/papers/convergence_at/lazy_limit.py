"""Claim 7: finite networks under adversarial training against adversarial training with the fixed kernel.

Both learn f - f_0 from the same batches by the same steps on 1/2 |f - y|^2, each attacked by the same PGD from the same
random starts. The network moves its weights in the NTK parametrisation; with the kernel of infinite width every
attacked point becomes a centre. What differs is that a network's kernel is random and moves.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import jax
import numpy as np

from limes.attacks import PGD
from limes.core.types import Array, Norm, Predictor
from limes.data import load
from limes.finite.batches import batch
from limes.linalg.top import top_eigenpairs
from limes.machines.predictor import KernelPredictor
from limes.machines.targets import code
from limes.nets import Net, mlp
from limes.robust.descent import Growing

NET = mlp(2)
BOUNDS = (0.0, 1.0)
EPS: dict[Norm, float] = {"linf": 0.06, "l2": 0.3}
SHARE = 0.5
"""Of the rate up to which steps on all rows are stable."""
_CLASSES = np.arange(10)


@dataclass(frozen=True, eq=False)
class Moved:
    """net(w, x) - net(w_0, x) as a Predictor of the ten digits, in float32."""

    net: Net
    start: Any
    params: Any
    targets: str = "centred"

    @property
    def classes_(self) -> np.ndarray:
        """Labels of the columns."""
        return _CLASSES

    @property
    def n_outputs(self) -> int:
        """Number of columns."""
        return len(_CLASSES)

    def scores(self, x: Array) -> np.ndarray:
        """(n, d) -> (n, 10)."""
        return np.asarray(_scores(self.net, self.params, self.start, np.asarray(x, np.float32)))

    def scores_vjp(self, x: Array, v: Array) -> np.ndarray:
        """Gradient in x of sum(v * scores(x))."""
        arrays = np.asarray(x, np.float32), np.asarray(v, np.float32)
        return np.asarray(_pull_back(self.net, self.params, self.start, *arrays)).astype(np.asarray(x).dtype)

    def stepped(self, z: np.ndarray, residual: np.ndarray, rate: float) -> "Moved":
        """After a step of descent on the mean over z of 1/2 |f - y|^2."""
        arrays = np.asarray(z, np.float32), np.asarray(residual / len(z), np.float32)
        return replace(self, params=_descended(self.net, self.params, *arrays, np.float32(rate)))


class Learner(Protocol):
    """What `train` moves."""

    @property
    def predictor(self) -> Predictor:
        """The current f."""
        ...

    def step(self, z: np.ndarray, residual: np.ndarray) -> None:
        """Move against the residuals at z."""
        ...


@dataclass(eq=False)
class Network:
    """A finite network that descends."""

    predictor: Moved
    rate: float

    def step(self, z: np.ndarray, residual: np.ndarray) -> None:
        """One step."""
        self.predictor = self.predictor.stepped(z, residual, self.rate)


@dataclass(eq=False)
class Limit:
    """Functional gradient descent with the kernel of infinite width."""

    descent: Growing

    @property
    def predictor(self) -> KernelPredictor:
        """The current f."""
        return self.descent.predictor

    def step(self, z: np.ndarray, residual: np.ndarray) -> None:
        """One step."""
        self.descent.step(z, residual, np.empty(0))


def train(learner: Learner, x: np.ndarray, y: np.ndarray, norm: Norm, steps: int, size: int, seed: int) -> None:
    """Adversarial training: `steps` batches of `size` rows, PGD-5 on the squared error from random starts."""
    attack = PGD(norm, 5, loss="mse", goal="loss")
    for step in range(steps):
        rows = batch(len(x), size, step, seed)
        key = jax.random.fold_in(jax.random.key(seed), step)
        z = attack(learner.predictor, x[rows], y[rows], EPS[norm], bounds=BOUNDS, key=key).x_adv
        learner.step(z, learner.predictor.scores(z) - code(y[rows], 10, "centred"))


def compared(
    seed: int, norm: Norm, widths: Sequence[int], n: int, n_test: int, steps: int, size: int
) -> dict[str, Any]:
    """Networks by width against the limit, on test rows of scikit-learn's digits.

    Returns:
        By width `distance`: |f_m - f| over |f|, Frobenius norms of the scores of all test rows; `attacked`: the same at
        test rows attacked with the limit; `agreement`: share of test rows with the same label; `robust` and `clean`
        accuracy; of the limit `limit_robust`, `limit_clean` and `limit_undefended`: accuracy under attack of the same
        steps without attacks in training.

    Cost: for each width steps x 6 passes of a batch; for the limit steps x 6 kernels of a batch with all centres.
    """
    (x, y), (x_test, y_test) = _rows(seed, n, n_test)
    gram = np.asarray(NET.kernel(x, get="ntk").ntk)
    rate = SHARE * 2 * n / float(top_eigenpairs(gram, 1, np.random.default_rng(seed))[0][0])
    test = PGD(norm, 10, loss="margin")

    def accuracy(predictor: Any) -> float:
        return float(1 - test(predictor, x_test, y_test, EPS[norm], bounds=BOUNDS, key=seed).success.mean())

    limit = Limit(_growing(x, steps * size, rate))
    train(limit, x, y, norm, steps, size, seed)
    f = limit.descent.result()
    moved = test(f, x_test, y_test, EPS[norm], bounds=BOUNDS, key=seed).x_adv
    scores, attacked = f.scores(x_test), f.scores(moved)
    natural = Limit(_growing(x, steps * size, rate))
    for step in range(steps):
        rows = batch(n, size, step, seed)
        natural.step(x[rows], natural.predictor.scores(x[rows]) - code(y[rows], 10, "centred"))
    found: dict[str, Any] = {"norm": norm, "widths": list(widths), "rate": rate}
    found |= {"limit_robust": accuracy(f), "limit_clean": float((scores.argmax(axis=1) == y_test).mean())}
    found["limit_undefended"] = accuracy(natural.descent.result())
    names = ("distance", "attacked", "agreement", "robust", "clean")
    found |= {name: [] for name in names}
    for width in widths:
        start = NET.init(jax.random.fold_in(jax.random.key(seed), width), x.shape[1:], width, 10)
        network = Network(Moved(NET, start, start), rate)
        train(network, x, y, norm, steps, size, seed)
        g = network.predictor
        clean = g.scores(x_test)
        found["distance"].append(float(np.linalg.norm(clean - scores) / np.linalg.norm(scores)))
        found["attacked"].append(float(np.linalg.norm(g.scores(moved) - attacked) / np.linalg.norm(attacked)))
        found["agreement"].append(float((clean.argmax(axis=1) == scores.argmax(axis=1)).mean()))
        found["robust"].append(accuracy(g))
        found["clean"].append(float((clean.argmax(axis=1) == y_test).mean()))
    return found


def _growing(x: np.ndarray, room: int, rate: float) -> Growing:
    centres = np.repeat(x[:1], room, axis=0)
    return Growing(KernelPredictor(NET, "ntk", centres, np.zeros((room, 10)), None, _CLASSES, "centred"), rate)


def _rows(seed: int, n: int, n_test: int) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    data = load("digits")
    rows = np.random.default_rng([seed, 13]).permutation(len(data.y))
    x, y = np.asarray(data.x, np.float32).reshape(len(data.y), -1), np.asarray(data.y)
    train_rows, test_rows = rows[:n], rows[n : n + n_test]
    return (x[train_rows], y[train_rows]), (x[test_rows], y[test_rows])


@functools.partial(jax.jit, static_argnums=(0,))
def _scores(net: Net, params: Any, start: Any, x: jax.Array) -> jax.Array:
    return net.apply(params, x) - net.apply(start, x)


@functools.partial(jax.jit, static_argnums=(0,))
def _pull_back(net: Net, params: Any, start: Any, x: jax.Array, v: jax.Array) -> jax.Array:
    return jax.vjp(lambda z: net.apply(params, z) - net.apply(start, z), x)[1](v)[0]


@functools.partial(jax.jit, static_argnums=(0,))
def _descended(net: Net, params: Any, z: jax.Array, v: jax.Array, rate: jax.Array) -> Any:
    slope = jax.vjp(lambda w: net.apply(w, z), params)[1](v)[0]
    return jax.tree.map(lambda w, g: w - rate * g, params, slope)
