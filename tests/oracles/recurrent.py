"""The recurrent NTK as a grid over all pairs of steps of one pair of sequences, written out loop by loop."""

import numpy as np


def _dual(name, k, a, b, one=False):
    if name == "erf":
        gap = (1 + 2 * a) * (1 + 2 * b) - 4 * k * k
        return 2 / np.pi * np.arcsin(2 * k / np.sqrt((1 + 2 * a) * (1 + 2 * b))), 4 / np.pi / np.sqrt(gap)
    root = np.sqrt(a * b)
    c = 1.0 if one else np.clip(k / root, -1, 1)
    angle = np.pi - np.arccos(c)
    return root / (2 * np.pi) * (c * angle + np.sqrt(1 - c * c)), angle / (2 * np.pi)


def _variances(net, x):
    """Variances of g for each layer and step."""
    layers, own = [], net["u_std"] ** 2 * np.mean(x * x, axis=1)
    for _ in range(net["layers"]):
        a = np.zeros(len(x))
        for t in range(len(x)):
            before = net["h_std"] ** 2 if t == 0 else _dual(net["activation"], *(a[t - 1],) * 3, True)[0]
            a[t] = own[t] + net["b_std"] ** 2 + net["w_std"] ** 2 * before
        layers.append(a)
        own = np.array([net["u_std"] ** 2 * _dual(net["activation"], v, v, v, True)[0] for v in a])
    return layers


def grid(net, x, y, same):
    """Covariance and NTK of h between all steps of the top layer, (T, T') each."""
    shape, w, u = (len(x), len(y)), net["w_std"] ** 2, net["u_std"] ** 2
    below, below_ntk = x @ y.T / x.shape[1], np.zeros(shape)
    for level, (a, b) in enumerate(zip(_variances(net, x), _variances(net, y), strict=True)):
        value, value_ntk = np.zeros(shape), np.zeros(shape)
        for t in range(shape[0]):
            for s in range(shape[1]):
                inner, inner_ntk = u * below[t, s] + net["b_std"] ** 2, u * below_ntk[t, s]
                if t and s:
                    inner, inner_ntk = inner + w * value[t - 1, s - 1], inner_ntk + w * value_ntk[t - 1, s - 1]
                elif t == s and same:
                    inner += w * net["h_std"] ** 2
                inner_ntk += inner if level >= net.get("frozen", 0) else 0.0
                value[t, s], slope = _dual(net["activation"], inner, a[t], b[s], same and t == s)
                value_ntk[t, s] = slope * inner_ntk
        below, below_ntk = value, value_ntk
    return below, below_ntk


def read_out(net, x, y, same):
    """Covariance and NTK of what the layer puts out, for one pair of sequences."""
    total = np.zeros(2)
    for a, b in [(x, y), (x[::-1], y[::-1])][: 1 + net.get("bidirectional", False)]:
        n = min(len(a), len(b))
        for i, k in enumerate(grid(net, a, b, same)):
            total[i] += {
                "last": k[-1, -1],
                "mean_shared": k.mean(),
                "mean_per_step": np.trace(k[:n, :n]) / np.sqrt(len(a) * len(b)),
            }[net["readout"]]
    return total
