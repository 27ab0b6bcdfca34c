"""Variances of units and their NTK, one point and one position at a time, straight from the definition.

A point paired with itself has cosine 1 in every layer, so E[phi(u)^2] and E[phi'(u)^2] for one Gaussian u decide
everything; they come from closed forms for kinked activations and from one-dimensional quadrature for smooth ones.
"""

import itertools
import math

import numpy as np

from oracles.quadrature import SMOOTH, smooth_moment
from oracles.windows import inside, shape_after


def moments(layer, v):
    """E[phi(u)^2] and E[phi'(u)^2] for u of variance v."""
    name = layer["layer"]
    if name in SMOOTH:
        f, df = SMOOTH[name]
        return smooth_moment(f, v), smooth_moment(df, v)
    slope = {"relu": 0.0, "abs": -1.0, "leaky_relu": layer.get("alpha", 0.01)}[name]
    half = (1 + slope * slope) / 2
    return half * v, half


def self_kernel(spec, x):
    """NNGP and NTK of one input with itself.

    Args:
        spec: the net as a list of dicts; dense, conv, activations, residual, flatten.
        x: (*positions, channels), or a vector.
    """
    v = np.mean(np.asarray(x, np.float64) ** 2, axis=-1)
    v, theta = _walk(spec, v, np.zeros_like(v))
    return float(v), float(theta)


def _walk(spec, v, theta):
    for layer in spec:
        v, theta = _step(layer, v, theta)
    return v, theta


def _step(layer, v, theta):
    name = layer["layer"]
    if name in ("dense", "conv"):
        w, b = layer.get("w_std", 1.0) ** 2, layer.get("b_std", 0.0) ** 2
        if name == "conv":
            v, theta = _window_mean(layer, v), _window_mean(layer, theta)
        v, theta = w * v + b, w * theta
        return v, theta + v
    if name == "flatten":
        return np.mean(v), np.mean(theta)
    if name == "residual":
        body, short = _walk(layer["body"], v, theta), _walk(layer.get("shortcut", []), v, theta)
        return body[0] + short[0], body[1] + short[1]
    pairs = [moments(layer, float(entry)) for entry in np.ravel(v)]
    squares, slopes = (np.reshape([p[i] for p in pairs], np.shape(v)) for i in (0, 1))
    return squares, theta * slopes


def _window_mean(layer, v):
    out = np.zeros(shape_after(layer, v.shape))
    for p in np.ndindex(out.shape):
        for offset in itertools.product(*(range(k) for k in layer["kernel"])):
            source = inside(layer, v.shape, p, offset)
            out[p] += 0.0 if source is None else v[source]
    return out / math.prod(layer["kernel"])
