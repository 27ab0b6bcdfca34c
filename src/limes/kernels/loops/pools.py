"""Pools within the compiled loops: what the offsets of one segment leave for those of the next."""

import numpy as np

from limes.kernels.loops.rows import LANES, _compiled, _real, positions_left


@_compiled
def windows_of(d, size, window, stride, before, n_windows, reach):
    """Pairs of windows that hold pairs of positions at an offset d, along one axis, as rows of three.

    The first position, its window, and the offset of the other window, counted from -reach.
    """
    found = np.empty((size * window * window, 3), np.int64)
    count = 0
    for p in range(max(0, -d), min(size, size - d)):
        for o in range(window):
            first = p + before - o
            if first < 0 or first % stride != 0 or first // stride >= n_windows:
                continue
            for o2 in range(window):
                second = p + d + before - o2
                if second < 0 or second % stride != 0 or second // stride >= n_windows:
                    continue
                offset = second // stride - first // stride + reach
                if 0 <= offset <= 2 * reach:
                    found[count, 0], found[count, 1], found[count, 2] = p, first // stride, offset
                    count += 1
    return found[:count]


@_compiled
def pool_row(pooled, row, columns, part):
    """Add a row of pairs of positions to pooled (offsets, height, width x lanes); columns: as of `windows_of`."""
    for j in range(len(columns)):
        source, target, offset = columns[j, 0] * LANES, columns[j, 1] * LANES, columns[j, 2]
        for lane in range(LANES):
            pooled[offset, row, target + lane] += part[source + lane]


@_compiled
def pool(k, t, dh, dw, pooled, row):
    """Add the pairs of positions at an offset to those of windows: pooled (2, offsets, offsets, height, width x lanes).

    row: of a table of segments, see `limes.kernels.loops.recursion`.
    """
    rows = windows_of(dh, row[4], row[10], row[12], row[14], row[16], pooled.shape[1] // 2)
    columns = windows_of(dw, row[5], row[11], row[13], row[15], row[17], pooled.shape[2] // 2)
    for i in range(len(rows)):
        h, row, offset = rows[i]
        pool_row(pooled[0, offset], row, columns, k[h])
        pool_row(pooled[1, offset], row, columns, t[h])


@_compiled
def clear(pooled):
    """Zeros where `pool` adds."""
    high, wide = pooled.shape[1] // 2, pooled.shape[2] // 2
    for i in range(pooled.shape[1]):
        for j in range(pooled.shape[2]):
            h0, h1, w0, w1 = positions_left(i - high, j - wide, pooled.shape[3], pooled.shape[4] // LANES)
            pooled[:, i, j, h0:h1, w0 * LANES : w1 * LANES] = _real(pooled, 0.0)


@_compiled
def begin_behind_pool(k, t, region, dh, dw, pooled, factor):
    """What a pool has left of an offset."""
    h0, h1, w0, w1 = region
    part = pooled[:, pooled.shape[1] // 2 + dh, pooled.shape[2] // 2 + dw]
    for h in range(h0, h1):
        for i in range(w0 * LANES, w1 * LANES):
            k[h, i] = factor * part[0, h, i]
            t[h, i] = factor * part[1, h, i]


@_compiled
def room_behind_pools(x, segments):
    """Room for what `pool` adds up, segment by segment; none behind the last one if it has no pool.

    Three quarters of it, positions without a partner at their offset, are never touched and take no memory.
    """
    found = []
    for g in range(len(segments)):
        row = segments[g]
        found.append(np.empty((2, 2 * row[18] + 1, 2 * row[19] + 1, row[16], row[17] * LANES), x.dtype))
    return found
