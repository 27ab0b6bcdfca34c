"""The set that an attack may search: a norm ball round each clean point, and the box of valid inputs.

Ball and box hold for the returned floats, not only for real numbers: see `limes.attacks.rounding`. The radius is data;
nothing is compiled for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np

from limes.attacks.rounding import move, round_down, round_up
from limes.core.errors import InputError
from limes.core.types import Array, Norm

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


def require_norm(norm: str) -> None:
    """Refuse a norm that attacks do not know.

    Raises:
        InputError: naming the known ones.
    """
    if norm not in get_args(Norm):
        raise InputError(f"norm must be one of {', '.join(get_args(Norm))}, not {norm!r}")


@dataclass(frozen=True, eq=False)
class Threat:
    """Norm balls of radius `eps` round clean points, cut by a box.

    Norms run over all axes but the first.

    Attributes:
        norm: "linf" or "l2".
        eps: radius in the caller's units; a fraction such as "8/255" is turned into its value.
        bounds: (low, high), numbers or arrays that broadcast to one example; None for no box.

    Raises:
        InputError: for an unknown norm, a bad radius, or bounds that are NaN or out of order.

    Example:
        >>> threat = Threat("linf", "1/4", bounds=(0, 1))
        >>> threat.project(np.array([[2.0, 0.3]]), np.array([[0.5, 0.5]]))
        array([[0.75, 0.3 ]])
    """

    norm: Norm
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

    def region(self, x: np.ndarray) -> "Region":
        """The set round given clean points, with its limits computed once."""
        low, high = self.box(x)
        if self.norm == "linf":
            low, high = np.maximum(low, move(x, -self.eps)), np.minimum(high, move(x, self.eps))
        return Region(self, x, low, high)

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
        squared, so that 1e-30 in float32 is a direction like any other.
        """
        gradient = np.where(np.isfinite(gradient), gradient, 0).astype(np.float64)
        if self.norm == "linf":
            return np.sign(gradient)
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
        low, high: (n, ...) limits of each coordinate in the dtype of `x`: box and ball for l-inf, the box alone for l2.
    """

    threat: Threat
    x: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def take(self, rows: np.ndarray) -> "Region":
        """The region of some of the points."""
        return Region(self.threat, self.x[rows], self.low[rows], self.high[rows])

    def project(self, x_adv: Array) -> np.ndarray:
        """Bring finite points (n, ...) into ball and box, in the dtype of the clean points.

        For l-inf this is the nearest point of the intersection. For l2 the point is clipped to the box and then pulled
        towards the clean point, which stays in the box since the box is convex.
        """
        inside = np.clip(np.asarray(x_adv, dtype=np.float64), self.low, self.high)
        if self.threat.norm == "linf":
            return inside.astype(self.x.dtype)
        delta = inside - self.x
        size = _column(l2_norms(delta), self.x)
        # so that the norm is at most eps in whatever order float64 sums the squares
        radius = self.threat.eps * (1 - (self.x[0].size + 8) * 2.0**-53)
        factor = np.divide(radius, size, out=np.ones_like(size), where=size > radius)
        # `inside - x` was rounded too, and may reach past the box by a unit in the last place
        return np.clip(move(self.x, delta * factor), self.low, self.high)

    def random_start(self, generators: Sequence[np.random.Generator]) -> np.ndarray:
        """Points drawn uniformly from the ball, brought into the box; one generator per example."""
        shape = self.x.shape[1:]
        if self.threat.norm == "linf":
            noise = np.stack([g.uniform(-1.0, 1.0, shape) for g in generators])
        else:
            noise = self.threat.direction(np.stack([g.standard_normal(shape) for g in generators]))
            noise *= _column(np.array([g.random() for g in generators]) ** (1 / self.x[0].size), self.x)
        return self.project(self.x + self.threat.eps * noise)


def norms(delta: np.ndarray, norm: Norm) -> np.ndarray:
    """The l-inf or l2 norm of each example of (n, ...), over all axes but the first."""
    if norm == "l2":
        return l2_norms(delta)
    return np.abs(delta.reshape(len(delta), -1)).max(axis=1, initial=0.0)


def l2_norms(delta: np.ndarray) -> np.ndarray:
    """Euclidean norms of the examples of (n, ...), safe against underflow and overflow of the squares."""
    flat = delta.reshape(len(delta), -1)
    largest = np.abs(flat).max(axis=1, initial=0.0)
    scaled = np.divide(flat, largest[:, None], out=np.zeros_like(flat), where=largest[:, None] > 0)
    return largest * np.sqrt((scaled**2).sum(axis=1))


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
