"""The loops of `limes.kernels.compiled` backwards: gradients of sums of kernel entries in the first batch of images.

Of a pair of images and an offset, covariance and NTK before each activation are kept from the way forward. On the way
back, kb and tb hold the derivatives of the sum in K and T, and vb those in the variances of the first image. For
u = k / sqrt(v v') with s = sqrt(1 - u^2), dE[phi phi]/dk = E[phi' phi'], and the other derivatives stand with each
activation. As in `limes.nets.rectifiers`, 1/s is held finite; coincident images are left to the caller.
"""

import math

import numpy as np

from limes.kernels.loops import (
    LANES,
    _arcsin,
    _compiled,
    _real,
    affine,
    err,
    in_lanes,
    product,
    rectify,
    room,
    slide,
    spread_image,
)


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
def product_back(xb, kb, b, channels):
    """Mean over channels of products: xb += kb b / channels."""
    share = _real(kb, 1.0) / _real(kb, channels)
    for c in range(channels):
        out, other = xb[c], b[c]
        for i in range(kb.size):
            out[i] += share * kb[i] * other[i]


@_compiled
def positions_left(dh, dw, height, width):
    """Positions of the first image that have a partner at an offset: rows, and columns without lanes."""
    return max(0, -dh), min(height, height - dh), max(0, -dw), min(width, width - dw)


