"""The set that an attack may search: a norm ball round each clean point, and the box of valid inputs.

Ball and box hold for the returned floats, not only for real numbers: see `limes.attacks.rounding`. The radius is data;
nothing is compiled for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np

from limes.attacks import l1, l2
from limes.attacks.rounding import move, round_down, round_up
from limes.core.errors import InputError
from limes.core.types import Array, AttackNorm

EpsLike = float | str
"""A radius in the caller's units: a number, or a fraction as text, "8/255"."""
Bounds = tuple[Any, Any] | None
"""The box (low, high) of valid inputs: numbers, or arrays that broadcast to one example. None: no box."""


def parse_eps(eps: EpsLike, name: str = "eps") -> float:
    """A radius from a number or a fraction.

    Raises:
        InputError: if it is no number, negative, or not finite.

    Example:
        >>> parse_eps("51/255"), parse_eps(0.1)
        (0.2, 0.1)
    """
    try:
        numerator, _, denominator = eps.partition("/") if isinstance(eps, str) else (eps, "", "")
        value = float(numerator) / (float(denominator) if denominator else 1.0)
    except (TypeError, ValueError, ZeroDivisionError) as error:
        raise InputError(f"{name} must be a number or a fraction such as '8/255', not {eps!r}") from error
    if not np.isfinite(value) or value < 0:
        raise InputError(f"{name} must be finite and not negative, not {eps!r}")
    return value


def require_norm(norm: str, known: Any = AttackNorm) -> None:
    """Refuse a norm that is not among the known ones: those of attacks, or `limes.core.types.Norm` in other rooms.

    Raises:
        InputError: naming the known ones.
    """
    if norm not in get_args(known):
        raise InputError(f"norm must be one of {', '.join(get_args(known))}, not {norm!r}")


