"""The loops of `limes.kernels.compiled`, for float32 and float64 alike.

They stand at the top of a module so that numba can keep what it has compiled for the next process.
"""

import math
from typing import Any

import numba
import numpy as np
from numba.extending import overload

from limes.kernels.arcsin import coefficients

LANES = 16
_compiled: Any = numba.njit(fastmath={"contract", "nsz", "nnan"}, nogil=True, cache=True)


def _real(like, value):
    """A number in the precision of a scalar or an array, so that no arithmetic goes through float64."""
    raise NotImplementedError


@overload(_real, inline="always")
def _real_overload(like, value):
    single = getattr(like, "dtype", like) == numba.float32
    return (lambda like, value: np.float32(value)) if single else (lambda like, value: np.float64(value))


def _polynomial(t):
    """P of `limes.kernels.arcsin`."""
    raise NotImplementedError


_C = tuple(coefficients(np.dtype(np.float32)))
_D = tuple(coefficients(np.dtype(np.float64)))


def _polynomial32(t):
    c0, c1, c2, c3, c4, c5 = (
        _real(t, _C[0]),
        _real(t, _C[1]),
        _real(t, _C[2]),
        _real(t, _C[3]),
        _real(t, _C[4]),
        _real(t, _C[5]),
    )
    return ((((c5 * t + c4) * t + c3) * t + c2) * t + c1) * t + c0


def _polynomial64(t):
    high = ((((((_D[13] * t + _D[12]) * t + _D[11]) * t + _D[10]) * t + _D[9]) * t + _D[8]) * t + _D[7]) * t + _D[6]
    return (((((high * t + _D[5]) * t + _D[4]) * t + _D[3]) * t + _D[2]) * t + _D[1]) * t + _D[0]


@overload(_polynomial, inline="always")
def _polynomial_overload(t):
    return _polynomial32 if t == numba.float32 else _polynomial64


@numba.njit(fastmath={"contract", "nsz", "nnan"}, nogil=True, inline="always")
def _arcsin(u):
    one, half = _real(u, 1.0), _real(u, 0.5)
    a = abs(u)
    upper = a > half
    t = half * (one - a) if upper else a * a
    root = np.sqrt(t) if upper else a
    small = root + root * t * _polynomial(t)
    value = _real(u, math.pi / 2) - (small + small) if upper else small
    return value if u >= _real(u, 0.0) else -value


# Rows are one-dimensional, positions x lanes, so that each loop is long and free of inner loops.


@_compiled
def rectify(k, t, ra, rb, qa, qb, a, b):
    """Both moments of max(x, 0) + alpha min(x, 0), on rows; see `limes.nets.rectifiers`."""
    one = _real(k, 1.0)
    for i in range(k.size):
        u = min(max(k[i] * (ra[i] * rb[i]), -one), one)
        s = np.sqrt((one - u) * (one + u))
        angle = _arcsin(u)
        k[i] = a * k[i] + b * qa[i] * qb[i] * (s + u * angle)
        t[i] = t[i] * (a + b * angle)


@_compiled
def err(k, t, ra, rb):
    """Both moments of erf, on rows; see `limes.nets.erf`."""
    one = _real(k, 1.0)
    two = _real(k, 2.0)
    per_pi = _real(k, 2 / math.pi)
    for i in range(k.size):
        r1, r2 = ra[i], rb[i]
        u = min(max(two * k[i] * (r1 * r2), -one), one)
        gap = max((one - u) * (one + u), r1 * r1 + r2 * r2 - r1 * r1 * r2 * r2)
        k[i] = per_pi * _arcsin(u)
        t[i] = t[i] * (two * per_pi * r1 * r2 / np.sqrt(gap))


@_compiled
def add(out, part):
    """out += part."""
    for i in range(out.size):
        out[i] += part[i]


@_compiled
def slide(k, spare, size, before, region, out):
    """Box sums of k over the window, from the region to the region `out`, in place."""
    zero = _real(k, 0.0)
    h0, h1, w0, w1 = region
    o0, o1, p0, p1 = out
    for h in range(o0, o1):
        row = spare[h, w0 * LANES : w1 * LANES]
        row[:] = zero
        for source in range(max(h0, h - before[0]), min(h1, h - before[0] + size[0])):
            add(row, k[source, w0 * LANES : w1 * LANES])
    for h in range(o0, o1):
        k[h, p0 * LANES : p1 * LANES] = zero
        for o in range(size[1]):
            move = before[1] - o
            first, last = max(p0, w0 + move), min(p1, w1 + move)
            if last > first:
                add(k[h, first * LANES : last * LANES], spare[h, (first - move) * LANES : (last - move) * LANES])


@_compiled
def affine(k, t, weight, bias, own, own_bias):
    """Weights and biases, on rows; see `limes.kernels.program.Window`."""
    for i in range(k.size):
        mean = k[i]
        k[i] = weight * mean + bias
        t[i] = weight * t[i] + own * mean + own_bias


