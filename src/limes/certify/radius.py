"""The certified radius of each input: the search over balls of all sizes."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from limes.attacks.threat import Bounds, Threat, require_norm
from limes.certify.certificate import Certificate
from limes.certify.check import check
from limes.certify.conv.check import check as check_conv
from limes.certify.conv.machine import ConvMachine
from limes.certify.form import Form
from limes.certify.machine import machine_of
from limes.certify.point import METHODS, Method, Point
from limes.core import precision
from limes.core.errors import InputError
from limes.core.progress import Progress, Quiet
from limes.core.types import Array, AttackNorm, Norm

_SHELLS = 24
_FIRST = 0.5  # the first ball to try, of the distance at which the linear part of a score difference is used up
_TINY = 1e-6  # of that distance: below, no radius is looked for
_MOST = 40  # balls to try


def radius(
    predictor: Any,
    x: Array,
    *,
    norm: Norm = "linf",
    bounds: Bounds = None,
    methods: Sequence[Method] | None = None,
    tolerance: float = 0.02,
    shells: int = _SHELLS,
    progress: Progress | None = None,
) -> Certificate:
    """Radii within which no input can get another label, for machines of fully connected or convolutional nets.

    Args:
        predictor: a fitted classifier of the form of a kernel expansion: `NTKClassifier`, `NTKSVC`, `AdvNTKClassifier`,
            `LazyATClassifier`, on dense layers with relu, leaky_relu, abs or erf, any depth, or on convolutions, dense
            layers and flatten with relu, leaky_relu or abs, without pools.
        x: (n, features...), in the caller's units.
        norm: "linf" or "l2".
        bounds: (low, high) of valid inputs, numbers or one value per feature; None for no box. An attacker outside of
            the box does not count, so that a box makes radii larger.
        methods: of "joint", "norm" and "interval"; None for all, of which the best counts at each radius.
        tolerance: the radius is the largest that can be certified, up to this share of it.
        shells: pieces of nearly equal norm that a ball is cut into; more make radii a little larger.
            Convolutional nets do not need them.
        progress: told of every input.

    Raises:
        InputError: for a predictor of another form, inputs that do not fit or lie outside of the box, NaN, or unknown
            methods.

    Cost: about eight balls for each input and rival label, each of `shells` times n centres times d multiplications, a
    few hundred times over; parabolas add d^2 for each centre where the first bounds do not suffice. For
    convolutional nets each ball takes some tens of passes over centres, positions and layers: a second or two of one
    core an input for 200 images of 8 x 8 and two layers.

    Example:
        >>> import numpy as np, limes as lm
        >>> x = np.array([[0.0, 1.0], [1.0, 0.0], [0.1, 0.9], [0.9, 0.2]])
        >>> clf = lm.NTKClassifier(ridge=0.1).fit(x, ["up", "right", "up", "right"])
        >>> bool(lm.certify.radius(clf, x, bounds=(0, 1)).radius.min() > 0.2)
        True
    """
    require_norm(norm, Norm)
    machine = machine_of(predictor)
    chosen = _methods(methods)
    if not (isinstance(tolerance, int | float) and 0 < tolerance < 1):
        raise InputError(f"tolerance is a share of the radius and must lie in (0, 1), not {tolerance!r}")
    if not (isinstance(shells, int) and shells >= 1):
        raise InputError(f"shells must be a whole number of at least 1, not {shells!r}")
    given, x = x, np.asarray(x)
    precision.float_dtype(x)
    precision.require_finite(x, "x")
    threat = Threat(norm, 0.0, bounds)
    scores = np.asarray(predictor.scores(given))  # a data frame with its names, which are checked there
    x = _shaped(x, predictor)
    threat.check(x)
    progress = progress or Quiet()
    progress.start("certifying", len(x))
    found: list[tuple[float, str]] = []
    order = np.argsort(-scores, axis=1, kind="stable")
    order[:, 0] = np.argmax(scores, axis=1)
    for row, columns in zip(x, order, strict=True):
        found.append(_one(machine, predictor, row, columns, threat, chosen, tolerance, shells))
        progress.step()
    label = order[:, 0]
    ranked = np.sort(scores, axis=1)
    return Certificate(
        radius=np.array([one[0] for one in found], dtype=np.float64),
        method=np.array([one[1] for one in found], dtype="<U8"),
        label=label if machine.classes is None else machine.classes[label],
        margin=ranked[:, -1] - ranked[:, -2],
        norm=norm,
        settings={"methods": chosen, "bounds": bounds, "tolerance": tolerance, "shells": shells},
    )


def _one(
    machine: Form,
    predictor: Any,
    x: np.ndarray,
    columns: np.ndarray,
    threat: Threat,
    methods: tuple[Method, ...],
    tolerance: float,
    count: int,
) -> tuple[float, str]:
    """Radius and method for one input whose columns are given by falling score."""
    label, rivals = int(columns[0]), tuple(int(k) for k in columns[1:])
    exact = machine.scores(x)
    point = Point(machine, x, label, rivals, tuple(float(exact[label] - exact[k]) for k in rivals))
    if min(point.gaps) <= 0:
        return 0.0, "none"
    low, high = (np.asarray(part, np.float64) for part in threat.box(x[None].astype(np.float64)))
    reach = np.maximum(x - low[0], high[0] - x)
    most = float(np.max(reach)) if threat.norm == "linf" else float(np.linalg.norm(reach))
    linear = _linear(predictor, x, point, threat.norm)

    def certain(eps: float) -> tuple[float, str]:
        ball = Threat(threat.norm, eps, threat.bounds)
        if isinstance(machine, ConvMachine):
            return check_conv(point, ball, methods)
        return check(point, ball, methods, count)

    below, by, above = 0.0, "none", math.inf
    trial = min(_FIRST * linear, most)
    for _ in range(_MOST):
        value, name = certain(trial)
        if value > 0:
            below, by = trial, name
            if trial >= most:
                return (_width(threat, x) if threat.bounds is not None else below), by
        else:
            above = trial
        if below > 0 and above <= below * (1 + tolerance):
            break
        if above < _TINY * linear:
            return 0.0, "none"
        if math.isinf(above):
            trial = min(1.5 * trial, most)
        elif below == 0:
            trial = 0.4 * above
        else:
            trial = 0.5 * (below + above)
    return below, by


def _linear(predictor: Any, x: np.ndarray, point: Point, norm: AttackNorm) -> float:
    """The distance at which a linear score difference with the gradients at x would vanish, for the nearest rival."""
    weights = np.stack([point.weights(rival) for rival in point.rivals])
    gradients = np.asarray(
        predictor.scores_vjp(np.repeat(x[None], len(weights), axis=0), weights.astype(x.dtype)), np.float64
    ).reshape(len(weights), -1)
    size = np.abs(gradients).sum(axis=1) if norm == "linf" else np.linalg.norm(gradients, axis=1)
    with np.errstate(divide="ignore"):
        found = float(np.min(np.asarray(point.gaps) / size))
    return found if np.isfinite(found) and found > 0 else 1.0


def _width(threat: Threat, x: np.ndarray) -> float:
    """The width of the box, the largest radius that means anything."""
    assert threat.bounds is not None
    low, high = (np.broadcast_to(np.asarray(part, np.float64), x.shape) for part in threat.bounds)
    return float(np.max(high - low)) if threat.norm == "linf" else float(np.linalg.norm(high - low))


def _shaped(x: np.ndarray, predictor: Any) -> np.ndarray:
    """Rows in the shape of the machine's inputs, and in a float dtype."""
    shape = predictor.centres.shape[1:]
    return x.reshape(len(x), *shape)


def _methods(methods: Sequence[Method] | None) -> tuple[Method, ...]:
    chosen: tuple[Method, ...] = METHODS if methods is None else tuple(name for name in METHODS if name in methods)
    if methods is not None and (isinstance(methods, str) or not methods or len(chosen) < len(set(methods))):
        raise InputError(f"methods must be a sequence of some of {', '.join(METHODS)}, not {methods!r}")
    return chosen
