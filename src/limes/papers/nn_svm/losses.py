"""The losses of the paper's table: each with its slope in the prediction, for labels 1 and -1.

With the penalty lambda/2 |beta|^2 they give kernel regression and hard margins (lambda = 0 and lambda -> 0), the 1-norm
and the 2-norm support vector machine, support vector regression, kernel ridge regression and logistic regression.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Values = Callable[[np.ndarray, np.ndarray], np.ndarray]
EPS = 0.1
"""Half width of the band of the insensitive loss."""


@dataclass(frozen=True)
class Loss:
    """A loss l(z, y) of a prediction z.

    Attributes:
        name: of the loss.
        value, slope: l and dl/dz, element by element; at a kink the slope of the side where the loss is 0.
        lipschitz: the largest |dl/dz|; infinite if there is none.
    """

    name: str
    value: Values
    slope: Values
    lipschitz: float


def _logistic_slope(z: np.ndarray, y: np.ndarray) -> np.ndarray:
    return -y * np.exp(-np.logaddexp(0.0, y * z))


LOSSES = {
    loss.name: loss
    for loss in (
        Loss("hinge", lambda z, y: np.maximum(1 - y * z, 0), lambda z, y: -y * (y * z < 1), 1.0),
        Loss(
            "squared hinge",
            lambda z, y: np.maximum(1 - y * z, 0) ** 2,
            lambda z, y: -2 * y * np.maximum(1 - y * z, 0),
            np.inf,
        ),
        Loss(
            "insensitive",
            lambda z, y: np.maximum(np.abs(z - y) - EPS, 0),
            lambda z, y: np.sign(z - y) * (np.abs(z - y) > EPS),
            1.0,
        ),
        Loss("square", lambda z, y: (z - y) ** 2, lambda z, y: 2 * (z - y), np.inf),
        Loss("logistic", lambda z, y: np.logaddexp(0.0, -y * z), _logistic_slope, 1.0),
    )
}
