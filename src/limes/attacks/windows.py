"""Proposals of the square attack: where its windows lie and what it writes into them.

Everything here works on images (m, h, w, c); a sequence (t, c) is an image of height one, and so is a vector of d
features, whose windows are runs of neighbouring features. Random numbers come in as uniforms, one row for each example.

Reference: Andriushchenko et al. 2020, arXiv 1912.00049, algorithms 2 and 3.
"""

import numpy as np

_HALVINGS = np.array([10, 50, 200, 1000, 2000, 4000, 6000, 8000]) / 10_000


def image_shape(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Height, width and channels under which an example of the given shape is searched.

    Example:
        >>> image_shape((28, 28, 1)), image_shape((100, 3)), image_shape((64,))
        ((28, 28, 1), (1, 100, 3), (1, 64, 1))
    """
    if len(shape) == 3:
        return shape
    if len(shape) == 2:
        return (1, *shape)
    return 1, int(np.prod(shape, dtype=int)), 1


def window_share(p_init: float, spent: float) -> float:
    """The share of the image that a window covers after the share `spent` of all queries: halved eight times."""
    return p_init / 2 ** int(np.searchsorted(_HALVINGS, spent))


def window_sides(share: float, h: int, w: int) -> tuple[int, int]:
    """Sides of a square window that covers a share of the image; of a run of positions where the height is one."""
    if h == 1:
        return 1, int(np.clip(round(share * w), 1, w))
    side = max(round((share * h * w) ** 0.5), 1)
    return min(side, h), min(side, w)


def linf_start(clean: np.ndarray, eps: float, u: np.ndarray) -> np.ndarray:
    """Vertical stripes of width one, plus or minus eps in each channel: `u` is (m, w, c)."""
    return clean + eps * _signs(u)[:, None]


def linf_proposal(
    current: np.ndarray, clean: np.ndarray, eps: float, sides: tuple[int, int], u: np.ndarray
) -> np.ndarray:
    """Plus or minus eps, the same in each channel of one window: `u` is (m, 2 + c).

    Where that would change nothing (the window has that sign already), the other sign is taken.
    """
    window = _window(current, sides, u[:, :2])
    signs = _signs(u[:, 2:])[:, None, None]
    inside = (current - clean)[window]
    same = (np.sign(inside) == signs).all(axis=(1, 2, 3), keepdims=True)
    proposal = current.astype(np.float64)
    proposal[window] = clean[window] + eps * np.where(same, -signs, signs)
    return proposal


def bump_start(clean: np.ndarray, eps: float, u: np.ndarray, order: int) -> np.ndarray:
    """A grid of bumps of about a fifth of the image, of random signs: `u` is (m, rows, columns, c), see `grid`.

    `order` is that of the norm, 1 or 2, in which all bumps together have length eps.
    """
    _, h, w, _ = clean.shape
    a, b = max(h // 5, 1), max(w // 5, 1)
    signs = _signs(u).repeat(a, axis=1).repeat(b, axis=2)
    tiles = np.tile(_bump_pair(a, b, axis=0 if a > b else 1), u.shape[1:3])
    unit = np.zeros(clean.shape)
    unit[:, : tiles.shape[0], : tiles.shape[1]] = signs * tiles[None, :, :, None]
    return clean + eps * _normalise(unit, (1, 2, 3), order)


def grid(h: int, w: int) -> tuple[int, int]:
    """Rows and columns of the grid of `bump_start`."""
    return h // max(h // 5, 1), w // max(w // 5, 1)


def bump_proposal(
    current: np.ndarray, clean: np.ndarray, eps: float, sides: tuple[int, int], u: np.ndarray, order: int
) -> np.ndarray:
    """Move the budget of two windows, and what the ball leaves unused, into a bump in the first: `u` is (m, 5 + c).

    The budget of a window is the sum of the moves in it to the power of `order`, 1 or 2.
    """
    unit = (current - clean).astype(np.float64) / (eps or 1.0)
    c = unit.shape[3]
    window, other = _window(unit, sides, u[:, :2]), _window(unit, sides, u[:, 2:4])
    touched = np.zeros(unit.shape[:3], dtype=bool)
    touched[window] = touched[other] = True
    spent = np.abs(unit) ** order
    budget = (spent * touched[..., None]).sum(axis=(1, 2))
    unused = np.maximum(1.0 - spent.sum(axis=(1, 2, 3)), 0.0)[:, None] / c

    upright = (u[:, 4] < 0.5)[:, None, None]
    bump = np.where(upright, _bump_pair(*sides, axis=0), _bump_pair(*sides, axis=1))
    bump = bump[..., None] * _signs(u[:, 5:])[:, None, None]
    new = _normalise(unit[window], (1, 2), order) + bump
    cancelled = (new == 0).all(axis=(1, 2), keepdims=True)  # windows of one value and the other sign: flip it
    new = _normalise(np.where(cancelled, bump, new), (1, 2), order)
    new *= ((budget + unused) ** (1 / order))[:, None, None]
    unit[other] = 0.0
    unit[window] = new
    return clean + eps * _normalise(unit, (1, 2, 3), order)


def _signs(u: np.ndarray) -> np.ndarray:
    return np.where(u < 0.5, -1.0, 1.0)


def _window(x: np.ndarray, sides: tuple[int, int], u: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Index of one window in each image, at places drawn from the uniforms u (m, 2)."""
    m, h, w, _ = x.shape
    top = (u[:, 0] * (h - sides[0] + 1)).astype(int)
    left = (u[:, 1] * (w - sides[1] + 1)).astype(int)
    rows = top[:, None, None] + np.arange(sides[0])[:, None]
    columns = left[:, None, None] + np.arange(sides[1])
    return np.arange(m)[:, None, None], rows, columns


def _normalise(a: np.ndarray, axis: tuple[int, ...], order: int) -> np.ndarray:
    size = (np.abs(a) ** order).sum(axis=axis, keepdims=True) ** (1 / order)
    return np.divide(a, size, out=np.zeros_like(a), where=size > 0)


def _bump_pair(a: int, b: int, axis: int) -> np.ndarray:
    """Two bumps side by side along `axis`, of opposite signs and together of norm one: (a, b)."""
    sides = [a, b]
    if sides[axis] == 1:
        axis = 1 - axis
    half, rest = sides[axis] // 2, sides[axis] - sides[axis] // 2
    parts = [_bump(*(n if i == axis else sides[i] for i in (0, 1))) for n in (half, rest) if n]
    pair = np.concatenate([parts[0], -parts[1]] if len(parts) == 2 else parts, axis=axis)
    return pair / np.linalg.norm(pair)


def _bump(a: int, b: int) -> np.ndarray:
    """Squares round the centre piled up, the k-th of height 1 / (k + 1)^2 (the function eta of section 4.3)."""
    ring = np.maximum(abs(np.arange(a)[:, None] - a // 2), abs(np.arange(b) - b // 2))
    heights = 1.0 / np.arange(1, ring.max() + 2) ** 2
    return heights[::-1].cumsum()[::-1][ring]
