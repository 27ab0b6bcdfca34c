"""Support vector classification with the kernel of an infinitely wide network."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, Self

import numpy as np
from sklearn.svm import SVC

from limes.core import memory as mem
from limes.core.errors import InputError
from limes.core.progress import Progress
from limes.core.types import Array, Kind
from limes.machines.estimator import ExpansionEstimator
from limes.machines.labels import LabelledScores
from limes.machines.scaling import Scale
from limes.machines.targets import ClassWeight, check_weights, class_factors, encode_labels
from limes.nets import Net

_THREADS = 4  # the solver is not parallel itself, and lets others run; each has a cache of 200 MB


class NTKSVC(LabelledScores, ExpansionEstimator):
    """Support vector classifier on the kernel of a net; scikit-learn's solver and interface.

    Among several classes each has a machine against all others, whose margin is its score, and the largest decides.
    (`sklearn.svm.SVC` lets machines of all pairs vote: as accurate, but a vote has no gradients for attacks and no
    norms for certificates.) Of two classes the scores are minus and plus half the margin.

    Args:
        net: the architecture, or its name ("mlp-5", "cnn-3-gap", see `limes.nets.names`); None for fully connected
            layers of depth 3 with relu.
        C: penalty of margin violations, above 0; in units of 1 / kernel.
        kind: "ntk" or "nngp".
        scale: None, "standard" or "unit": a fixed map of the inputs, see `limes.machines.scaling`.
        normalise: divide the kernel by its mean diagonal on the training rows, so that the same C suits any net.
        class_weight: factors of C for the classes, "balanced" for the inverse of their frequencies, or None.
        tol: of the solver's stopping criterion. With the default a row of weight two is two rows, to seven
            digits; scikit-learn's own, 1e-3, is hardly faster.
        random_state: not used, nothing is random; kept for one interface.
        input_shape: shape of one input, as (32, 32, 3), where rows of a table are images or series laid out flat.

    Attributes:
        support_: (m,) training rows that are support vectors; the only ones that predictions need.
        classes_: (c,) labels.

    Cost: n^2 (d + depth) for the kernel, between n^2 and n^3 for the solver and each class; a prediction takes a kernel
    row over the support vectors.

    Example:
        >>> import numpy as np, limes as lm
        >>> x = np.array([[0.0, 1.0], [1.0, 0.0], [0.1, 0.9], [0.9, 0.2]])
        >>> lm.NTKSVC().fit(x, ["up", "right", "up", "right"]).predict(np.array([[0.2, 1.0]])).tolist()
        ['up']
    """

    def __init__(
        self,
        net: Net | str | None = None,
        C: float = 1.0,
        kind: Kind = "ntk",
        scale: Scale | None = None,
        normalise: bool = True,
        class_weight: ClassWeight = None,
        tol: float = 1e-9,
        random_state: int | None = 0,
        input_shape: tuple[int, ...] | None = None,
    ) -> None:
        self.net = net
        self.C = C
        self.kind = kind
        self.scale = scale
        self.normalise = normalise
        self.class_weight = class_weight
        self.tol = tol
        self.random_state = random_state
        self.input_shape = input_shape

    def fit(self, X: Array, y: Array, sample_weight: Array | None = None, progress: Progress | None = None) -> Self:
        """Fit to X (n, features...) and labels y (n,), integers or strings.

        Args:
            X: inputs.
            y: labels.
            sample_weight: (n,) factors of C, at least 0; rows of weight 0 count for nothing.
            progress: told of the kernel's tiles.
        """
        self._check_net()
        check_positive(C=self.C, tol=self.tol)
        x, y = self._validate(X, y, reset=True)
        weights = check_weights(sample_weight, len(x))
        rows = np.flatnonzero(weights)
        x, y, weights = x[rows], y[rows], weights[rows]
        self.classes_, _ = encode_labels(y, "centred")
        n = len(x)
        mem.require(24 * n**2, f"a support vector machine on {n} rows", "use fewer rows, or a machine with more memory")
        self._start(x, weights=weights)
        gram = getattr(self.net_.kernel(self.centres_, get=self.kind, progress=progress), self.kind)
        gram = gram.astype(np.float64)
        factor = float(np.average(np.diagonal(gram), weights=weights)) if self.normalise else 1.0
        gram /= factor or 1.0
        weights = weights * class_factors(self.class_weight, y, weights)
        found = separate(gram, np.searchsorted(self.classes_, y), weights, self.C, self.tol)
        self.support_ = rows[found.support]
        self.n_iter_, self.intercept_ = found.n_iter, found.intercept
        self.coef_ = found.coef / (factor or 1.0)
        self.centres_ = self.centres_[found.support]
        self._fitted = self._predictor(self.coef_, self.intercept_)
        return self

    def _to_store(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        arrays, values = super()._to_store()
        return arrays | {"support": self.support_, "n_iter": self.n_iter_}, values

    def _from_store(self, arrays: dict[str, np.ndarray], values: dict[str, Any]) -> None:
        super()._from_store(arrays, values)
        self.support_, self.n_iter_, self.intercept_ = arrays["support"], arrays["n_iter"], arrays["intercept"]


class Margins(NamedTuple):
    """A support vector machine as scores K(., support) coef + intercept.

    Attributes:
        support: (m,) rows.
        coef: (m, c).
        intercept: (c,).
        n_iter: steps of the solver, for each machine.
    """

    support: np.ndarray
    coef: np.ndarray
    intercept: np.ndarray
    n_iter: np.ndarray


def separate(gram: np.ndarray, index: np.ndarray, weights: np.ndarray, C: float, tol: float) -> Margins:
    """Fit each class against all others on a kernel (n, n) in float64.

    Args:
        gram: the kernel.
        index: (n,) numbers of the rows' classes, from 0, each of which occurs.
        weights: (n,) factors of C.
        C: penalty of margin violations.
        tol: of the solver's stopping criterion.
    """
    n_classes = int(index.max()) + 1

    def against_others(k: int) -> SVC:
        return SVC(C=C, kernel="precomputed", tol=tol).fit(gram, index == k, weights)

    with ThreadPoolExecutor(_THREADS) as pool:
        machines = list(pool.map(against_others, (1,) if n_classes == 2 else range(n_classes)))
    support = np.unique(np.concatenate([machine.support_ for machine in machines]))
    coef = np.zeros((len(support), len(machines)))
    for column, machine in zip(coef.T, machines, strict=True):
        column[np.searchsorted(support, machine.support_)] = machine.dual_coef_[0]
    intercept = np.concatenate([machine.intercept_ for machine in machines])
    if n_classes == 2:
        sides = np.array([-0.5, 0.5])
        coef, intercept = coef * sides, intercept * sides
    return Margins(support, coef, intercept, np.concatenate([machine.n_iter_ for machine in machines]))


def check_positive(**values: Any) -> None:
    """Refuse what is no finite number above 0.

    Raises:
        InputError: naming the parameter.
    """
    for name, value in values.items():
        if not (isinstance(value, int | float | np.number) and np.isfinite(value) and value > 0):
            raise InputError(f"{name} must be a finite number above 0, not {value!r}")
