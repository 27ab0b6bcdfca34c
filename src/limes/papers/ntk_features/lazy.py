"""Claim 8: do the kernel's adversarial examples fool lazy networks more than networks that learn features?

How lazy a network is, is set by the scale alpha of its output (Chizat et al. 2019, arXiv 1812.07956). With

    f(x) = alpha (net(w, x) - net(w_0, x)),

descent on 1/2 sum (f - y)^2 with steps of 1 / alpha^2 moves the weights by 1 / alpha: for large alpha the kernel stays
where it was, and for small alpha it has to change. Width, weights at the start and data are the same for all alpha.

Every network is trained until its loss is the same share of that at the start, and the kernel that is attacked is the
infinitely wide network at the time when its flow has that share. What is compared then differs in laziness alone.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from limes.core.types import Array
from limes.finite import empirical_ntk
from limes.machines import NTKClassifier
from limes.machines.flow import time_of_share
from limes.nets import Net
from limes.papers.ntk_features.problems import BOUNDS, Rows
from limes.papers.ntk_features.transfer import ATTACK, accuracy, random_signs

SHARE = 0.1  # of the loss at the start, at which training ends
N_PROBES = 24  # test images between which the empirical kernel is followed


@dataclass(frozen=True, eq=False)
class ScaledNetwork:
    """alpha (net(w, x) - net(w_0, x)) as a Predictor, in float32.

    Attributes:
        net: the architecture.
        alpha: scale of the output.
        start, params: weights before and after training.
        classes_: (c,) labels of the columns.
    """

    net: Net
    alpha: float
    start: Any
    params: Any
    classes_: np.ndarray

    @property
    def n_outputs(self) -> int:
        """Number of score columns."""
        return len(self.classes_)

    def scores(self, x: Array) -> np.ndarray:
        """(n, features...) -> (n, c)."""
        return np.asarray(_scores(self.net, self.alpha, self.params, self.start, np.asarray(x, np.float32)))

    def scores_vjp(self, x: Array, v: Array) -> np.ndarray:
        """Gradient in x of sum(v * scores(x)): the shape of x."""
        x = np.asarray(x)
        single = x.astype(np.float32), np.asarray(v, np.float32)
        return np.asarray(_pull_back(self.net, self.alpha, self.params, self.start, *single)).astype(x.dtype)

    def predict(self, x: Array) -> np.ndarray:
        """Labels of the largest scores."""
        return self.classes_[self.scores(x).argmax(axis=1)]


def measure(
    net: Net, rows: Rows, eps: str, width: int, alphas: Sequence[float], steps: int, seed: int
) -> dict[str, Any]:
    """Networks of one width by laziness: how far their kernel moved, and what the kernel's examples do to them.

    Args:
        net: the architecture.
        rows: of a seed.
        eps: radius.
        width: of the hidden layers.
        alphas: scales of the output.
        steps: of descent at most; `losses` says what share of the loss was left.
        seed: of weights and signs.

    Returns:
        each (alphas,): "alphas", the largest first; the accuracies "clean", "transfer", "tangent" (under the examples
        of the laziest network: those of the finite network's own kernel at the start), "random" and "white_box";
        "moved" (relative distance of the empirical kernels before and after), "turned" (one minus their cosine),
        "losses" (share that is left) and "weights" (relative change of all weights). And "kernel_clean" and
        "kernel_attacked", of the infinitely wide network.
    """
    machine = NTKClassifier(net, solver="eigh").fit(rows.x, rows.y)
    spectrum, targets = machine.spectrum(), machine.targets_
    kernel = machine.at(time_of_share(spectrum, targets, SHARE))
    attacked = ATTACK(kernel, rows.x_test, rows.y_test, eps, bounds=BOUNDS).x_adv
    moved = random_signs(rows.x_test, eps, seed)
    probes = rows.x_test[:N_PROBES].astype(np.float32)
    start = net.init(seed, rows.x.shape[1:], width, targets.shape[1])
    before = empirical_ntk(net.apply, start, probes)
    names = ("clean", "transfer", "tangent", "random", "white_box", "moved", "turned", "losses", "weights")
    found: dict[str, Any] = {name: [] for name in names}
    tangent = None
    for alpha in sorted(alphas, reverse=True):
        rate = 1.0 / (alpha**2 * float(spectrum.values[-1]))
        params, left = descend(net, start, rows.x, targets, alpha, rate, steps)
        network = ScaledNetwork(net, alpha, start, params, machine.classes_)
        after = empirical_ntk(net.apply, params, probes)
        found["clean"].append(accuracy(network, rows.x_test, rows.y_test))
        found["transfer"].append(accuracy(network, attacked, rows.y_test))
        found["random"].append(float(np.mean([accuracy(network, x, rows.y_test) for x in moved])))
        own = ATTACK(network, rows.x_test, rows.y_test, eps, bounds=BOUNDS)
        found["white_box"].append(own.robust_accuracy)
        tangent = own.x_adv if tangent is None else tangent
        found["tangent"].append(accuracy(network, tangent, rows.y_test))
        found["moved"].append(float(np.linalg.norm(after - before) / np.linalg.norm(before)))
        cosine = np.vdot(after, before) / (np.linalg.norm(after) * np.linalg.norm(before))
        found["turned"].append(float(1 - cosine))
        found["losses"].append(left)
        found["weights"].append(_relative_change(params, start))
    return found | {
        "alphas": sorted(alphas, reverse=True),
        "kernel_clean": accuracy(kernel, rows.x_test, rows.y_test),
        "kernel_attacked": accuracy(kernel, attacked, rows.y_test),
    }


def descend(
    net: Net, start: Any, x: np.ndarray, targets: np.ndarray, alpha: float, rate: float, steps: int
) -> tuple[Any, float]:
    """Gradient descent on all rows until `SHARE` of the loss is left: weights, and the share that is left.

    A step that would raise the loss is halved and tried again; after one that lowers it the rate grows by a tenth. So
    networks whose kernel grows stay stable without a rate of their own.
    """
    single = np.asarray(x, np.float32), np.asarray(targets, np.float32)
    first = 0.5 * float((targets**2).sum())
    params = start
    _, loss, slope = _step(net, alpha, params, params, 0.0, start, *single)
    for _ in range(steps):
        if loss <= SHARE * first:
            break
        trial, new_loss, new_slope = _step(net, alpha, params, slope, rate, start, *single)
        if new_loss < loss:
            params, loss, slope, rate = trial, new_loss, new_slope, 1.1 * rate
        else:
            rate *= 0.5
    return params, float(loss) / first


def _scaled(net: Net, alpha: Any, params: Any, start: Any, x: Any) -> jax.Array:
    return alpha * (net.apply(params, x) - net.apply(start, x))


@functools.partial(jax.jit, static_argnums=0)
def _scores(net: Net, alpha: float, params: Any, start: Any, x: Any) -> jax.Array:
    return _scaled(net, alpha, params, start, x)


@functools.partial(jax.jit, static_argnums=0)
def _pull_back(net: Net, alpha: float, params: Any, start: Any, x: Any, v: Any) -> jax.Array:
    return jax.vjp(lambda x: _scaled(net, alpha, params, start, x), x)[1](v)[0]


@functools.partial(jax.jit, static_argnums=0)
def _step(net: Net, alpha: float, params: Any, slope: Any, rate: float, start: Any, x: Any, y: Any) -> Any:
    """The weights after a step, with the loss and its gradient there."""

    def loss(params: Any) -> jax.Array:
        return 0.5 * jnp.sum((_scaled(net, alpha, params, start, x) - y) ** 2)

    moved = jax.tree.map(lambda w, g: w - rate * g, params, slope)
    return moved, *jax.value_and_grad(loss)(moved)


def _relative_change(params: Any, start: Any) -> float:
    pairs = list(zip(jax.tree.leaves(params), jax.tree.leaves(start), strict=True))
    change = sum(float(jnp.sum((w - w0) ** 2)) for w, w0 in pairs)
    return float(np.sqrt(change / sum(float(jnp.sum(w0**2)) for _, w0 in pairs)))
