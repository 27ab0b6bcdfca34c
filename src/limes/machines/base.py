"""What the estimators share: fitting the gradient flow of a kernel, and predicting from it at any time."""

import copy
import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from limes.core.errors import InputError, PrecisionWarning
from limes.core.progress import Progress
from limes.core.status import Status
from limes.core.types import Array
from limes.gram import GramStore
from limes.gram.manifest import describe
from limes.linalg.solution import REMEDY, Solution
from limes.linalg.spectrum import Spectrum, decompose
from limes.machines import flow
from limes.machines.estimator import ExpansionEstimator
from limes.machines.predictor import KernelPredictor
from limes.machines.scaling import fit_affine
from limes.machines.training import TrainingGradient, training_vjp
from limes.nets.names import parse_net


class KernelMachine(ExpansionEstimator):
    """Gradient flow on 1/2 sum (f - y)^2 in a fixed kernel, from f = 0, to a time t (Jacot et al. 2018).

    f_t(x) = K(x, X) (K + r I)^-1 (I - exp(-(K + r I) t)) Y with r = ridge + ridge_rel x mean diagonal; t = inf is
    kernel ridge regression, r = 0 and t = inf interpolates. The learning rate is 1 and the loss a sum over examples and
    outputs: t is n x c times smaller than where the loss is a mean.

    With weights w of the training rows the loss is 1/2 sum w (f - y)^2: the same flow for W^1/2 K W^1/2 and W^1/2 Y,
    with W^1/2 on its coefficients. A row of weight 2 counts as two rows.
    """

    time: float
    ridge: float
    ridge_rel: float
    solver: flow.Solver
    random_state: int | None
    _roots: np.ndarray | None = None  # of the weights, (n, 1)

    def _check_parameters(self) -> None:
        flow.check_times((self.time,))
        self._check_net()
        for name in ("ridge", "ridge_rel"):
            value = getattr(self, name)
            if not (isinstance(value, int | float | np.number) and math.isfinite(value) and value >= 0):
                raise InputError(f"{name} must be a finite number of at least 0, not {value!r}")

    def _fit(
        self,
        x: np.ndarray,
        targets: np.ndarray,
        times: Sequence[float],
        progress: Progress | None,
        weights: np.ndarray | None = None,
        stored: GramStore | None = None,
    ) -> Self:
        times = flow.check_times(tuple(times))
        self._roots = None
        if weights is not None:
            x, targets, weights = x[weights > 0], targets[weights > 0], weights[weights > 0]
            self._roots = np.sqrt(weights)[:, None]
        solver = flow.choose(len(x), times, self.solver, stored is not None)
        flow.require_memory(len(x), solver, stored is not None)
        self._start(x, weights=weights)
        self.targets_ = np.array(targets, np.float64)
        gram = self._gram(progress) if stored is None else self._stored(stored, solver)
        shares = None if self._roots is None else self._roots[:, 0] ** 2
        mean_diagonal = float(np.average(gram.diagonal().astype(np.float64), weights=shares))  # inf after an overflow
        self.ridge_ = float(self.ridge) + float(self.ridge_rel) * mean_diagonal
        self._coef: dict[float, np.ndarray] = {}
        folder = None if stored is None else stored.path.with_name(f"{stored.path.name}-factor")
        solution = self._solve(gram, times, solver, progress, folder)
        self.solver_, self.jitter_, self.rcond_ = solution.solver, solution.jitter, solution.rcond
        self.time_, self.coef_ = times[0], self._coef[times[0]]
        self._fitted = self.at(self.time_)
        return self

    def gram(self, x: Array) -> np.ndarray:
        """The kernel (n, n) of a batch with itself, under this machine's net, kind and a scaling fitted to the batch.

        Needs no fitted machine: it shows the scale of the problem (its largest eigenvalue sets the fastest time).
        """
        x = self._shaped(np.asarray(x))
        affine = fit_affine(x, self.scale)
        net = parse_net(self.net, x.shape[1:])
        return getattr(net.kernel(x if affine is None else affine(x), get=self.kind), self.kind)

    def _gram(self, progress: Progress | None = None) -> np.ndarray:
        return getattr(self.net_.kernel(self.centres_, get=self.kind, progress=progress), self.kind)

    def _stored(self, store: GramStore, solver: str) -> Any:
        """A kernel on disk, of this machine's net and rows; read into memory for solvers that need it there."""
        if self._roots is not None:
            raise InputError("gram=... serves rows of equal weight: leave sample_weight and class_weight out")
        store.require(describe(self.net_, self.centres_, self.kind, store.manifest.tile))
        store.require_whole()
        return store if solver in flow.ON_DISK else store[:]

    def _solve(
        self,
        gram: Any,
        times: tuple[float, ...],
        solver: str,
        progress: Progress | None = None,
        folder: Path | None = None,
    ) -> Solution:
        if self._roots is not None:
            roots = self._roots.astype(gram.dtype)
            gram = gram * roots * roots.T
        y = self._rooted(self.targets_)
        solution, self._spectrum = flow.solve(gram, y, times, self.ridge_, solver, progress, folder)
        solution.check()
        if solution.status is Status.JITTER_ADDED:
            widen = ", or give float64 inputs" if gram.dtype == np.float32 else ""
            warnings.warn(
                f"the kernel matrix is singular to working precision: {solution.jitter:.1e} was added to its diagonal; "
                f"{REMEDY}{widen}",
                PrecisionWarning,
                stacklevel=4,
            )
        self._coef.update(zip(times, map(self._rooted, solution.coef), strict=True))
        return solution

    def _rooted(self, values: np.ndarray) -> np.ndarray:
        """W^1/2 times values (n, c)."""
        return values if self._roots is None else self._roots * values

    def _coef_at(self, times: tuple[float, ...]) -> list[np.ndarray]:
        """Coefficients at each time; from the kept eigendecomposition, else by solving for those that are new."""
        check_is_fitted(self, "coef_")
        missing = tuple(t for t in flow.check_times(times) if t not in self._coef)
        if missing and self._spectrum is not None:
            solution = self._spectrum.solve(self._rooted(self.targets_), missing, self.ridge_).check()
            self._coef.update(zip(missing, map(self._rooted, solution.coef), strict=True))
        elif missing:
            wanted: flow.Solver = "auto" if self.solver in flow.AT_THE_END else self.solver
            solver = flow.choose(len(self.centres_), missing, wanted)
            flow.require_memory(len(self.centres_), solver)
            self._solve(self._gram(), missing, solver)
        return [self._coef[t] for t in flow.check_times(times)]

    def at(self, time: float) -> KernelPredictor:
        """The predictor at a training time: scores, their gradients, centres and coefficients.

        Args:
            time: in units of 1 / learning rate, at least 0; inf allowed.

        Cost: none at a time that was fitted; 2 n^2 c multiplications where an eigendecomposition is kept; else a new
        kernel and a solve.
        """
        return self._predictor(self._coef_at((time,))[0])

    def stopped_at(self, time: float) -> Self:
        """A fitted copy whose parameter `time` is this one: what to save or pass on after choosing a stopping time.

        Cost: that of `at`; arrays are shared.
        """
        machine = copy.copy(self)
        machine._fitted = self.at(time)
        machine.time = machine.time_ = flow.check_times((time,))[0]
        if machine.solver in flow.AT_THE_END and math.isfinite(machine.time_):
            machine.solver = "auto"
        machine.coef_ = machine._fitted.coef
        return machine

    def scores_at(self, x: Array, time: float) -> np.ndarray:
        """Scores at any training time; see `at` for the cost."""
        check_is_fitted(self, "coef_")
        return self.at(time).scores(self._validate(x, reset=False))

    @property
    def weighted(self) -> bool:
        """Whether the training rows had weights."""
        return self._roots is not None

    def spectrum(self) -> Spectrum:
        """The eigendecomposition of the training kernel (with weights, of W^1/2 K W^1/2).

        Cost: none where the fit made one (``solver="eigh"``, or a finite time and at most 3000 rows); else a kernel and
        9 n^3 multiplications, and nothing of it is kept.

        Raises:
            MemoryRefused: if it would not fit.
        """
        check_is_fitted(self, "coef_")
        if self._spectrum is not None:
            return self._spectrum
        flow.require_memory(len(self.centres_), "eigh")
        gram = self._gram() if self._roots is None else self._gram() * self._roots * self._roots.T
        return decompose(gram)

    def label_operator(self, x: Array) -> np.ndarray:
        """The matrix (n, m) that maps training targets to scores at the fitted time: scores(x) = L(x) Y.

        Rows that were given the weight 0 are no training rows.

        Cost: a kernel, and a solve with n right-hand sides.
        """
        check_is_fitted(self, "coef_")
        z = self._validate(x, reset=False)
        z = z if self.affine_ is None else self.affine_(z)
        columns = getattr(self.net_.kernel(self.centres_, z, get=self.kind), self.kind).astype(np.float64)
        columns = self._rooted(columns)
        times = (self.time_,)
        ridge = self.ridge_ + (self.jitter_ if math.isinf(self.time_) else 0.0)
        if self._spectrum is not None:
            return self._rooted(self._spectrum.solve(columns, times, ridge).check().coef[0]).T
        solver = flow.choose(len(self.centres_), times, self.solver)
        gram = self._gram() if self._roots is None else self._gram() * self._roots * self._roots.T
        return self._rooted(flow.solve(gram, columns, times, ridge, solver)[0].check().coef[0]).T

    def training_vjp(self, x: Array, v: Array, rows: Array | None = None) -> TrainingGradient:
        """Gradient of sum(v * scores(x)) in training rows and targets, through the fit: how data could be poisoned.

        Input map and ridge count as fixed at their fitted values. See `limes.machines.training` for the formula.

        Args:
            x: (n, features...) points, as for `scores`.
            v: (n, c) gradient of a loss in their scores.
            rows: indices of training rows, those of weight zero not counted; None for all.

        Returns:
            `inputs`, (rows, features...) in the caller's units, and `targets`, (rows, c); float64.

        Raises:
            InputError: for a machine stopped at a finite time, a net with random masks, or arguments that do not fit.

        Cost: a solve with n right-hand sides, and one input gradient of an expansion over m + n centres.

        Example:
            >>> import numpy as np, limes as lm
            >>> x, y = np.array([[0.0, 1.0], [1.0, 0.0], [0.5, 0.8]]), np.array([1.0, 2.0, 0.0])
            >>> machine = lm.NTKRegressor(ridge=0.1).fit(x, y)
            >>> machine.training_vjp(x[:1] + 0.1, np.ones((1, 1))).inputs.shape
            (3, 2)
        """
        check_is_fitted(self, "coef_")
        return training_vjp(self, x, v, rows)

    def _to_store(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        times = sorted(self._coef)
        arrays, _ = super()._to_store()
        arrays |= {
            "training_targets": self.targets_,
            "path_times": np.array(times),
            "path_coef": np.stack([self._coef[t] for t in times]),
        }
        if self._roots is not None:
            arrays["roots"] = self._roots
        fitted = {name: getattr(self, name) for name in ("ridge_", "solver_", "jitter_", "rcond_")}
        return arrays, {"fitted": fitted, "time": self.time_}

    def _from_store(self, arrays: dict[str, np.ndarray], values: dict[str, Any]) -> None:
        super()._from_store(arrays, values)
        self.__dict__ |= values["fitted"] | {"_spectrum": None}
        self.time = self.time_ = float(values["time"])
        self.targets_, self._roots = arrays["training_targets"], arrays.get("roots")
        self._coef = dict(zip(arrays["path_times"].tolist(), arrays["path_coef"], strict=True))
        self.coef_ = self._coef[self.time_]
        self._fitted = self.at(self.time_)

    def __getstate__(self) -> dict[str, Any]:
        """The state to pickle or copy: without the n x n eigenvectors, which can be made again."""
        state: Any = super().__getstate__()
        return state | {"_spectrum": None} if "_spectrum" in state else state
