"""Joint lower bounds of a score difference in a region: planes below every position's part, added up before a minimum.

At the last rectifier each centre j and position p has a part r_jp (e kappa(u) + v (c u + t) kappa'(u)) with factors of
the sign of the centre's coefficient. A plane below it (`limes.certify.conv.dual`) is linear in the covariance r u, in
the rest r t and in r, the product of two standard deviations. Covariances and rests are linear in the parts below, so
that these get factors in turn, down to the pixels; and the centres' multiples of each position's standard deviation
rho_p(y) are added up, in which centres of both signs cancel. What is left is

    <g, y> + sum over layers and positions of G_p rho_p(y) + a constant,     rho_p^2 = <W_p, y^2> + offset_p.

Where G_p > 0 the norm rho_p lies above its tangent planes, where G_p < 0 below (rho_p^2 + r^2) / (2 r) for every r: the
sum becomes one of parabolas of the pixels, whose minimum over box and ball is known (`limes.certify.conv.least`).

In the first layer covariances are inner products of vectors of a few pixels, y_p and z_jp. There a parabola is taken
out of each part, so that chords are closer. Together they are the form y_p^T A_p y_p / rho_p, A_p a small matrix
in which centres of both signs cancel; with its least eigenvalue l, A_p - l is a square, and a square over rho_p convex.

Where planes and tangents touch is improved by the conditional gradient method (Frank & Wolfe 1956); each of its steps
gives a bound.
"""

from dataclasses import dataclass

import numpy as np

from limes.certify.conv import dual
from limes.certify.conv.bends import squares
from limes.certify.conv.least import least_parabolas
from limes.certify.conv.machine import ConvMachine, Track, rest_bias
from limes.certify.conv.ranges import Ranges
from limes.certify.conv.region import Region

_ITERATIONS = 10


@dataclass(frozen=True, eq=False)
class Target:
    """What a bound is about: sum_j weights_j K(y, z_j) + <own, y^2> + constant.

    Attributes:
        machine: with the centres z_j.
        weights: (m,).
        own: (d,), or zero.
        constant: a number.
    """

    machine: ConvMachine
    weights: np.ndarray
    own: np.ndarray | float = 0.0
    constant: float = 0.0


def least(
    target: Target, region: Region, known: list[Ranges], enough: float, iterations: int = _ITERATIONS, bent: bool = True
) -> float:
    """A lower bound in the region.

    Args:
        target: the function.
        region: where it is looked at.
        known: ranges of the machine's layers there.
        enough: the search stops above this.
        iterations: steps of the conditional gradient method.
        bent: whether parabolas are taken out.

    Cost: for each step two passes over centres, positions and layers.
    """
    machine, best = target.machine, -np.inf
    share = [layer.share for layer in known]
    point = region.x
    for step in range(iterations):
        value, reached = _once(target, region, known, machine.track(point, share), point, bent)
        best = max(best, value)
        if best > enough:
            break
        point = point + 2 / (step + 3) * (reached - point)
    return best


def _once(
    target: Target, region: Region, known: list[Ranges], touch: Track, point: np.ndarray, bent: bool
) -> tuple[float, np.ndarray]:
    """A bound from planes that touch at a point, and where their minimum is."""
    machine = target.machine
    on_value, on_ntk, constant = machine.readout_factors
    total = target.constant + constant * float(target.weights.sum())
    mean = machine.readout.mean
    part = target.weights[:, None] * mean.toarray()
    first, second = on_value * part, on_ntk * part
    slope, bend = np.zeros_like(point), np.zeros_like(point) + target.own
    for number in reversed(range(len(known))):
        ranges = known[number]
        layer, stage = ranges.layer, ranges.layer.stage
        at = (*ranges.u, *ranges.t, touch.u[number], touch.t[number])
        bends = np.zeros_like(first)
        if bent and number == 0:
            curved = squares(machine, ranges, first, second, point)
            bends = curved.bends
            slope += curved.slope
            total += curved.constant
        on_s, on_rest, on_size = dual.planes(layer.a, layer.b, ranges.share, first, second, *at, bends)  # pyright: ignore[reportCallIssue]
        sizes = (on_size * layer.centres).sum(axis=0)
        if bent and number == 0:
            sizes += curved.sizes
        total += _norms(sizes, ranges, point, slope, bend)
        total += float((on_s @ stage.bias + on_rest @ rest_bias(stage, ranges.share)).sum())
        own = 0.0 if number == 0 else stage.own - ranges.share * stage.weight
        first = (stage.weight * on_s + own * on_rest) @ stage.mean
        second = stage.weight * on_rest @ stage.mean
    slope += (first * machine.centres).sum(axis=0)
    value, reached = least_parabolas(slope, bend, region)
    return value + total, reached


def _norms(sizes: np.ndarray, ranges: Ranges, point: np.ndarray, slope: np.ndarray, bend: np.ndarray) -> float:
    """Add parabolas below sum_p sizes_p rho_p(y) to slope and bend; the constant."""
    layer = ranges.layer
    at = layer.deviations(point**2)
    up = np.divide(np.maximum(sizes, 0.0), at, out=np.zeros_like(at), where=at > 0)
    slope += point * (up @ layer.squares)
    at = np.clip(at, np.maximum(ranges.size[0], 1e-3 * ranges.size[1]), ranges.size[1])
    down = np.divide(np.minimum(sizes, 0.0), 2 * at, out=np.zeros_like(at), where=at > 0)
    bend += down @ layer.squares
    return float((up + down) @ layer.offset + down @ at**2)