@_compiled
def product(k, a, b, channels):
    """Mean over channels of products: a, b (channels, positions x lanes)."""
    zero = _real(k, 0.0)
    k[:] = zero
    for c in range(channels):
        first, second = a[c], b[c]
        for i in range(k.size):
            k[i] += first[i] * second[i]
    for i in range(k.size):
        k[i] /= _real(k, channels)


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
                    i, j = h - row[3] + o, w - row[4] + p
                    if 0 <= i < sizes[0] and 0 <= j < sizes[1]:
                        total += v[i, j]
            new[h, w] = _real(v, f[0]) * total + _real(v, f[1])
    return new


@_compiled
def variances(x, integers, floats, v, r, q):
    """Variances before each activation with their roots, from inputs (n, height, channels, width)."""
    one = _real(x, 1.0)
    two = _real(x, 2.0)
    zero = _real(x, 0.0)
    per_pi = _real(x, 2 / math.pi)
    for n in range(x.shape[0]):
        sizes = (x.shape[1], x.shape[3])
        now = np.zeros(v.shape[2:], x.dtype)
        for h in range(sizes[0]):
            for w in range(sizes[1]):
                for c in range(x.shape[2]):
                    now[h, w] += x[n, h, c, w] * x[n, h, c, w]
                now[h, w] /= _real(x, x.shape[2])
        for s in range(len(integers)):
            row = integers[s]
            if row[0] == 0:
                now = box_means(now, row, floats[s], sizes)
                sizes = (row[5], row[6])
                continue
            for h in range(sizes[0]):
                for w in range(sizes[1]):
                    value = now[h, w]
                    v[n, row[7], h, w] = value
                    if row[0] == 1:
                        q[n, row[7], h, w] = np.sqrt(value)
                        r[n, row[7], h, w] = one / np.sqrt(value) if value > zero else zero
                        now[h, w] = _real(x, floats[s, 2]) * value
                    else:
                        r[n, row[7], h, w] = one / np.sqrt(one + two * value)
                        now[h, w] = per_pi * np.arctan(two * value / np.sqrt(one + _real(x, 4) * value))


@_compiled
def at_one(k, t, v, code, a):
    """An activation where both units are one: cosine exactly 1."""
    one = _real(k, 1.0)
    two = _real(k, 2.0)
    per_pi = _real(k, 2 / math.pi)
    for i in range(k.size):
        if code == 1:
            k[i] = a * v[i]
            t[i] *= a
        else:
            inverse = one / np.sqrt(one + _real(k, 4) * v[i])
            k[i] = per_pi * np.arctan(two * v[i] * inverse)
            t[i] *= two * per_pi * inverse


@_compiled
def lanes(k, t, spare, a, va, ra, qa, b, rb, qb, one_point, integers, floats, shape, every_offset, sums):
    """Sums over positions of sixteen pairs of images: sums (2, lanes) of K and T.

    a, b: (height, channels, width x lanes); va, ra, qa, rb, qb: (activations, height, width x lanes); k, t, spare:
    room for (height, width x lanes); one_point: b is a.
    """
    zero = _real(a, 0.0)
    height, channels, width = a.shape[0], a.shape[1], a.shape[2] // LANES
    row_sums = np.zeros((2, LANES), a.dtype)
    sums[:] = 0.0
    reach = (shape[0] - 1, shape[1] - 1) if every_offset else (0, 0)
    for dh in range(-reach[0], reach[0] + 1):
        for dw in range(-reach[1], reach[1] + 1):
            h0, h1, w0, w1 = max(0, -dh), min(height, height - dh), max(0, -dw), min(width, width - dw)
            x0, x1, y0, y1 = w0 * LANES, w1 * LANES, (w0 + dw) * LANES, (w1 + dw) * LANES
            for h in range(h0, h1):
                product(k[h, x0:x1], a[h, :, x0:x1], b[h + dh, :, y0:y1], channels)
                t[h, x0:x1] = zero
            for s in range(len(integers)):
                row = integers[s]
                code, number, f = row[0], row[7], floats[s]
                if code == 0:
                    region = (h0, h1, w0, w1)
                    h0, h1 = max(0, -dh), min(row[5], row[5] - dh)
                    w0, w1 = max(0, -dw), min(row[6], row[6] - dw)
                    x0, x1, y0, y1 = w0 * LANES, w1 * LANES, (w0 + dw) * LANES, (w1 + dw) * LANES
                    if row[1] * row[2] > 1:
                        out = (h0, h1, w0, w1)
                        slide(k, spare, (row[1], row[2]), (row[3], row[4]), region, out)
                        slide(t, spare, (row[1], row[2]), (row[3], row[4]), region, out)
                    for h in range(h0, h1):
                        affine(k[h, x0:x1], t[h, x0:x1], _real(a, f[0]), _real(a, f[1]), _real(a, f[2]), _real(a, f[3]))
                elif one_point and dh == 0 and dw == 0:
                    for h in range(h0, h1):
                        at_one(k[h, x0:x1], t[h, x0:x1], va[number, h, x0:x1], code, _real(a, f[2]))
                elif code == 1:
                    for h in range(h0, h1):
                        rectify(
                            k[h, x0:x1],
                            t[h, x0:x1],
                            ra[number, h, x0:x1],
                            rb[number, h + dh, y0:y1],
                            qa[number, h, x0:x1],
                            qb[number, h + dh, y0:y1],
                            _real(a, f[0]),
                            _real(a, f[1]),
                        )
                else:
                    for h in range(h0, h1):
                        err(k[h, x0:x1], t[h, x0:x1], ra[number, h, x0:x1], rb[number, h + dh, y0:y1])
            for h in range(h0, h1):
                row_sums[:] = zero
                for w in range(w0, w1):
                    for lane in range(LANES):
                        row_sums[0, lane] += k[h, w * LANES + lane]
                        row_sums[1, lane] += t[h, w * LANES + lane]
                for lane in range(LANES):
                    sums[0, lane] += row_sums[0, lane]
                    sums[1, lane] += row_sums[1, lane]


