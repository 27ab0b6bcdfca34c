"""The loops of `limes.kernels.loops.recursion` backwards: gradients of sums of kernel entries in the first batch.

Of a pair of images and an offset, covariance and NTK before each activation are kept from the way forward. On the way
back, kb and tb hold the derivatives of the sum in K and T, and vb those in the variances of the first image. For
u = k / sqrt(v v') with s = sqrt(1 - u^2), dE[phi phi]/dk = E[phi' phi'], and the other derivatives stand with each
activation. As in `limes.nets.rectifiers`, 1/s is held finite; coincident images are left to the caller.
"""

import math

import numpy as np

from limes.kernels.loops.forward import activate, begin, slide, weigh, working_room
from limes.kernels.loops.lanes import in_lanes, room, spread_image
from limes.kernels.loops.rows import LANES, _arcsin, _compiled, _real, add, add_product, positions_left


@_compiled
def rectify_back(kb, tb, vb, k, t, ra, rb, qb, a, b, floor):
    """max(x, 0) + alpha min(x, 0): dE[phi phi]/dv = b s sqrt(v'/v) / 2, dE[phi' phi']/du = b / s."""
    one, half = _real(k, 1.0), _real(k, 0.5)
    for i in range(k.size):
        r = ra[i] * rb[i]
        u = min(max(k[i] * r, -one), one)
        s = np.sqrt((one - u) * (one + u))
        dot = a + b * _arcsin(u)
        slope = tb[i] * t[i] * b / max(s, floor)
        vb[i] += half * ra[i] * (kb[i] * b * qb[i] * s - slope * u * ra[i])
        kb[i] = kb[i] * dot + slope * r
        tb[i] = tb[i] * dot


@_compiled
def err_back(kb, tb, vb, k, t, ra, rb):
    """erf: with r = 1 / sqrt(1 + 2v), u = 2 k r r', g = 1 - u^2: moments (2/pi) arcsin u and (4/pi) r r' / sqrt(g)."""
    one, two = _real(k, 1.0), _real(k, 2.0)
    four_per_pi = _real(k, 4 / math.pi)
    for i in range(k.size):
        r1, r2 = ra[i], rb[i]
        r = r1 * r2
        u = min(max(two * k[i] * r, -one), one)
        gap = max((one - u) * (one + u), r1 * r1 + r2 * r2 - r * r)
        dot = four_per_pi * r / np.sqrt(gap)
        slope = tb[i] * t[i] * dot
        # du = 2 r dk - u r1^2 dv, and r falls by r r1^2 dv
        by_u = kb[i] * four_per_pi / (two * np.sqrt(gap)) + slope * u / gap
        vb[i] -= r1 * r1 * (by_u * u + slope)
        kb[i] = by_u * two * r
        tb[i] = tb[i] * dot


@_compiled
def affine_back(kb, tb, weight, own):
    """Weights and biases, on rows."""
    for i in range(kb.size):
        kb[i] = weight * kb[i] + own * tb[i]
        tb[i] = weight * tb[i]


@_compiled
def slide_back(k, spare, size, strides, before, region, out):
    """The transpose of `limes.kernels.loops.slide`, from its positions `out` to its region, in place."""
    if strides[0] * strides[1] == 1:
        turned = (size[0] - 1 - before[0], size[1] - 1 - before[1])
        slide(k, spare, size, strides, turned, out, region)
        return
    zero = _real(k, 0.0)
    h0, h1, w0, w1 = region
    o0, o1, p0, p1 = out
    spare[:] = zero
    for h in range(o0, o1):
        for w in range(p0, p1):
            part = k[h, w * LANES : (w + 1) * LANES]
            i, j = h * strides[0] - before[0], w * strides[1] - before[1]
            for row in range(max(h0, i), min(h1, i + size[0])):
                for column in range(max(w0, j), min(w1, j + size[1])):
                    add(spare[row, column * LANES : (column + 1) * LANES], part)
    for h in range(h0, h1):
        k[h, w0 * LANES : w1 * LANES] = spare[h, w0 * LANES : w1 * LANES]


