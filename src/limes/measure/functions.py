"""Two networks compared as functions on a set of inputs, and as points in the space of weights."""

from typing import Any

import jax
import numpy as np

from limes.core.errors import InputError
from limes.core.types import Array


def disagreement(first: Array, second: Array) -> float:
    """Share of rows whose largest output is another one: outputs (n, c) of both."""
    return float(np.mean(_rows(first, second)[0].argmax(axis=1) != np.asarray(second).argmax(axis=1)))


def function_distance(first: Array, second: Array) -> float:
    """Root mean square over rows of the distance of the outputs (n, c), over that of the first outputs' size."""
    a, b = _rows(first, second)
    return float(np.sqrt(np.sum((a - b) ** 2) / np.sum(a**2)))


def softmax_distance(first: Array, second: Array) -> float:
    """Mean over rows of half the l1 distance between the softmax of outputs (n, c): in [0, 1]."""
    a, b = (_softmax(outputs) for outputs in _rows(first, second))
    return float(np.mean(0.5 * np.abs(a - b).sum(axis=1)))


def weight_distance(first: Any, second: Any) -> float:
    """Euclidean distance of two trees of weights over the length of the first."""
    pairs = list(zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True))
    change = sum(float(np.sum((np.asarray(a, np.float64) - np.asarray(b, np.float64)) ** 2)) for a, b in pairs)
    return float(np.sqrt(change / sum(float(np.sum(np.asarray(a, np.float64) ** 2)) for a, _ in pairs)))


def _rows(first: Array, second: Array) -> tuple[np.ndarray, np.ndarray]:
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if a.shape != b.shape or a.ndim != 2:
        raise InputError(f"outputs of shape {a.shape} and {b.shape} cannot be compared: both must be (n, c)")
    return a, b


def _softmax(outputs: np.ndarray) -> np.ndarray:
    raised = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)