@dataclass(frozen=True, eq=False)
class Threat:
    """Norm balls of radius `eps` round clean points, cut by a box.

    Norms run over all axes but the first.

    Attributes:
        norm: "linf", "l2" or "l1".
        eps: radius in the caller's units; a fraction such as "8/255" is turned into its value.
        bounds: (low, high), numbers or arrays that broadcast to one example; None for no box.

    Raises:
        InputError: for an unknown norm, a bad radius, or bounds that are NaN or out of order.

    Example:
        >>> threat = Threat("linf", "1/4", bounds=(0, 1))
        >>> threat.project(np.array([[2.0, 0.3]]), np.array([[0.5, 0.5]]))
        array([[0.75, 0.3 ]])
    """

    norm: AttackNorm
    eps: float
    bounds: Bounds = None

    def __post_init__(self) -> None:
        require_norm(self.norm)
        object.__setattr__(self, "eps", parse_eps(self.eps))
        if self.bounds is not None:
            object.__setattr__(self, "bounds", _parse_bounds(self.bounds))

    def check(self, x: np.ndarray) -> None:
        """Refuse clean points outside of the box.

        A value is inside where it is so in its own precision: float32(0.1) lies in the box (0, 0.1).

        Raises:
            InputError: with the number of values outside and the range of `x`.
        """
        if self.bounds is None:
            return
        low, high = (self._fit(bound, x) for bound in self.bounds)
        outside = int(((x < low.astype(x.dtype)) | (x > high.astype(x.dtype))).sum())
        if outside:
            raise InputError(
                f"x holds {outside} values outside of the box [{low.min():g}, {high.max():g}] (they range from "
                f"{x.min():g} to {x.max():g}): rescale x, for instance divide 8-bit images by 255, or state its true "
                "range with bounds=(low, high) (--bounds LOW HIGH), or bounds=None for no box"
            )

    def box(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The lowest and highest valid value of each coordinate, in the dtype of `x` and rounded inwards.

        A clean value always stays valid, also where the bound is no float of its precision.
        """
        if self.bounds is None:
            return np.full_like(x, -np.inf), np.full_like(x, np.inf)
        low, high = (self._fit(bound, x) for bound in self.bounds)
        return np.minimum(round_up(low, x.dtype), x), np.maximum(round_down(high, x.dtype), x)

    def region(self, x: np.ndarray, radii: np.ndarray | None = None) -> "Region":
        """The set round given clean points, with its limits computed once; `radii` (n,) in place of `eps`."""
        radii = np.full(len(x), self.eps) if radii is None else radii
        low, high = self.box(x)
        if self.norm == "linf":
            reach = _column(radii, x)
            low, high = np.maximum(low, move(x, -reach)), np.minimum(high, move(x, reach))
        return Region(self, x, low, high, radii)

    def project(self, x_adv: Array, x: np.ndarray) -> np.ndarray:
        """Bring points into the ball round the clean `x` and into the box, in the dtype of `x`; see `Region.project`.

        Args:
            x_adv: (n, ...) finite.
            x: (n, ...) clean points inside of the box.
        """
        return self.region(x).project(x_adv)

    def direction(self, gradient: np.ndarray) -> np.ndarray:
        """The step of length one that raises a linear function most: float64, the shape of `gradient`.

        Zero gradients give no step; values that are not finite count as zero. Tiny ones are scaled before they are
        squared, so that 1e-30 in float32 is a direction like any other. For l1 it moves one coordinate.
        """
        gradient = _finite(gradient)
        if self.norm == "linf":
            return np.sign(gradient)
        if self.norm == "l1":
            flat, one = gradient.reshape(len(gradient), -1), np.ones(len(gradient))
            return l1.fill(flat, np.full_like(flat, np.inf), one).reshape(gradient.shape)
        size = _column(l2_norms(gradient), gradient)
        return np.divide(gradient, size, out=np.zeros_like(gradient), where=size > 0)

    def distance(self, x_adv: Array, x: Array) -> np.ndarray:
        """How far each point was moved, in the norm of the threat: (n,) float64."""
        return norms(np.asarray(x_adv, np.float64) - np.asarray(x, np.float64), self.norm)

    def _fit(self, bound: np.ndarray, x: np.ndarray) -> np.ndarray:
        try:
            return np.broadcast_to(bound, x.shape[1:])
        except ValueError as error:
            raise InputError(
                f"bounds of shape {bound.shape} do not broadcast to one example of shape {x.shape[1:]}: "
                "give two numbers, or one value per feature"
            ) from error


@dataclass(frozen=True, eq=False)
class Region:
    """Ball and box round given clean points; made by `Threat.region`.

    Attributes:
        threat: norm, radius and box.
        x: (n, ...) clean points.
        low, high: (n, ...) limits of each coordinate in the dtype of `x`: box and ball for l-inf, else the box alone.
        radii: (n,) of the balls.
    """

    threat: Threat
    x: np.ndarray
    low: np.ndarray
    high: np.ndarray
    radii: np.ndarray

    def take(self, rows: np.ndarray) -> "Region":
        """The region of some of the points."""
        return Region(self.threat, self.x[rows], self.low[rows], self.high[rows], self.radii[rows])

    def project(self, x_adv: Array) -> np.ndarray:
        """Bring finite points (n, ...) into ball and box, in the dtype of the clean points.

        It is the nearest point of the intersection, up to rounding.
        """
        x_adv = np.asarray(x_adv, dtype=np.float64)
        inside = np.clip(x_adv, self.low, self.high)
        if self.threat.norm == "linf":
            return inside.astype(self.x.dtype)
        # so that the norm is at most the radius in whatever order float64 sums
        radii = self.radii * (1 - (self.x[0].size + 8) * 2.0**-53)
        delta = inside - self.x
        if self.threat.norm == "l1" or self.threat.bounds is not None:  # for l2 without a box the factor below is all
            moved, nearest = x_adv - self.x, l1.shrink if self.threat.norm == "l1" else l2.scale
            size = np.abs(moved).reshape(len(moved), -1)
            delta = np.sign(moved) * nearest(size, self._room(self.x, moved), radii).reshape(moved.shape)
        size, radius = _column(norms(delta, self.threat.norm), self.x), _column(radii, self.x)
        factor = np.divide(radius, size, out=np.ones_like(size), where=size > radius)
        # `inside - x` was rounded too, and may reach past the box by a unit in the last place
        return np.clip(move(self.x, delta * factor), self.low, self.high)

    def step(self, x: np.ndarray, gradient: np.ndarray, length: np.ndarray | float) -> np.ndarray:
        """The points that a step of the given length along the gradient reaches from `x`, in ball and box.

        For l1 every step of one direction would move one coordinate, and projection would take the same from all that
        were moved before. So it goes towards the best point of ball and box for a linear function with this gradient
        (Frank & Wolfe): the share length / (eps / 2) of the way, at most all of it.

        Args:
            x: (n, ...) points of the region.
            gradient: (n, ...).
            length: in the norm of the threat, one or (n,).

        Reference: for l1 Chen et al. 2020, arXiv 1811.10828.
        """
        length = np.broadcast_to(length, len(x))
        if self.threat.norm != "l1":
            return self.project(x + _column(length, x) * self.threat.direction(gradient))
        gradient = _finite(gradient)
        best = l1.fill(gradient.reshape(len(x), -1), self._room(self.x, gradient), self.radii).reshape(x.shape)
        share = np.divide(2 * length, self.radii, out=np.ones(len(x)), where=self.radii > 0).clip(max=1.0)
        return self.project(x + _column(share, x) * (self.x + best - x))

    def random_start(self, generators: Sequence[np.random.Generator]) -> np.ndarray:
        """Points drawn uniformly from the ball, brought into the box; one generator per example."""
        shape = self.x.shape[1:]
        if self.threat.norm == "linf":
            noise = np.stack([g.uniform(-1.0, 1.0, shape) for g in generators])
        elif self.threat.norm == "l2":
            noise = self.threat.direction(np.stack([g.standard_normal(shape) for g in generators]))
            noise *= _column(np.array([g.random() for g in generators]) ** (1 / self.x[0].size), self.x)
        else:  # of d + 1 exponential variables over their sum, d are uniform in the simplex below the last one
            noise = np.stack([g.laplace(size=shape) for g in generators])
            noise /= _column(norms(noise, "l1") + [g.exponential() for g in generators], self.x)
        return self.project(self.x + _column(self.radii, self.x) * noise)

    def _room(self, x: np.ndarray, direction: np.ndarray) -> np.ndarray:
        """How far the box lets each coordinate of `x` go in a direction: (n, d)."""
        limit = np.where(direction > 0, self.high, self.low).astype(np.float64)
        return np.abs(limit - x).reshape(len(x), -1)


def norms(delta: np.ndarray, norm: AttackNorm) -> np.ndarray:
    """The norm of each example of (n, ...), over all axes but the first."""
    if norm == "l2":
        return l2_norms(delta)
    if norm == "l1":
        return np.abs(delta.reshape(len(delta), -1)).sum(axis=1)
    return np.abs(delta.reshape(len(delta), -1)).max(axis=1, initial=0.0)


def l2_norms(delta: np.ndarray) -> np.ndarray:
    """Euclidean norms of the examples of (n, ...), safe against underflow and overflow of the squares."""
    flat = delta.reshape(len(delta), -1)
    largest = np.abs(flat).max(axis=1, initial=0.0)
    scaled = np.divide(flat, largest[:, None], out=np.zeros_like(flat), where=largest[:, None] > 0)
    return largest * np.sqrt((scaled**2).sum(axis=1))


def _finite(gradient: np.ndarray) -> np.ndarray:
    """In float64, with zero in place of what is not finite."""
    return np.where(np.isfinite(gradient), gradient, 0).astype(np.float64)


def _column(values: np.ndarray, x: np.ndarray) -> np.ndarray:
    """One value per example, shaped to broadcast against `x`."""
    return values.reshape(-1, *[1] * (x.ndim - 1))


def _parse_bounds(bounds: Any) -> tuple[np.ndarray, np.ndarray]:
    try:
        low, high = (np.asarray(bound, dtype=np.float64) for bound in bounds)
        ordered = bool((low < high).all())
    except (TypeError, ValueError) as error:
        raise InputError(f"bounds must be two numbers or arrays, (low, high), or None, not {bounds!r}") from error
    if not ordered:
        raise InputError(f"bounds must hold low < high everywhere and no NaN, not {bounds!r}")
    return low, high