@_compiled
def activate_back(kb, tb, vb, k, t, ra, rb, qb, row, f, dh, dw, floor):
    """An activation of all pairs of positions at an offset."""
    h0, h1, w0, w1 = positions_left(dh, dw, row[5], row[6])
    x0, x1, y0, y1 = w0 * LANES, w1 * LANES, (w0 + dw) * LANES, (w1 + dw) * LANES
    for h in range(h0, h1):
        kk, tt, grow, by_k, by_t = k[h, x0:x1], t[h, x0:x1], vb[h, x0:x1], kb[h, x0:x1], tb[h, x0:x1]
        r1, r2 = ra[h, x0:x1], rb[h + dh, y0:y1]
        if row[0] == 1:
            rectify_back(by_k, by_t, grow, kk, tt, r1, r2, qb[h + dh, y0:y1], _real(k, f[0]), _real(k, f[1]), floor)
        else:
            err_back(by_k, by_t, grow, kk, tt, r1, r2)


@_compiled
def weigh_back(kb, tb, spare, row, f, dh, dw, sizes, first):
    """A window step at an offset; arguments as for `limes.kernels.loops.weigh`: tb before the first is not needed."""
    region = positions_left(dh, dw, sizes[0], sizes[1])
    out = positions_left(dh // row[8], dw // row[9], row[5], row[6])
    x0, x1 = out[2] * LANES, out[3] * LANES
    for h in range(out[0], out[1]):
        affine_back(kb[h, x0:x1], tb[h, x0:x1], _real(kb, f[0]), _real(kb, f[2]))
    if row[1] * row[2] * row[8] * row[9] > 1:
        slide_back(kb, spare, (row[1], row[2]), (row[8], row[9]), (row[3], row[4]), region, out)
        if not first:
            slide_back(tb, spare, (row[1], row[2]), (row[8], row[9]), (row[3], row[4]), region, out)


@_compiled
def begin_back(xb, kb, region, dh, dw, b):
    """Means over channels of products of pixels at an offset."""
    h0, h1, w0, w1 = region
    x0, x1, y0, y1 = w0 * LANES, w1 * LANES, (w0 + dw) * LANES, (w1 + dw) * LANES
    share = _real(kb, 1.0) / _real(kb, b.shape[1])
    for h in range(h0, h1):
        for c in range(b.shape[1]):
            add_product(xb[h, c, x0:x1], kb[h, x0:x1], b[h + dh, c, y0:y1], share)


@_compiled
def lanes_back(k, t, kept_k, kept_t, spare, a, va, ra, qa, b, rb, qb, tables, places, seeds, floor, xb, vb):
    """Add the derivatives of seeds (2, lanes) times the sums of sixteen pairs of images to xb and vb.

    Arrays as in `limes.kernels.loops.lanes`; kept_k, kept_t: (activations, height, width x lanes); places: room for
    offset and sizes before each step and behind the last, (steps + 1, 4); xb like a, vb like va.
    """
    integers, floats, segments, _factors = tables
    segment, n_steps = segments[0], len(integers)
    for i in range(-segment[8], segment[8] + 1):
        for j in range(-segment[9], segment[9] + 1):
            dh, dw = i * segment[6], j * segment[7]
            first = positions_left(dh, dw, segment[2], segment[3])
            places[0, 0], places[0, 1], places[0, 2], places[0, 3] = dh, dw, segment[2], segment[3]
            begin(k, t, first, dh, dw, a, b)
            for s in range(n_steps):
                row, f, c = integers[s], floats[s], integers[s, 7]
                if row[0] == 0:
                    weigh(k, t, spare, row, f, dh, dw, (places[s, 2], places[s, 3]), s == 0)
                    dh, dw = dh // row[8], dw // row[9]
                else:
                    keep(kept_k[c], k, positions_left(dh, dw, row[5], row[6]))
                    keep(kept_t[c], t, positions_left(dh, dw, row[5], row[6]))
                    activate(k, t, va[c], ra[c], rb[c], qa[c], qb[c], row, f, dh, dw, False)
                places[s + 1, 0], places[s + 1, 1], places[s + 1, 2], places[s + 1, 3] = dh, dw, row[5], row[6]
            h0, h1, w0, w1 = positions_left(dh, dw, places[n_steps, 2], places[n_steps, 3])
            for h in range(h0, h1):
                for w in range(w0, w1):
                    k[h, w * LANES : (w + 1) * LANES] = seeds[0]
                    t[h, w * LANES : (w + 1) * LANES] = seeds[1]
            for s in range(n_steps - 1, -1, -1):
                row, f, c = integers[s], floats[s], integers[s, 7]
                dh, dw = places[s, 0], places[s, 1]
                if row[0] == 0:
                    weigh_back(k, t, spare, row, f, dh, dw, (places[s, 2], places[s, 3]), s == 0)
                else:
                    activate_back(k, t, vb[c], kept_k[c], kept_t[c], ra[c], rb[c], qb[c], row, f, dh, dw, floor)
            begin_back(xb, k, first, dh, dw, b)


@_compiled
def keep(out, part, region):
    """Copy a region."""
    h0, h1, w0, w1 = region
    for h in range(h0, h1):
        out[h, w0 * LANES : w1 * LANES] = part[h, w0 * LANES : w1 * LANES]


@_compiled
def gathered(part):
    """Sums over lanes: (m, width x lanes) to (m, width)."""
    out = np.zeros((part.shape[0], part.shape[1] // LANES), part.dtype)
    for i in range(out.shape[0]):
        for w in range(out.shape[1]):
            for lane in range(LANES):
                out[i, w] += part[i, w * LANES + lane]
    return out


@_compiled
def variances_back(x, v, vb, tables, out):
    """From derivatives vb (activations, height, width) in the variances of an image to those in its pixels, added.

    x, out: (height, channels, width); v like vb.
    """
    one, two, four = _real(x, 1.0), _real(x, 2.0), _real(x, 4.0)
    integers, floats, segments, _factors = tables
    now = np.zeros(v.shape[1:], x.dtype)
    for s in range(len(integers) - 1, -1, -1):
        row, f = integers[s], floats[s]
        if row[0] == 0:
            before = np.zeros_like(now)
            height, width = segments[0, 2], segments[0, 3]
            if s > 0:
                height, width = integers[s - 1, 5], integers[s - 1, 6]
            weight = _real(x, f[0])
            for h in range(row[5]):
                for w in range(row[6]):
                    for o in range(row[1]):
                        for p in range(row[2]):
                            i, j = h * row[8] - row[3] + o, w * row[9] - row[4] + p
                            if 0 <= i < height and 0 <= j < width:
                                before[i, j] += weight * now[h, w]
            now = before
            continue
        for h in range(row[5]):
            for w in range(row[6]):
                value = v[row[7], h, w]
                if row[0] == 1:
                    slope = _real(x, f[2])
                else:
                    slope = _real(x, 4 / math.pi) / ((one + two * value) * np.sqrt(one + four * value))
                now[h, w] = slope * now[h, w] + vb[row[7], h, w]
    for h in range(x.shape[0]):
        for c in range(x.shape[1]):
            for w in range(x.shape[2]):
                out[h, c, w] += two / _real(x, x.shape[1]) * x[h, c, w] * now[h, w]


@_compiled
def gradients(x1, v1, r1, q1, x2, v2, r2, q2, tables, seeds, floor, out):
    """Gradients, in the images x1 like `out`, of sums over pairs of seeds (2, n1, n2) times K and T."""
    n2 = x2.shape[0]
    a, va, ra, qa = room(x2, v2)
    xb, vb = np.zeros_like(a), np.zeros_like(va)
    k, t, spare = working_room(x2, v2)
    kept_k, kept_t, places = np.zeros_like(va), np.zeros_like(va), np.zeros((len(tables[0]) + 1, 4), np.int64)
    part = np.zeros((2, LANES), x2.dtype)
    blocks = in_lanes(x2, v2, r2, q2)
    for i in range(x1.shape[0]):
        spread_image(a, va, ra, qa, x1[i], v1[i], r1[i], q1[i])
        xb[:] = _real(xb, 0.0)
        vb[:] = _real(vb, 0.0)
        for block in range(len(blocks)):
            b, _v, r, q = blocks[block]
            part[:] = _real(part, 0.0)
            for lane in range(min(LANES, n2 - block * LANES)):
                part[0, lane] = seeds[0, i, block * LANES + lane]
                part[1, lane] = seeds[1, i, block * LANES + lane]
            lanes_back(k, t, kept_k, kept_t, spare, a, va, ra, qa, b, r, q, tables, places, part, floor, xb, vb)
        for h in range(x1.shape[1]):
            out[i, h] = gathered(xb[h])
        by_variance = np.zeros_like(v1[i])
        for s in range(by_variance.shape[0]):
            by_variance[s] = gathered(vb[s])
        variances_back(x1[i], v1[i], by_variance, tables, out[i])
