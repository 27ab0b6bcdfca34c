"""What an attack raises: losses of the scores, their gradients in the scores, and when a point counts as broken.

All in float64 NumPy on (n, c) scores; labels are column indices.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from limes.core.errors import InputError

LossName = Literal["margin", "ce", "mse", "dlr"]
LossFunction = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""(scores (n, c), columns (n,)) -> loss of each example (n,) and its gradient in the scores (n, c)."""


def margin(scores: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The best wrong score minus the right one: positive where the point is misclassified.

    Example:
        >>> value, gradient = margin(np.array([[3.0, 1.0, 2.0]]), np.array([0]))
        >>> value.tolist(), gradient.tolist()
        ([-1.0], [[-1.0, 0.0, 1.0]])
    """
    rows = np.arange(len(scores))
    others = scores.astype(np.float64)
    right = others[rows, labels].copy()
    others[rows, labels] = -np.inf
    runner_up = others.argmax(axis=1)
    gradient = np.zeros(scores.shape)
    gradient[rows, runner_up] = 1.0
    gradient[rows, labels] = -1.0
    return others[rows, runner_up] - right, gradient


def cross_entropy(scores: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Softmax cross-entropy, log sum_j exp(f_j - f_y), in a form that keeps tiny values.

    The gradient at the label is minus the sum of the other probabilities, which does not cancel as p_y - 1 does.
    """
    rows = np.arange(len(scores))
    gap = scores.astype(np.float64) - scores[rows, labels].astype(np.float64)[:, None]
    gap[rows, labels] = -np.inf
    top = np.maximum(gap.max(axis=1), 0.0)
    weights = np.exp(gap - top[:, None])  # 0 at the label
    others, own = weights.sum(axis=1), np.exp(-top)
    gradient = weights / (others + own)[:, None]
    gradient[rows, labels] = -others / (others + own)
    value = np.where(top > 0, top + np.log(others + own), np.log1p(others))
    return value, gradient


def logits_ratio(scores: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The margin over the gap between the best and the third best score ("dlr"): it ignores the scores' scale.

    For three or more classes. It is 1, and flat, where the label has the third best score.

    Reference: Croce & Hein 2020, arXiv 2003.01690, equation 7.
    """
    rows = np.arange(len(scores))
    value, slope = margin(scores, labels)
    order = np.argsort(scores, axis=1)
    best, third = order[:, -1], order[:, -3]
    gap = scores[rows, best].astype(np.float64) - scores[rows, third]
    gap = np.maximum(gap, np.finfo(np.float64).tiny ** 0.25)[:, None]  # three equal scores: any finite ratio will do
    ratio = value[:, None] / gap
    gradient = slope / gap
    gradient[rows, best] -= (ratio / gap)[:, 0]
    gradient[rows, third] += (ratio / gap)[:, 0]
    return ratio[:, 0], gradient


def squared_error(scores: np.ndarray, labels: np.ndarray, one_hot: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """1/2 |f - target|^2 with the target one-hot minus 1/c, or plain one-hot."""
    c = scores.shape[1]
    target = np.eye(c)[labels] - (0.0 if one_hot else 1.0 / c)
    gradient = scores.astype(np.float64) - target
    return 0.5 * (gradient**2).sum(axis=1), gradient


def require_loss(loss: str) -> None:
    """Refuse a loss that attacks do not know.

    Raises:
        InputError: naming the known ones.
    """
    if loss not in get_args(LossName):
        raise InputError(f"loss must be one of {', '.join(get_args(LossName))}, not {loss!r}")


@dataclass(frozen=True)
class Objective:
    """What one attack is after.

    Attributes:
        loss: "margin", "ce", "mse" or "dlr".
        targeted: whether labels are targets to be reached, their loss to be lowered.
        one_hot: whether the targets of "mse" are plain one-hot.
    """

    loss: LossName
    targeted: bool = False
    one_hot: bool = False

    def values(self, scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """What the attack raises, (n,): the loss, or minus the loss of the target."""
        value, _ = self.function()(scores, labels)
        return -value if self.targeted else value

    def cotangent(self, scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Gradient of `values` in the scores (n, c), in their dtype, each row scaled to a largest entry of one.

        Steps use the direction of the input's gradient only, and a saturated loss would underflow in float32.
        """
        _, gradient = self.function()(scores, labels)
        largest = np.abs(gradient).max(axis=1, keepdims=True)
        scaled = np.divide(gradient, largest, out=np.zeros_like(gradient), where=largest > 0)
        return (-scaled if self.targeted else scaled).astype(scores.dtype)

    def broken(self, scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Whether the attack has what it wants, (n,) bool: the prediction is wrong, or is the target."""
        return (scores.argmax(axis=1) == labels) == self.targeted

    def function(self) -> LossFunction:
        """The loss and its gradient in the scores, both of each example."""
        if self.loss == "mse":
            return lambda scores, labels: squared_error(scores, labels, self.one_hot)
        return {"margin": margin, "ce": cross_entropy, "dlr": logits_ratio}[self.loss]


@dataclass(frozen=True)
class Duel:
    """One wrong class, the rival, against the right one: its score minus the right score is raised.

    `pairs` are (n, 2) columns of the scores, the right class and its rival.
    """

    def values(self, scores: np.ndarray, pairs: np.ndarray) -> np.ndarray:
        """The rival's score minus the right one, (n,)."""
        right, rival = (np.take_along_axis(scores, pairs[:, [i]], axis=1)[:, 0].astype(np.float64) for i in (0, 1))
        return rival - right

    def cotangent(self, scores: np.ndarray, pairs: np.ndarray) -> np.ndarray:
        """Gradient of `values` in the scores (n, c)."""
        columns = np.arange(scores.shape[1])
        return ((columns == pairs[:, [1]]).astype(scores.dtype) - (columns == pairs[:, [0]])).astype(scores.dtype)


def ranked_rivals(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The wrong columns by falling score: (n, c - 1).

    Example:
        >>> ranked_rivals(np.array([[3.0, 1.0, 2.0]]), np.array([0])).tolist()
        [[2, 1]]
    """
    ranked = scores.astype(np.float64)
    ranked[np.arange(len(scores)), labels] = -np.inf
    return np.argsort(-ranked, axis=1, kind="stable")[:, :-1]
