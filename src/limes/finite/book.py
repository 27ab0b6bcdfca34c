"""What a training has so far: state, losses and measures, in memory and in a checkpoint."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from limes.core.checkpoint import Checkpoint
from limes.core.errors import NumericalError


class Book:
    """The record of a training, read from a checkpoint where there is one.

    Args:
        saved: the checkpoint; without a path nothing is written.
        start: the state before the first step, a tree of arrays.

    Attributes:
        state: the state to go on from.
        losses: one entry a step made: a number, or one for each copy.
        at: steps at which measures were taken.
        snapshots: the weights at these steps, NumPy trees, where they are kept.
    """

    def __init__(self, saved: Checkpoint, start: Any) -> None:
        self._saved = saved
        self.state, self.losses, self.at, self.snapshots = start, [], [], []
        self._records: dict[str, list[np.ndarray]] = {}
        found = saved.read()
        if found is not None:
            self._restore(found)

    @property
    def step(self) -> int:
        """Steps made."""
        return len(self.losses)

    def note(self, values: dict[str, Any], params: Any = None) -> None:
        """Measures taken before the next step, and the weights, if they are kept."""
        self.at.append(self.step)
        for name, value in values.items():
            self._records.setdefault(name, []).append(np.asarray(value))
        if params is not None:
            self.snapshots.append(jax.tree.map(np.array, params))

    def records(self) -> dict[str, np.ndarray]:
        """For each measure (k, ...)."""
        return {name: np.stack(values) for name, values in self._records.items()}

    def trace(self) -> np.ndarray:
        """The losses (steps, ...).

        Raises:
            NumericalError: if one of them is not finite.
        """
        losses = np.array([np.asarray(loss) for loss in self.losses])
        finite = np.isfinite(losses)
        if not finite.all():
            first = int(np.argwhere(~finite)[0][0])
            raise NumericalError(f"training diverged at step {first}: lower learning_rate, or scale the inputs")
        return losses

    def save(self, state: Any) -> None:
        """Write all of it."""
        if self._saved.path is None:
            return
        leaves = {f"state{i}": np.asarray(leaf) for i, leaf in enumerate(jax.tree.leaves(state))}
        kept = {
            f"snapshot{k}-{i}": leaf
            for k, tree in enumerate(self.snapshots)
            for i, leaf in enumerate(jax.tree.leaves(tree))
        }
        records = {f"record-{name}": value for name, value in self.records().items()}
        self._saved.write(leaves | kept | records | {"losses": np.array(self.losses), "at": np.array(self.at, int)})

    def _restore(self, found: dict[str, np.ndarray]) -> None:
        leaves, tree = jax.tree.flatten(self.state)
        self.state = jax.tree.unflatten(tree, [jnp.asarray(found[f"state{i}"]) for i in range(len(leaves))])
        self.losses, self.at = list(found["losses"]), found["at"].tolist()
        for name, values in found.items():
            if name.startswith("record-"):
                self._records[name.removeprefix("record-")] = list(values)
        count = sum(name.startswith("snapshot") and name.endswith("-0") for name in found)
        shape = self.state[0]
        n = len(jax.tree.leaves(shape))
        self.snapshots = [
            jax.tree.unflatten(jax.tree.structure(shape), [found[f"snapshot{k}-{i}"] for i in range(n)])
            for k in range(count)
        ]
