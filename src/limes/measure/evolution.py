"""How a network changes while it is trained: its tangent kernel, its activation pattern, its function, its weights.

All of it is measured at the same moments and on the same probe, so that measures can be correlated. The probe is fixed,
or moves: with an adversary, each moment is measured at the adversarial points of its own network, and what is seen then
is motion of the kernel and of the points together.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from scipy.stats import spearmanr

from limes.core import memory as mem
from limes.core import precision
from limes.core.errors import InputError
from limes.core.progress import Progress, Quiet
from limes.core.types import Array
from limes.finite import Adversary, Run, empirical_ntk, outputs
from limes.finite.linearise import as_partial
from limes.finite.network import Apply, precision_of
from limes.finite.recipe import cross_entropy
from limes.measure import functions, kernels
from limes.measure.patterns import hamming_distance

_TOP = 20


@dataclass(frozen=True, eq=False)
class Evolution:
    """What was measured at k moments of a training.

    Attributes:
        epochs: (k,) passes over the rows made.
        kernel: (k, k) kernel distance between any two moments, see `limes.measure.kernel_distance`.
        function: (k, k) distance of the softmax of the outputs on the probe.
        weights: (k, k) distance of the weights, relative to those of the earlier moment.
        pattern: (k, k) share of rectified units that switched, or None.
        alignment: (k,) with the labels of the probe.
        eigenvalues: (k, m) of the kernel, descending, none below 0.
        effective_rank: (k,) of the kernel's eigenvalues.
        size: (k,) Frobenius norm of the kernel.
        radius, angle: (k,) polar coordinates of the kernel's way, see `limes.measure.polar`.
        top_radius, top_angle: (k,) the same of the part in its `top` largest eigenvalues.
        accuracy: (k,) on the probe.
        top: how many eigenvalues count as the top.
        moving: whether the probe moved with the network.
    """

    epochs: np.ndarray
    kernel: np.ndarray
    function: np.ndarray
    weights: np.ndarray
    pattern: np.ndarray | None
    alignment: np.ndarray
    eigenvalues: np.ndarray
    effective_rank: np.ndarray
    size: np.ndarray
    radius: np.ndarray
    angle: np.ndarray
    top_radius: np.ndarray
    top_angle: np.ndarray
    accuracy: np.ndarray
    top: int = _TOP
    moving: bool = False
    kernels: list[np.ndarray] = field(default_factory=list, repr=False)

    @property
    def top_mass(self) -> np.ndarray:
        """(k,) share of the largest `top` eigenvalues in the sum of squares."""
        return self.mass(self.top)

    def mass(self, count: int) -> np.ndarray:
        """(k,) share of the largest `count` eigenvalues in the sum of squares."""
        return np.array([kernels.top_mass(values, count) for values in self.eigenvalues])

    def velocity(self) -> np.ndarray:
        """(k - 1,) kernel distance between neighbouring moments over the epochs between them."""
        return self.steps()["kernel"] / np.diff(self.epochs)

    def steps(self) -> dict[str, np.ndarray]:
        """Each distance between neighbouring moments: (k - 1,)."""
        found = {"kernel": self.kernel, "function": self.function, "weights": self.weights}
        if self.pattern is not None:
            found["pattern"] = self.pattern
        return {name: np.diagonal(values, 1).copy() for name, values in found.items()}

    def correlations(self) -> dict[tuple[str, str], float]:
        """Rank correlation (Spearman) of each pair of `steps` over time; NaN where one of them is constant."""
        steps = {name: values / np.diff(self.epochs) for name, values in self.steps().items()}
        names = list(steps)
        pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
        return {pair: _rank_correlation(steps[pair[0]], steps[pair[1]]) for pair in pairs}


def evolution(
    run: Run,
    x: Array,
    y: Array,
    *,
    pattern: Callable[[Any, np.ndarray], np.ndarray] | None = None,
    adversary: Adversary | None = None,
    trace: bool = True,
    output: int | None = None,
    top: int = _TOP,
    keep: bool = False,
    progress: Progress | None = None,
) -> Evolution:
    """Measure a training on a probe, at the moments whose weights it kept.

    Args:
        run: of `limes.finite.train` with ``snapshots=True``.
        x: (n, features...), the probe.
        y: (n,) its class indices.
        pattern: from weights and inputs to the activation pattern (n, units); for a Net:
            ``functools.partial(limes.measure.activation_pattern, net)``.
        adversary: moves the probe at every moment, by the cross-entropy of the network there; without random start, or
            the same start at all moments.
        trace: whether the kernel is the mean over outputs, (n, n), and not that of all pairs of outputs.
        output: the only output that counts, or None.
        top: how many eigenvalues count as the top.
        keep: keep the kernels in `kernels`.
        progress: told of every moment.

    Returns:
        An `Evolution`.

    Raises:
        InputError: for a run without snapshots, or a probe that does not fit it.
        MemoryRefused: if the kernels of all moments do not fit.

    Cost: an empirical kernel and its eigenvalues at every moment.

    Example:
        >>> import limes as lm
        >>> net, x, y = lm.nets.mlp(2), np.eye(4, dtype="float32"), np.arange(4) % 2
        >>> start = net.init(0, (4,), width=16, outputs=2)
        >>> recipe = lm.finite.Recipe(epochs=3, batch_size=4)
        >>> run = lm.finite.train(net.apply, start, x, y, recipe, snapshots=True)
        >>> found = evolution(run, x, y)
        >>> found.kernel.shape, found.velocity().shape
        ((4, 4), (3,))
    """
    if len(run.snapshots) < 2:
        raise InputError("evolution needs the weights at two moments or more: train with snapshots=True")
    x, y, progress = np.asarray(x), np.asarray(y), progress or Quiet()
    if len(x) != len(y):
        raise InputError(f"a probe of {len(x)} inputs with {len(y)} labels")
    c = outputs(run.apply, run.snapshots[0], x[:1]).shape[1]
    side = len(x) if trace or output is not None else len(x) * c
    mem.require(8 * side**2 * (3 * len(run.snapshots) + 3), "the kernels of all moments", "use a smaller probe")
    grams, tops, said, patterns, values = [], [], [], [], []
    progress.start("evolution of the kernel", len(run.snapshots))
    for params in run.snapshots:
        points = x if adversary is None else _moved(adversary, run.apply, params, x, y)
        gram = kernels.square(empirical_ntk(run.apply, params, points, trace=trace, output=output))
        spectrum, vectors = np.linalg.eigh(gram)
        leading = vectors[:, -top:]
        grams.append(gram)
        tops.append((leading * spectrum[-top:]) @ leading.T)
        values.append(np.maximum(spectrum[::-1], 0.0))
        said.append(outputs(run.apply, params, points))
        if pattern is not None:
            patterns.append(pattern(params, points))
        progress.step()
    radius, angle = kernels.polar(grams)
    top_radius, top_angle = kernels.polar(tops)
    return Evolution(
        epochs=run.epochs,
        kernel=_turns(grams),
        function=_pairs(functions.softmax_distance, said),
        weights=_pairs(functions.weight_distance, run.snapshots),
        pattern=_pairs(hamming_distance, patterns) if patterns else None,
        alignment=np.array([kernels.alignment(_over_outputs(gram, len(x)), y) for gram in grams]),
        eigenvalues=np.stack(values),
        effective_rank=np.array([kernels.effective_rank(v) for v in values]),
        size=np.array([np.linalg.norm(gram) for gram in grams]),
        radius=radius,
        angle=angle,
        top_radius=top_radius,
        top_angle=top_angle,
        accuracy=np.array([np.mean(out.argmax(axis=1) == y) for out in said]),
        top=top,
        moving=adversary is not None,
        kernels=grams if keep else [],
    )


def _moved(adversary: Adversary, apply: Apply, params: Any, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Adversarial points of a network; the random start, if any, is the same at all moments."""
    dtype = precision_of(params)
    with precision.scope(dtype):
        return np.asarray(_attacked(adversary, as_partial(apply), params, jnp.asarray(x, dtype), jnp.asarray(y)))


