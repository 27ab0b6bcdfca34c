"""The loops of `limes.kernels.loops.recursion` over offsets and layers; see there for tables and layouts."""

import math

import numpy as np

from limes.kernels.loops.lanes import in_lanes, room, spread_image
from limes.kernels.loops.pools import begin_behind_pool, clear, pool, room_behind_pools
from limes.kernels.loops.rows import (
    LANES,
    _compiled,
    _real,
    add,
    add_product,
    add_products,
    affine,
    at_one,
    err,
    positions_left,
    product,
    rectify,
)


@_compiled
def slide(k, spare, size, strides, before, region, out):
    """Box sums of k over the window, from the region to the region `out`, in place."""
    zero = _real(k, 0.0)
    h0, h1, w0, w1 = region
    o0, o1, p0, p1 = out
    for h in range(o0, o1):
        row = spare[h, w0 * LANES : w1 * LANES]
        row[:] = zero
        start = h * strides[0] - before[0]
        for source in range(max(h0, start), min(h1, start + size[0])):
            add(row, k[source, w0 * LANES : w1 * LANES])
    for h in range(o0, o1):
        k[h, p0 * LANES : p1 * LANES] = zero
        if strides[1] == 1:
            for o in range(size[1]):
                move = before[1] - o
                first, last = max(p0, w0 + move), min(p1, w1 + move)
                if last > first:
                    add(k[h, first * LANES : last * LANES], spare[h, (first - move) * LANES : (last - move) * LANES])
            continue
        for w in range(p0, p1):
            start = w * strides[1] - before[1]
            for source in range(max(w0, start), min(w1, start + size[1])):
                add(k[h, w * LANES : (w + 1) * LANES], spare[h, source * LANES : (source + 1) * LANES])


@_compiled
def box_means(v, row, f, sizes):
    """A window step on variances (height, width) that are zero behind `sizes`."""
    zero = _real(v, 0.0)
    new = np.zeros_like(v)
    for h in range(row[5]):
        for w in range(row[6]):
            total = zero
            for o in range(row[1]):
                for p in range(row[2]):
                    i, j = h * row[8] - row[3] + o, w * row[9] - row[4] + p
                    if 0 <= i < sizes[0] and 0 <= j < sizes[1]:
                        total += v[i, j]
            new[h, w] = _real(v, f[0]) * total + _real(v, f[1])
    return new


@_compiled
def squares(x, v):
    """Mean squares v (n, height, width) over the channels of x (n, height, channels, width)."""
    for n in range(x.shape[0]):
        for h in range(x.shape[1]):
            for w in range(x.shape[3]):
                for c in range(x.shape[2]):
                    v[n, h, w] += x[n, h, c, w] * x[n, h, c, w]
                v[n, h, w] /= _real(x, x.shape[2])


@_compiled
def variances(start, sizes, integers, floats, v, r, q):
    """Variances before each activation with their roots, from those of the inputs of the steps (n, height, width).

    The inputs' variances are zero behind `sizes`.
    """
    one = _real(start, 1.0)
    two = _real(start, 2.0)
    zero = _real(start, 0.0)
    per_pi = _real(start, 2 / math.pi)
    for n in range(start.shape[0]):
        now, (height, width) = start[n].copy(), sizes
        for s in range(len(integers)):
            row = integers[s]
            if row[0] == 0:
                now = box_means(now, row, floats[s], (height, width))
                height, width = row[5], row[6]
                continue
            for h in range(height):
                for w in range(width):
                    value = now[h, w]
                    v[n, row[7], h, w] = value
                    if row[0] == 1:
                        q[n, row[7], h, w] = np.sqrt(value)
                        r[n, row[7], h, w] = one / np.sqrt(value) if value > zero else zero
                        now[h, w] = _real(v, floats[s, 2]) * value
                    else:
                        r[n, row[7], h, w] = one / np.sqrt(one + two * value)
                        now[h, w] = per_pi * np.arctan(two * value / np.sqrt(one + _real(v, 4) * value))


