"""What all classifiers share: labels from scores."""

from collections.abc import Callable

import numpy as np
from sklearn.base import ClassifierMixin

from limes.core.types import Array


class LabelledScores(ClassifierMixin):
    """Predictions from scores, for estimators with `scores` and fitted `classes_`."""

    classes_: np.ndarray
    scores: Callable[..., np.ndarray]

    def predict(self, X: Array) -> np.ndarray:
        """Labels of the largest scores, as they came in `fit`."""
        return self._labels(self.scores(X))

    def decision_function(self, X: Array) -> np.ndarray:
        """Scores (n, c); for two classes their difference (n,), positive for the second."""
        return self._decision(self.scores(X))

    def _decision(self, scores: np.ndarray) -> np.ndarray:
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def _labels(self, scores: np.ndarray) -> np.ndarray:
        return self.classes_[np.argmax(scores, axis=1)]
