"""The pool of candidates: whatever moves in it, each neuron keeps its own."""

import numpy as np

from limes.finite.inactive.lists import Lists
from limes.finite.inactive.loops import DENSE, LISTED


def test_lists_survive_growth_and_packing():
    rng, m, n = np.random.default_rng(0), 40, 500
    lists, wanted = Lists(m, n, np.dtype("f"), with_values=True), {}
    longest = 0
    for turn in range(60):
        rows = np.sort(rng.choice(m, 12, replace=False))
        counts = rng.integers(-1, 30 + 5 * (turn % 20), 12).astype(np.int32)
        lists.seat(rows, counts, np.ones(12, "f"))
        for r, count in zip(rows, counts, strict=True):
            wanted[r] = None if count < 0 else rng.integers(0, n, count)
            if count >= 0:
                place = slice(lists.start[r], lists.start[r] + count)
                lists.index[place], lists.pre[place] = wanted[r], wanted[r] + 0.5
        for r, mine in wanted.items():
            if mine is None:
                assert lists.kind[r] == DENSE
                continue
            assert lists.kind[r] == LISTED
            assert lists.room[r] > len(mine)  # one more than needed
            place = slice(lists.start[r], lists.start[r] + len(mine))
            np.testing.assert_array_equal(lists.index[place], mine)
            np.testing.assert_array_equal(lists.pre[place], mine + 0.5)
        slots = lists.slot[lists.kind == DENSE]
        assert len(set(slots.tolist())) == len(slots)
        assert (slots >= 0).all()
        longest = max(longest, len(lists.index))
    assert longest < 6 * lists.room.sum()
