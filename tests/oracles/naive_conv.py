"""The kernel recursion with loops over all pairs of positions, for convolutional nets with pooling, of any head.

Every pair of positions of every pair of inputs is kept, whatever the head needs, and each step is a sum over the
definition: no shared code and no shared shortcut with the library.
"""

import itertools
import math

import numpy as np

from oracles.windows import inside, shape_after


def naive_kernel(spec, x1, x2):
    """NNGP and NTK (n1, n2) of a net given as a list of dicts, with relu and erf as activations."""
    nngp, ntk = np.zeros((len(x1), len(x2))), np.zeros((len(x1), len(x2)))
    for i, a in enumerate(x1):
        for j, b in enumerate(x2):
            nngp[i, j], ntk[i, j] = _pair(spec, a, b)
    return nngp, ntk


def _pair(spec, a, b):
    """One pair of inputs: covariances of (a, b), (a, a) and (b, b) over all pairs of positions, together."""
    batches = [(a, b), (a, a), (b, b)]
    covariances = [np.tensordot(p, q, (-1, -1)) / a.shape[-1] for p, q in batches]
    theta = np.zeros_like(covariances[0])
    ranks, same = a.ndim - 1, [np.array_equal(a, b), True, True]
    for layer in spec:
        if layer["layer"] in ("relu", "erf"):
            variances = [_diagonal(c, ranks) for c in covariances[1:]]
            sides = [(variances[0], variances[1]), (variances[0],) * 2, (variances[1],) * 2]
            duals = [
                _activate(layer["layer"], c, u, v, equal)
                for c, (u, v), equal in zip(covariances, sides, same, strict=True)
            ]
            covariances, theta = [d[0] for d in duals], theta * duals[0][1]
        elif layer["layer"] in ("avg_pool", "sum_pool"):
            covariances, theta = [_pool(layer, c) for c in covariances], _pool(layer, theta)
        elif layer["layer"] == "layer_norm":
            scales = [1 / np.sqrt(_diagonal(c, ranks) + layer.get("eps", 1e-12)) for c in covariances[1:]]
            outer = [np.multiply.outer(s, t) for s, t in (scales, scales[:1] * 2, scales[1:] * 2)]
            covariances, theta = [c * s for c, s in zip(covariances, outer, strict=True)], theta * outer[0]
        elif layer["layer"] in ("flatten", "global_avg_pool", "global_sum_pool"):
            head = {"flatten": _mean_of_equal, "global_avg_pool": np.mean, "global_sum_pool": np.sum}[layer["layer"]]
            covariances, theta, ranks = [head(c) for c in covariances], head(theta), 0
        else:
            w, b_var = layer.get("w_std", 1.0) ** 2, layer.get("b_std", 0.0) ** 2
            if layer["layer"] == "conv":
                covariances, theta = [_convolve(layer, c) for c in covariances], _convolve(layer, theta)
            covariances = [w * c + b_var for c in covariances]
            theta = w * theta + covariances[0]
    return float(covariances[0]), float(theta)


def _pool(layer, c):
    """Sum of c over both windows, by the definition; the mean counts padding as zeros."""
    shape = c.shape[: c.ndim // 2]
    window = {"kernel": layer["window"], "strides": layer["strides"], "padding": layer.get("padding", "VALID")}
    out_shape, offsets = shape_after(window, shape), [*itertools.product(*(range(k) for k in layer["window"]))]
    out = np.zeros(out_shape * 2)
    for p in np.ndindex(out_shape):
        for q in np.ndindex(out_shape):
            for o, m in itertools.product(offsets, offsets):
                s, t = inside(window, shape, p, o), inside(window, shape, q, m)
                out[p + q] += 0.0 if s is None or t is None else c[s + t]
    return out / len(offsets) ** 2 if layer["layer"] == "avg_pool" else out


def _diagonal(c, ranks):
    if ranks == 0:
        return c
    shape = c.shape[:ranks]
    return np.array([c[p + p] for p in np.ndindex(shape)]).reshape(shape)


def _mean_of_equal(c):
    return np.mean(_diagonal(c, c.ndim // 2))


def _convolve(layer, c):
    positions = c.shape[: c.ndim // 2]
    out_positions = shape_after(layer, positions)
    out = np.zeros(out_positions * 2)
    for p in np.ndindex(out_positions):
        for q in np.ndindex(out_positions):
            for offset in itertools.product(*(range(k) for k in layer["kernel"])):
                i, j = inside(layer, positions, p, offset), inside(layer, positions, q, offset)
                if i is not None and j is not None:
                    out[p + q] += c[i + j]
    return out / math.prod(layer["kernel"])


def _activate(name, c, u, v, same):
    value, slope = np.zeros_like(c), np.zeros_like(c)
    n = np.ndim(u)
    for index in np.ndindex(np.shape(c)):
        p, q = index[:n], index[n:]
        value[index], slope[index] = _dual(name, c[index], u[p], v[q], same and p == q)
    return value, slope


def _dual(name, k, v1, v2, coincident):
    """Textbook forms: arc-cosine kernels (Cho & Saul 2009) and the arcsine kernel (Williams 1996)."""
    if name == "relu":
        root = math.sqrt(v1 * v2)
        angle = 0.0 if coincident else math.acos(min(1.0, max(-1.0, k / root))) if root > 0 else math.pi / 2
        value = root * (math.sin(angle) + (math.pi - angle) * math.cos(angle)) / (2 * math.pi)
        return value, (math.pi - angle) / (2 * math.pi)
    product = (1 + 2 * v1) * (1 + 2 * v2)
    return 2 / math.pi * math.asin(2 * k / math.sqrt(product)), 4 / math.pi / math.sqrt(product - 4 * k * k)
