"""Whether two trainings ended in one basin: children of one parent, and the barrier on the way between them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from limes.core.errors import InputError
from limes.core.progress import Progress
from limes.core.types import Array
from limes.finite import Recipe, Run, outputs, train
from limes.finite.network import Apply


@dataclass(frozen=True, eq=False)
class Barrier:
    """The risk on the straight line between two networks.

    Attributes:
        shares: (k,) from 0, the first network, to 1, the second.
        risks: (k,) at the mixtures (1 - share) w + share w'.
    """

    shares: np.ndarray
    risks: np.ndarray

    @property
    def excess(self) -> np.ndarray:
        """(k,) risk above the mean of both ends."""
        return self.risks - 0.5 * (self.risks[0] + self.risks[-1])

    @property
    def height(self) -> float:
        """The largest excess; 0 where there is no barrier, since that is what it is at the ends of equal risk."""
        return float(max(self.excess.max(), 0.0))


def barrier(risk: Callable[[Any], float], first: Any, second: Any, n_points: int = 11) -> Barrier:
    """Follow a risk from one network to another in a straight line.

    Args:
        risk: from weights to a number, such as `error_on`.
        first, second: weights, trees of one structure.
        n_points: points of the line, both ends included.

    Raises:
        InputError: for fewer than three points, or weights of different shapes.

    Cost: `n_points` evaluations of the risk.

    Reference: Frankle et al. 2020, arXiv 1912.05671; Fort et al. 2020, arXiv 2010.15110, section 2.

    Example:
        >>> found = barrier(lambda w: float(w["a"] ** 2 < 1), {"a": -2.0}, {"a": 2.0})
        >>> found.height, len(found.risks)
        (1.0, 11)
    """
    if n_points < 3:
        raise InputError(f"a line needs at least three points, n_points={n_points}")
    if [np.shape(w) for w in jax.tree.leaves(first)] != [np.shape(w) for w in jax.tree.leaves(second)]:
        raise InputError("the two networks have weights of different shapes: no line connects them")
    shares = np.linspace(0.0, 1.0, n_points)
    risks = [risk(jax.tree.map(lambda a, b, s=s: (1 - s) * a + s * b, first, second)) for s in shares]
    return Barrier(shares, np.array(risks, float))


def error_on(apply: Apply, x: Array, y: Array) -> Callable[[Any], float]:
    """The share of rows whose largest output is not y, as a function of the weights: a risk for `barrier`."""
    y = np.asarray(y)
    return lambda params: float(np.mean(outputs(apply, params, x).argmax(axis=1) != y))


def spawn(
    apply: Apply,
    parent: Any,
    x: Array,
    y: Array,
    recipe: Recipe,
    seeds: Sequence[int] = (1, 2),
    progress: Progress | None = None,
) -> list[Run]:
    """Train children of one parent: all from its weights, each with its own order of rows and attacks.

    Args:
        apply, x, y: as for `limes.finite.train`.
        parent: weights that all children start from.
        recipe: of the children.
        seeds: of their orders; a seed that the parent was trained with repeats what it saw.
        progress: told of every step.

    Returns:
        a `Run` a child.

    Cost: a training each.

    Reference: Fort et al. 2020, arXiv 2010.15110, section 2.
    """
    stacked = jax.tree.map(lambda w: jnp.stack([w] * len(seeds)), parent)
    run = train(apply, stacked, x, y, recipe, seeds=seeds, progress=progress)
    children = [jax.tree.map(lambda w, j=j: w[j], run.params) for j in range(len(seeds))]
    return [Run(c, run.losses[:, j], run.at, {}, [], apply, run.per_epoch) for j, c in enumerate(children)]