@functools.partial(jax.jit, static_argnums=0)
def _attacked(adversary: Adversary, apply: Partial, params: Any, x: jax.Array, labels: jax.Array) -> jax.Array:
    """One program for all moments."""

    def loss(points: jax.Array) -> jax.Array:
        return cross_entropy(apply(params, points), labels).mean()

    return adversary(loss, x, jax.random.key(0))


def _over_outputs(gram: np.ndarray, n: int) -> np.ndarray:
    """(n, n): the mean over equal outputs of a kernel of all pairs."""
    c = len(gram) // n
    return gram if c == 1 else np.einsum("iaja->ij", gram.reshape(n, c, n, c)) / c


def _turns(grams: list[np.ndarray]) -> np.ndarray:
    """(k, k): `kernels.kernel_distance` between all of them, in one product, to 1e-15."""
    units = np.stack([gram.ravel() / np.linalg.norm(gram) for gram in grams])
    found = np.maximum(1.0 - units @ units.T, 0.0)
    np.fill_diagonal(found, 0.0)
    return found


def _pairs(distance: Callable[[Any, Any], float], items: Sequence[Any]) -> np.ndarray:
    """(k, k) symmetric: `distance` of the earlier to the later."""
    found = np.zeros((len(items), len(items)))
    for i in range(len(items)):
        for j in range(i + 1, len(items)):
            found[i, j] = found[j, i] = distance(items[i], items[j])
    return found


def _rank_correlation(first: np.ndarray, second: np.ndarray) -> float:
    if len(first) < 3 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")
    found: Any = spearmanr(first, second)
    return float(found.statistic)