@_compiled
def lanes_back(
    k, t, kept_k, kept_t, spare, a, ra, qa, b, rb, qb, integers, floats, starts, every_offset, seeds, floor, xb, vb
):
    """Add the derivatives of seeds (2, lanes) times the sums of sixteen pairs of images to xb and vb.

    Arrays as in `limes.kernels.loops.lanes`; kept_k, kept_t: (activations, height, width x lanes); starts: positions
    before each step and after the last; xb like a, vb like va.
    """
    channels = a.shape[1]
    n_steps = len(integers)
    first = starts[0]
    reach = (starts[n_steps, 0] - 1, starts[n_steps, 1] - 1) if every_offset else (0, 0)
    for dh in range(-reach[0], reach[0] + 1):
        for dw in range(-reach[1], reach[1] + 1):
            h0, h1, w0, w1 = positions_left(dh, dw, first[0], first[1])
            x0, x1, y0, y1 = w0 * LANES, w1 * LANES, (w0 + dw) * LANES, (w1 + dw) * LANES
            for h in range(h0, h1):
                product(k[h, x0:x1], a[h, :, x0:x1], b[h + dh, :, y0:y1], channels)
                t[h, x0:x1] = _real(a, 0.0)
            for s in range(n_steps):
                row, f = integers[s], floats[s]
                number = row[7]
                region = positions_left(dh, dw, starts[s, 0], starts[s, 1])
                out = positions_left(dh, dw, starts[s + 1, 0], starts[s + 1, 1])
                h0, h1, w0, w1 = out
                x0, x1, y0, y1 = w0 * LANES, w1 * LANES, (w0 + dw) * LANES, (w1 + dw) * LANES
                if row[0] == 0:
                    if row[1] * row[2] > 1:
                        slide(k, spare, (row[1], row[2]), (row[3], row[4]), region, out)
                        slide(t, spare, (row[1], row[2]), (row[3], row[4]), region, out)
                    for h in range(h0, h1):
                        affine(k[h, x0:x1], t[h, x0:x1], _real(a, f[0]), _real(a, f[1]), _real(a, f[2]), _real(a, f[3]))
                    continue
                for h in range(h0, h1):
                    kept_k[number, h, x0:x1] = k[h, x0:x1]
                    kept_t[number, h, x0:x1] = t[h, x0:x1]
                    r1, r2 = ra[number, h, x0:x1], rb[number, h + dh, y0:y1]
                    if row[0] == 1:
                        q1, q2 = qa[number, h, x0:x1], qb[number, h + dh, y0:y1]
                        rectify(k[h, x0:x1], t[h, x0:x1], r1, r2, q1, q2, _real(a, f[0]), _real(a, f[1]))
                    else:
                        err(k[h, x0:x1], t[h, x0:x1], r1, r2)
            h0, h1, w0, w1 = positions_left(dh, dw, starts[n_steps, 0], starts[n_steps, 1])
            for h in range(h0, h1):
                for w in range(w0, w1):
                    k[h, w * LANES : (w + 1) * LANES] = seeds[0]
                    t[h, w * LANES : (w + 1) * LANES] = seeds[1]
            for s in range(n_steps - 1, -1, -1):
                row, f = integers[s], floats[s]
                number = row[7]
                region = positions_left(dh, dw, starts[s + 1, 0], starts[s + 1, 1])
                h0, h1, w0, w1 = region
                x0, x1, y0, y1 = w0 * LANES, w1 * LANES, (w0 + dw) * LANES, (w1 + dw) * LANES
                if row[0] == 0:
                    for h in range(h0, h1):
                        affine_back(k[h, x0:x1], t[h, x0:x1], _real(a, f[0]), _real(a, f[2]))
                    if row[1] * row[2] > 1:
                        out = positions_left(dh, dw, starts[s, 0], starts[s, 1])
                        before = (row[1] - 1 - row[3], row[2] - 1 - row[4])
                        slide(k, spare, (row[1], row[2]), before, region, out)
                        slide(t, spare, (row[1], row[2]), before, region, out)
                    continue
                for h in range(h0, h1):
                    kk, tt = kept_k[number, h, x0:x1], kept_t[number, h, x0:x1]
                    r1, r2 = ra[number, h, x0:x1], rb[number, h + dh, y0:y1]
                    grow = vb[number, h, x0:x1]
                    if row[0] == 1:
                        q2 = qb[number, h + dh, y0:y1]
                        f0, f1 = _real(a, f[0]), _real(a, f[1])
                        rectify_back(k[h, x0:x1], t[h, x0:x1], grow, kk, tt, r1, r2, q2, f0, f1, floor)
                    else:
                        err_back(k[h, x0:x1], t[h, x0:x1], grow, kk, tt, r1, r2)
            h0, h1, w0, w1 = positions_left(dh, dw, first[0], first[1])
            x0, x1, y0, y1 = w0 * LANES, w1 * LANES, (w0 + dw) * LANES, (w1 + dw) * LANES
            for h in range(h0, h1):
                product_back(xb[h, :, x0:x1], k[h, x0:x1], b[h + dh, :, y0:y1], channels)


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
def variances_back(x, v, vb, integers, floats, starts, out):
    """From derivatives vb (activations, height, width) in the variances of an image to those in its pixels, added.

    x, out: (height, channels, width); v like vb.
    """
    one, two, four = _real(x, 1.0), _real(x, 2.0), _real(x, 4.0)
    now = np.zeros(v.shape[1:], x.dtype)
    for s in range(len(integers) - 1, -1, -1):
        row, f = integers[s], floats[s]
        if row[0] == 0:
            before = np.zeros_like(now)
            weight = _real(x, f[0])
            for h in range(row[5]):
                for w in range(row[6]):
                    for o in range(row[1]):
                        for p in range(row[2]):
                            i, j = h - row[3] + o, w - row[4] + p
                            if 0 <= i < starts[s, 0] and 0 <= j < starts[s, 1]:
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
def gradients(x1, v1, r1, q1, x2, v2, r2, q2, integers, floats, starts, every_offset, seeds, floor, out):
    """Gradients, in the images x1 like `out`, of sums over pairs of seeds (2, n1, n2) times K and T."""
    n2 = x2.shape[0]
    a, va, ra, qa = room(x2, v2)
    xb, vb = np.zeros_like(a), np.zeros_like(va)
    k = np.zeros((v2.shape[2], v2.shape[3] * LANES), x2.dtype)
    t, spare, kept_k, kept_t = np.zeros_like(k), np.zeros_like(k), np.zeros_like(va), np.zeros_like(va)
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
            # fmt: off
            lanes_back(
                k, t, kept_k, kept_t, spare, a, ra, qa, b, r, q, integers, floats, starts, every_offset, part, floor,
                xb, vb,
            )
            # fmt: on
        for h in range(x1.shape[1]):
            out[i, h] = gathered(xb[h])
        by_variance = np.zeros_like(v1[i])
        for s in range(by_variance.shape[0]):
            by_variance[s] = gathered(vb[s])
        variances_back(x1[i], v1[i], by_variance, integers, floats, starts, out[i])
