"""Images in lanes: sixteen beside each other at every position, or one in all sixteen."""

import numpy as np

from limes.kernels.loops.rows import LANES, _compiled


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