@_compiled
def activate(k, t, va, ra, rb, qa, qb, row, f, dh, dw, alike):
    """An activation of all pairs of positions at an offset; alike: both units are one."""
    h0, h1, w0, w1 = positions_left(dh, dw, row[5], row[6])
    x0, x1, y0, y1 = w0 * LANES, w1 * LANES, (w0 + dw) * LANES, (w1 + dw) * LANES
    for h in range(h0, h1):
        kk, tt, r1, r2 = k[h, x0:x1], t[h, x0:x1], ra[h, x0:x1], rb[h + dh, y0:y1]
        if alike:
            at_one(kk, tt, va[h, x0:x1], row[0], _real(k, f[2]))
        elif row[0] == 1:
            rectify(kk, tt, r1, r2, qa[h, x0:x1], qb[h + dh, y0:y1], _real(k, f[0]), _real(k, f[1]))
        else:
            err(kk, tt, r1, r2)


@_compiled
def weigh(k, t, spare, row, f, dh, dw, sizes, first):
    """A window step at an offset, from positions of the sizes given; dh, dw: the offset before it; first: t is zero."""
    region = positions_left(dh, dw, sizes[0], sizes[1])
    out = positions_left(dh // row[8], dw // row[9], row[5], row[6])
    x0, x1 = out[2] * LANES, out[3] * LANES
    if row[1] * row[2] * row[8] * row[9] > 1:
        slide(k, spare, (row[1], row[2]), (row[8], row[9]), (row[3], row[4]), region, out)
        if not first:
            slide(t, spare, (row[1], row[2]), (row[8], row[9]), (row[3], row[4]), region, out)
    for h in range(out[0], out[1]):
        if first:
            t[h, x0:x1] = _real(k, 0.0)
        affine(k[h, x0:x1], t[h, x0:x1], _real(k, f[0]), _real(k, f[1]), _real(k, f[2]), _real(k, f[3]))


@_compiled
def begin(k, t, region, dh, dw, a, b):
    """Means over channels of products of pixels at an offset; a, b: (height, channels, width x lanes)."""
    h0, h1, w0, w1 = region
    x0, x1, y0, y1 = w0 * LANES, w1 * LANES, (w0 + dw) * LANES, (w1 + dw) * LANES
    channels = a.shape[1]
    share = _real(k, 1.0) / _real(k, channels)
    for h in range(h0, h1):
        t[h, x0:x1] = _real(k, 0.0)
        row, other = k[h, x0:x1], h + dh
        # slices of one channel each: numba takes those of more for strided, and does not vectorise
        product(row, a[h, 0, x0:x1], b[other, 0, y0:y1], share)
        for c in range(1, channels - 1, 2):
            first, second = a[h, c, x0:x1], a[h, c + 1, x0:x1]
            add_products(row, first, second, b[other, c, y0:y1], b[other, c + 1, y0:y1], share)
        if channels % 2 == 0:
            add_product(row, a[h, channels - 1, x0:x1], b[other, channels - 1, y0:y1], share)


@_compiled
def add_positions(sums, part, spare, region):
    """Add the positions of a region to sums (lanes), rows first."""
    h0, h1, w0, w1 = region
    if h1 <= h0:
        return
    row = spare[0, w0 * LANES : w1 * LANES]
    row[:] = part[h0, w0 * LANES : w1 * LANES]
    for h in range(h0 + 1, h1):
        add(row, part[h, w0 * LANES : w1 * LANES])
    for w in range(w1 - w0):
        for lane in range(LANES):
            sums[lane] += row[w * LANES + lane]


@_compiled
def lanes(k, t, spare, pooled, a, va, ra, qa, b, rb, qb, one_point, tables, sums):
    """Sums over positions of sixteen pairs of images: sums (2, lanes) of K and T.

    a, b: (height, channels, width x lanes); va, ra, qa, rb, qb: (activations, height, width x lanes); k, t, spare:
    room for (height, width x lanes); pooled: room behind each segment; one_point: b is a; tables: see
    `limes.kernels.loops.recursion`.
    """
    integers, floats, segments, factors = tables
    sums[:] = 0.0
    for g in range(len(segments)):
        segment = segments[g]
        clear(pooled[g])
        for i in range(-segment[8], segment[8] + 1):
            for j in range(-segment[9], segment[9] + 1):
                dh, dw = i * segment[6], j * segment[7]
                height, width = segment[2], segment[3]
                region = positions_left(dh, dw, height, width)
                if g == 0:
                    begin(k, t, region, dh, dw, a, b)
                else:
                    begin_behind_pool(k, t, region, dh, dw, pooled[g - 1], _real(a, factors[g - 1]))
                for s in range(segment[0], segment[1]):
                    row, f = integers[s], floats[s]
                    if row[0] == 0:
                        weigh(k, t, spare, row, f, dh, dw, (height, width), g + s == 0)
                        dh, dw, height, width = dh // row[8], dw // row[9], row[5], row[6]
                    else:
                        c = row[7]
                        alike = one_point and dh == 0 and dw == 0
                        activate(k, t, va[c], ra[c], rb[c], qa[c], qb[c], row, f, dh, dw, alike)
                if segment[10] > 0:
                    pool(k, t, dh, dw, pooled[g], segment)
                else:
                    add_positions(sums[0], k, spare, positions_left(dh, dw, height, width))
                    add_positions(sums[1], t, spare, positions_left(dh, dw, height, width))


@_compiled
def working_room(x, v):
    """Room for one offset of K and T, and to spare."""
    k = np.zeros((max(v.shape[2], x.shape[1]), max(v.shape[3], x.shape[3]) * LANES), x.dtype)
    return k, np.zeros_like(k), np.zeros_like(k)


@_compiled
def sums_over_positions(x1, v1, r1, q1, x2, v2, r2, q2, with_itself, tables, sums):
    """Sums (2, n1, n2) of K and T for all pairs, or (2, 1, n2) for the inputs x2 with themselves."""
    n2 = x2.shape[0]
    a, va, ra, qa = room(x2, v2)
    k, t, spare = working_room(x2, v2)
    pooled, part = room_behind_pools(x2, tables[2]), np.zeros((2, LANES))
    blocks = in_lanes(x2, v2, r2, q2)
    for i in range(sums.shape[1]):
        if not with_itself:
            spread_image(a, va, ra, qa, x1[i], v1[i], r1[i], q1[i])
        for block in range(len(blocks)):
            b, _vb, rb, qb = blocks[block]
            if with_itself:
                a, va, ra, qa = blocks[block]
            lanes(k, t, spare, pooled, a, va, ra, qa, b, rb, qb, with_itself, tables, part)
            for lane in range(min(LANES, n2 - block * LANES)):
                sums[0, i, block * LANES + lane] = part[0, lane]
                sums[1, i, block * LANES + lane] = part[1, lane]


@_compiled
def variances_behind_pool(x, v, r, q, tables, out):
    """Variances (n, height, width) behind the pool of the last segment: K of images with themselves, offset 0."""
    k, t, spare = working_room(x, v)
    pooled, part = room_behind_pools(x, tables[2]), np.zeros((2, LANES))
    last = len(tables[2]) - 1
    height, width = tables[2][last, 16], tables[2][last, 17]
    factor = _real(x, tables[3][last])
    blocks = in_lanes(x, v, r, q)
    for block in range(len(blocks)):
        a, va, ra, qa = blocks[block]
        lanes(k, t, spare, pooled, a, va, ra, qa, a, ra, qa, True, tables, part)
        for lane in range(min(LANES, x.shape[0] - block * LANES)):
            for h in range(height):
                for w in range(width):
                    out[block * LANES + lane, h, w] = factor * pooled[last][0, 0, 0, h, w * LANES + lane]
