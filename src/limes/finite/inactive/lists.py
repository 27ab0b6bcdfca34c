"""Lists of candidates: for each neuron the examples on which it may become active before the list is renewed."""

import numpy as np

from limes.finite.inactive.loops import DENSE, EXPIRED, LISTED, pack

_GROWTH = 1.3  # of the pool, and what a list gets beyond its length is an eighth
_WASTE = 2.0  # the pool is packed when it is so many times as long as what is in it


class Lists:
    """The candidates of m neurons among n examples, in one pool.

    Args:
        m: neurons.
        n: examples.
        dtype: of the network.
        with_values: keep a pre-activation and the steps made beside each candidate, as the Gram form needs them.

    Attributes:
        kind: (m,) LISTED, DENSE (no list pays; treated by matrix products) or EXPIRED (to be renewed).
        start, count, room: (m,) place, length and greatest length of the lists in the pool.
        active: (m,) how many of the candidates were active members of the batch in the last pass; they stand first.
        path: (m,) how far any pre-activation of the neuron may have moved since its list was made.
        skin: (m,) how far it may.
        index: the pool, row numbers of examples.
        pre, moved: beside it, in the Gram form.
        masks: (., n) active members, of neurons without a list; `slot` (m,) tells the row.
    """

    def __init__(self, m: int, n: int, dtype: np.dtype, with_values: bool) -> None:
        self.kind = np.full(m, EXPIRED, np.uint8)
        self.start, self.slot = np.zeros(m, np.int64), np.full(m, -1, np.int64)
        self.count, self.room, self.active = (np.zeros(m, np.int32) for _ in range(3))
        self.path, self.skin = np.zeros(m, dtype), np.zeros(m, dtype)
        self.index = np.empty(0, np.uint32)
        self.pre, self.moved = np.empty(0, dtype), np.empty(0, dtype)
        self.masks = np.zeros((0, n), np.bool_)
        self._with_values, self._end, self._free = with_values, 0, []

    @property
    def table(self) -> tuple[np.ndarray, ...]:
        """The arrays that the loops take."""
        return self.kind, self.start, self.count, self.active, self.index, self.path, self.skin

    @property
    def values(self) -> tuple[np.ndarray, np.ndarray]:
        """Pre-activations and steps beside `index`, of length 0 without the Gram form."""
        return self.pre, self.moved

    @property
    def nbytes(self) -> int:
        """Of all arrays."""
        return sum(a.nbytes for a in vars(self).values() if isinstance(a, np.ndarray))

    def seat(self, rows: np.ndarray, counts: np.ndarray, skins: np.ndarray) -> None:
        """Make room for the lists of some neurons, of the given lengths; -1 for those that get none."""
        dense = counts < 0
        self._leave_masks(rows[~dense])
        self.kind[rows] = np.where(dense, DENSE, LISTED)
        self.skin[rows] = skins
        self.count[rows] = np.maximum(counts, 0)
        self._give_masks(rows[dense])
        new = rows[counts >= self.room[rows]]  # `enlist` writes one behind the last
        if not len(new):
            return
        room = self.count[new] + self.count[new] // 8 + 4
        self.room[new] = room
        needed = int(room.sum())
        if self._end + needed > len(self.index):
            self._grow(new, needed)
        self.start[new] = self._end + np.cumsum(room) - room
        self._end += needed

    def _grow(self, new: np.ndarray, needed: int) -> None:
        """A larger pool, or a packed one: lists that are about to move are left out of it."""
        keep = np.ones(len(self.room), bool)
        keep[new] = False
        used = int(self.room[keep].sum())
        size = int(_GROWTH * (used + needed)) + 64
        order = np.flatnonzero(keep & (self.room > 0))
        wasteful = self._end > _WASTE * used
        start = self.start
        for name in ("index", "pre", "moved") if self._with_values else ("index",):
            old = getattr(self, name)
            pool = np.zeros(max(size, 0 if wasteful else self._end + needed), old.dtype)
            if wasteful:
                start = self.start.copy()
                pack(order, start, np.where(self.kind == LISTED, self.count, 0), self.room, old, pool)
            else:
                pool[: self._end] = old[: self._end]
            setattr(self, name, pool)
        self.start, self._end = start, used if wasteful else self._end

    def _give_masks(self, rows: np.ndarray) -> None:
        rows = rows[self.slot[rows] < 0]
        while len(self._free) < len(rows):
            old = len(self.masks)
            masks = np.zeros((max(int(_GROWTH * old), old + len(rows)), self.masks.shape[1]), np.bool_)
            masks[:old] = self.masks
            self.masks = masks
            self._free += range(len(masks) - 1, old - 1, -1)
        self.slot[rows] = [self._free.pop() for _ in range(len(rows))]

    def _leave_masks(self, rows: np.ndarray) -> None:
        rows = rows[self.slot[rows] >= 0]
        self._free += self.slot[rows].tolist()
        self.slot[rows] = -1
