"""Which input position a window covers, position by position."""


def _padding_before(n, window, stride, padding):
    if padding == "VALID":
        return 0
    outputs = -(-n // stride)
    return max((outputs - 1) * stride + window - n, 0) // 2


def _strides(layer):
    return layer.get("strides") or [1] * len(layer["kernel"])


def shape_after(layer, shape):
    """Number of positions along each axis after a convolution."""
    sizes = zip(shape, layer["kernel"], _strides(layer), strict=True)
    if layer.get("padding", "SAME") == "VALID":
        return tuple((n - k) // s + 1 for n, k, s in sizes)
    return tuple(-(-n // s) for n, k, s in sizes)


def inside(layer, shape, position, offset):
    """The input position at `offset` in the window of an output position; None where it falls on zero padding."""
    padding = layer.get("padding", "SAME")
    found = []
    for n, k, s, p, o in zip(shape, layer["kernel"], _strides(layer), position, offset, strict=True):
        i = p * s + o - _padding_before(n, k, s, padding)
        if padding == "CIRCULAR":
            i %= n
        elif not 0 <= i < n:
            return None
        found.append(i)
    return tuple(found)