@_compiled
def fill(out, part, lane):
    """Put an array (..., width) into one lane of (..., width x lanes), both as two axes."""
    for i in range(part.shape[0]):
        for w in range(part.shape[1]):
            out[i, w * LANES + lane] = part[i, w]


@_compiled
def fill_image(x, v, r, q, image, image_v, image_r, image_q, lane):
    """Put an image, its variances and their roots into one lane."""
    for h in range(image.shape[0]):
        fill(x[h], image[h], lane)
    for s in range(image_v.shape[0]):
        fill(v[s], image_v[s], lane)
        fill(r[s], image_r[s], lane)
        fill(q[s], image_q[s], lane)


@_compiled
def spread(out, part):
    """Put an array (..., width) into all lanes."""
    for i in range(part.shape[0]):
        for w in range(part.shape[1]):
            out[i, w * LANES : (w + 1) * LANES] = part[i, w]


@_compiled
def spread_image(x, v, r, q, image, image_v, image_r, image_q):
    """Put an image, its variances and their roots into all lanes."""
    for h in range(image.shape[0]):
        spread(x[h], image[h])
    for s in range(image_v.shape[0]):
        spread(v[s], image_v[s])
        spread(r[s], image_r[s])
        spread(q[s], image_q[s])


@_compiled
def room(x, v):
    """Lanes for images like x (n, height, channels, width) with variances v (n, activations, height, width)."""
    images = np.zeros((x.shape[1], x.shape[2], x.shape[3] * LANES), x.dtype)
    shape = (v.shape[1], v.shape[2], v.shape[3] * LANES)
    return images, np.zeros(shape, x.dtype), np.zeros(shape, x.dtype), np.zeros(shape, x.dtype)


@_compiled
def in_lanes(x, v, r, q):
    """Images with their variances and roots, sixteen at a time; the last one fills up the lanes that are left."""
    blocks = [room(x, v) for _ in range((len(x) + LANES - 1) // LANES)]
    for j in range(len(blocks) * LANES):
        image = min(j, len(x) - 1)
        b, vb, rb, qb = blocks[j // LANES]
        fill_image(b, vb, rb, qb, x[image], v[image], r[image], q[image], j % LANES)
    return blocks


@_compiled
def sums_over_positions(x1, v1, r1, q1, x2, v2, r2, q2, with_itself, integers, floats, shape, every_offset, sums):
    """Sums (2, n1, n2) of K and T for all pairs, or (2, 1, n2) for the inputs x2 with themselves."""
    n2 = x2.shape[0]
    a, va, ra, qa = room(x2, v2)
    k = np.zeros((v2.shape[2], v2.shape[3] * LANES), x2.dtype)
    t, spare, part = np.zeros_like(k), np.zeros_like(k), np.zeros((2, LANES))
    blocks = in_lanes(x2, v2, r2, q2)
    for i in range(sums.shape[1]):
        if not with_itself:
            spread_image(a, va, ra, qa, x1[i], v1[i], r1[i], q1[i])
        for block in range(len(blocks)):
            b, _vb, rb, qb = blocks[block]
            if with_itself:
                a, va, ra, qa = blocks[block]
            lanes(k, t, spare, a, va, ra, qa, b, rb, qb, with_itself, integers, floats, shape, every_offset, part)
            for lane in range(min(LANES, n2 - block * LANES)):
                sums[0, i, block * LANES + lane] = part[0, lane]
                sums[1, i, block * LANES + lane] = part[1, lane]
