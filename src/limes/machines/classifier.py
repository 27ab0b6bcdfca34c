"""Classification in the infinite-width limit."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from limes.core.progress import Progress
from limes.core.types import Array, Kind
from limes.gram import GramStore
from limes.machines.base import KernelMachine
from limes.machines.flow import Solver
from limes.machines.labels import LabelledScores
from limes.machines.scaling import Scale
from limes.machines.targets import ClassWeight, Targets, check_weights, class_factors, encode_labels
from limes.nets import Net


class NTKClassifier(LabelledScores, KernelMachine):
    """Least-squares classification by an infinitely wide network trained to a time; scikit-learn's interface.

    Args:
        net: the architecture, or its name ("mlp-5", "cnn-3-gap", see `limes.nets.names`); None for fully connected
            layers of depth 3 with relu.
        time: training time in units of 1 / learning rate; inf for training to the end. Stopping early makes it robust.
        ridge: absolute, at least 0; pulls towards the function at initialisation.
        ridge_rel: as a multiple of the kernel's mean diagonal; added to `ridge`.
        kind: "ntk" (all layers train) or "nngp" (the last layer trains).
        scale: None, "standard" or "unit": a fixed map of the inputs, see `limes.machines.scaling`.
        solver: "auto", "cholesky" or "cg" (time inf only), "eigh" or "krylov".
        random_state: not used, nothing is random; kept for one interface.
        targets: "centred" for one-hot minus 1/c, "one_hot" without.
        class_weight: factors of the loss for the rows of each class, "balanced" for the inverse of their frequencies
            with mean 1, or None.
        input_shape: shape of one input, as (32, 32, 3), where rows of a table are images or series laid out flat.

    Cost: n^2 (d + depth) for the kernel, n^3 / 3 for time inf, 9 n^3 for the eigendecomposition that serves every time.

    Example:
        >>> import numpy as np, limes as lm
        >>> x = np.array([[0.0, 1.0], [1.0, 0.0], [0.1, 0.9], [0.9, 0.2]])
        >>> clf = lm.NTKClassifier().fit(x, ["up", "right", "up", "right"])
        >>> clf.predict(np.array([[0.2, 1.0]])).tolist()
        ['up']
    """

    def __init__(
        self,
        net: Net | str | None = None,
        time: float = float("inf"),
        ridge: float = 0.0,
        ridge_rel: float = 0.0,
        kind: Kind = "ntk",
        scale: Scale | None = None,
        solver: Solver = "auto",
        random_state: int | None = 0,
        targets: Targets = "centred",
        class_weight: ClassWeight = None,
        input_shape: tuple[int, ...] | None = None,
    ) -> None:
        self.net = net
        self.time = time
        self.ridge = ridge
        self.ridge_rel = ridge_rel
        self.kind = kind
        self.scale = scale
        self.solver = solver
        self.random_state = random_state
        self.targets = targets
        self.class_weight = class_weight
        self.input_shape = input_shape

    def fit(self, X: Array, y: Array, sample_weight: Array | None = None, gram: GramStore | None = None) -> Self:
        """Fit to X (n, features...) and labels y (n,), integers or strings.

        Args:
            X: inputs.
            y: labels.
            sample_weight: (n,) factors of each row's loss, at least 0.
            gram: the kernel of these rows on disk, from `limes.gram.build`, where it would not fit into memory. With
                `scale`, it is that of the scaled rows. A factor of it is kept beside it.
        """
        return self.fit_path(X, y, (self.time,), sample_weight=sample_weight, gram=gram)

    def fit_path(
        self,
        X: Array,
        y: Array,
        times: Sequence[float],
        progress: Progress | None = None,
        sample_weight: Array | None = None,
        gram: GramStore | None = None,
    ) -> Self:
        """Fit at several times at once: one kernel serves `at(t)` and `predict_at(X, t)` for all of them.

        `predict` uses the parameter `time`, which is fitted too.
        """
        self._check_parameters()
        x, y = self._validate(X, y, reset=True)
        weights = None
        if sample_weight is not None or self.class_weight is not None:
            weights = check_weights(sample_weight, len(x))
            x, y, weights = x[weights > 0], y[weights > 0], weights[weights > 0]
            weights = weights * class_factors(self.class_weight, y, weights)
        self.classes_, targets = encode_labels(y, self.targets)
        order = dict.fromkeys((float(self.time), *map(float, times)))
        return self._fit(x, targets, tuple(order), progress, weights, gram)

    def predict_at(self, X: Array, time: float) -> np.ndarray:
        """Labels at any training time."""
        return self._labels(self.scores_at(X, time))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        # scikit-learn expects that tiny class weights silence a class; one who is right on every row cannot obey
        tags.classifier_tags.poor_score = True
        return tags
