"""Adv-NTK: the flow of a kernel in which every training row has a clock, tuned on attacked validation rows."""

import copy
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, Self, get_args

import jax
import numpy as np
from sklearn.utils.validation import check_is_fitted

from limes.attacks import PGD, AttackResult, parse_eps
from limes.attacks.search import require_count
from limes.attacks.threat import require_norm
from limes.core import memory as mem
from limes.core.checkpoint import Checkpoint
from limes.core.errors import InputError
from limes.core.progress import Progress, Quiet
from limes.core.types import Array, Kind, Norm
from limes.finite.batches import batch
from limes.linalg.weighted import WeightedFlow, weighted_flow
from limes.machines.estimator import ExpansionEstimator
from limes.machines.labels import LabelledScores
from limes.machines.predictor import KernelPredictor
from limes.machines.scaling import Scale
from limes.machines.targets import Targets, code, encode_labels
from limes.nets import Net
from limes.robust.holdout import hold_out
from limes.robust.released import ReleasedPGD
from limes.robust.seed import seed_of

Protocol = Literal["correct", "released"]
_WAYS_OUT = "use fewer rows, or hold more of them out (validation)"


class Step(NamedTuple):
    """What one step saw: the mean loss 1/2 |f - y|^2 on its attacked batch, the norm of its gradient, Krylov steps."""

    loss: float
    gradient_norm: float
    krylov_steps: int


def _steps(rows: np.ndarray) -> list[Step]:
    """Steps from the array (n, 3) that files hold."""
    return [Step(loss, size, int(krylov)) for loss, size, krylov in rows.tolist()]


class AdvNTKClassifier(LabelledScores, ExpansionEstimator):
    """Adv-NTK of Fu & Wang 2024: f_w(x) = K(x, X) K^-1 (I - exp(-K diag|w|)) Y with w tuned against an attack.

    The rows are split into a kernel part X and a validation part. Each step attacks a batch of validation rows with the
    current f_w and moves w, which starts at 0, by the learning rate along the normalised gradient of the attacked
    squared error. |w| = t for every row is the plain flow of `limes.NTKClassifier` at time t.

    Args:
        net: the architecture, or its name ("mlp-5"); None for a fully connected net of depth 3 with relu.
        eps: radius of the attack, in the units of the data, a number or a fraction.
        norm: "linf" or "l2".
        bounds: (low, high) of valid inputs, or None.
        steps: steps of w.
        learning_rate: length of a step of w, in units of training time.
        batch_size: validation rows attacked in a step.
        attack_steps: gradient steps of the attack.
        attack_step_size: in the units of the data; None for eps / 5.
        validation: share of every class that is held out, or (X_val, y_val).
        protocol: "correct" for PGD within the ball round the clean point; "released" for the attack of the published
            code (`limes.robust.ReleasedPGD`, l-inf only), which leaves that ball.
        random_state: int, None or a NumPy RandomState: of the split, the batches and the attack.
        kind: "ntk" or "nngp".
        scale: None, "standard" or "unit": a fixed map of the inputs, see `limes.machines.scaling`.
        targets: "one_hot", as in the paper, or "centred" for one-hot minus 1/c.

    Attributes:
        weights_: (N,) w after the last step, for the N rows of the kernel part.
        history_: one `Step` for each step.
        path_: (steps + 1, N) w before the first and after each step.

    Cost: a kernel of N rows in float64; each step takes two block Krylov spaces (N^2 c multiplications a block) and
    attack_steps gradients of `batch_size` predictions.

    Reference: Fu & Wang 2024, arXiv 2310.06112; solved as in `limes.linalg.weighted`.

    Example:
        >>> import limes as lm
        >>> digits = lm.data.load("digits")
        >>> clf = lm.AdvNTKClassifier(eps=0.05, bounds=(0, 1), steps=3).fit(digits.x[:120], digits.y[:120])
        >>> clf.predict(digits.x[:2]).shape, clf.at(1).coef.shape
        ((2,), (100, 10))
    """

    norm: Norm

    def __init__(
        self,
        net: Net | str | None = None,
        eps: float | str = "8/255",
        norm: Norm = "linf",
        bounds: Any = None,
        steps: int = 50,
        learning_rate: float = 0.1,
        batch_size: int = 128,
        attack_steps: int = 10,
        attack_step_size: float | str | None = None,
        validation: Any = 1 / 6,
        protocol: Protocol = "correct",
        random_state: Any = 0,
        kind: Kind = "ntk",
        scale: Scale | None = None,
        targets: Targets = "one_hot",
    ) -> None:
        self.net = net
        self.eps = eps
        self.norm = norm
        self.bounds = bounds
        self.steps = steps
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.attack_steps = attack_steps
        self.attack_step_size = attack_step_size
        self.validation = validation
        self.protocol = protocol
        self.random_state = random_state
        self.kind = kind
        self.scale = scale
        self.targets = targets

    def fit(self, X: Array, y: Array, *, checkpoint: Any = None, progress: Progress | None = None) -> Self:
        """Fit to X (n, features...) and labels y (n,), integers or strings.

        Args:
            X: (n, features...).
            y: (n,).
            checkpoint: a file that is written after every step; the same fit continues from it.
            progress: told of every step.

        Raises:
            InputError: for data or parameters that cannot be used.
            FormatError: for a checkpoint of another fit.
            MemoryRefused: if the kernel would not fit.
        """
        attack = self._attack()
        x, y = self._validate(X, y, reset=True)
        self.classes_, _ = encode_labels(y, self.targets)
        self.seed_ = seed_of(self.random_state)
        x, y, x_val, y_val = self._parts(x, y)
        mem.require(20 * len(x) ** 2, f"Adv-NTK with {len(x)} rows in its kernel", _WAYS_OUT)
        self._start(x)
        self.targets_ = code(np.searchsorted(self.classes_, y), len(self.classes_), self.targets)
        parameters = self.get_params(deep=False) | {"net": self.net_.to_spec(), "validation": None, "steps": None}
        data = {"x": self.centres_, "targets": self.targets_, "x_val": x_val, "y_val": y_val.astype(str)}
        self._tune(x_val, y_val, attack, Checkpoint(checkpoint, parameters, data), progress or Quiet())
        return self

    def _attack(self) -> Callable[..., AttackResult]:
        self._check_net()
        eps = parse_eps(self.eps)
        require_norm(self.norm, Norm)
        require_count(self.steps, "steps")
        require_count(self.batch_size, "batch_size")
        if not (np.isfinite(self.learning_rate) and self.learning_rate > 0):
            raise InputError(f"learning_rate must be a positive number, not {self.learning_rate!r}")
        if self.protocol not in get_args(Protocol):
            raise InputError(f"protocol must be 'correct' or 'released', not {self.protocol!r}")
        if self.protocol == "released":
            if self.norm != "linf":
                raise InputError(f"the released attack is for norm='linf', not {self.norm!r}: use protocol='correct'")
            return ReleasedPGD(self.attack_steps, self.attack_step_size)
        size = eps / 5 if self.attack_step_size is None else self.attack_step_size
        return PGD(self.norm, self.attack_steps, 1, "mse", size or None, goal="loss")

    def _parts(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Rows and labels of the kernel part and of the validation part."""
        if not isinstance(self.validation, tuple | list):
            rng = np.random.default_rng([self.seed_, 0])
            rows, held = hold_out(np.searchsorted(self.classes_, y), self.validation, rng)
            return x[rows], y[rows], x[held], y[held]
        x_val, y_val = np.asarray(self.validation[0], x.dtype), np.asarray(self.validation[1])
        if x_val.shape[1:] != x.shape[1:] or y_val.shape != x_val.shape[:1] or not len(x_val):
            raise InputError(
                f"validation holds rows of shape {x_val.shape} and labels of shape {y_val.shape}, but (n, "
                f"{', '.join(map(str, x.shape[1:]))}) and (n,) are needed"
            )
        if unknown := sorted({str(label) for label in y_val.tolist()} - {str(label) for label in self.classes_}):
            raise InputError(f"validation has labels that no row of X has: {', '.join(unknown[:5])}")
        return x, y, x_val, y_val

    def _gram(self) -> np.ndarray:
        return getattr(self.net_.kernel(self.centres_, get=self.kind), self.kind).astype(np.float64)

    def _tune(
        self, x_val: np.ndarray, y_val: np.ndarray, attack: Any, checkpoint: Checkpoint, progress: Progress
    ) -> None:
        gram = self._gram()
        path, seen = [np.zeros(len(gram))], []
        if (stored := checkpoint.read()) is not None:
            path, seen = list(stored["path"]), _steps(stored["history"])
            path, seen = path[: self.steps + 1], seen[: self.steps]
        flow = weighted_flow(gram, self.targets_, np.abs(path[-1]))
        predictor = self._predictor(flow.coef)
        progress.start("Adv-NTK", self.steps)
        progress.step(len(seen))
        for step in range(len(seen), self.steps):
            rows = batch(len(x_val), self.batch_size, step, self.seed_)
            weights, what = self._step(flow, path[-1], predictor, x_val[rows], y_val[rows], attack, step)
            path.append(weights)
            seen.append(what)
            checkpoint.write({"path": np.stack(path), "history": np.array(seen, np.float64)})
            flow = weighted_flow(gram, self.targets_, np.abs(weights))
            predictor = predictor.with_coef(flow.coef)
            progress.step()
        self.path_, self.history_ = np.stack(path), seen
        self.weights_, self.coef_, self._fitted = path[-1], flow.coef, predictor
        self._coef = {self.steps: flow.coef}

    def _step(
        self,
        flow: WeightedFlow,
        weights: np.ndarray,
        predictor: KernelPredictor,
        x: np.ndarray,
        y: np.ndarray,
        attack: Any,
        step: int,
    ) -> tuple[np.ndarray, Step]:
        """Attack a batch, and move w along the gradient of its loss with the attacked points held fixed."""
        key = jax.random.fold_in(jax.random.key(self.seed_), step)
        moved = attack(predictor, x, y, self.eps, bounds=self.bounds, key=key).x_adv
        z = moved if self.affine_ is None else self.affine_(moved)
        columns = getattr(self.net_.kernel(self.centres_, z, get=self.kind), self.kind).astype(np.float64)
        residual = columns.T @ flow.coef
        residual -= code(np.searchsorted(self.classes_, y), len(self.classes_), self.targets)
        sign = np.where(weights < 0, -1.0, 1.0)  # at w = 0, where all begin, the derivative of |w| is taken as 1
        gradient = sign * flow.gradient(columns @ residual / len(x))
        size = float(np.linalg.norm(gradient))
        loss = 0.5 * float((residual**2).sum(axis=1).mean())
        return weights - self.learning_rate * gradient / (size + 1e-8), Step(loss, size, flow.steps)

    def at(self, step: int) -> KernelPredictor:
        """The predictor after a step, 0 for the start.

        Raises:
            InputError: for a step that was not made.

        Cost: none for the last step and those asked for before; else a kernel and a Krylov space.
        """
        check_is_fitted(self, "coef_")
        if not 0 <= step < len(self.path_):
            raise InputError(f"step must lie between 0 and {len(self.path_) - 1}, the steps that were made, not {step}")
        if step not in self._coef:
            self._coef[step] = weighted_flow(self._gram(), self.targets_, np.abs(self.path_[step])).coef
        return self._fitted.with_coef(self._coef[step])

    def stopped_at(self, step: int) -> Self:
        """A fitted copy that ends after a step. Cost: that of `at`; arrays are shared."""
        machine = copy.copy(self)
        machine._fitted = self.at(step)
        machine.steps, machine.path_, machine.history_ = step, self.path_[: step + 1], self.history_[:step]
        machine.weights_, machine.coef_ = self.path_[step], machine._fitted.coef
        machine._coef = {step: machine.coef_}
        return machine

    def label_operator(self, x: Array) -> np.ndarray:
        """The matrix (n, N) that maps training targets to scores, w held fixed: scores(x) = L(x) Y.

        Cost: a kernel, and a Krylov space with n right-hand sides.
        """
        check_is_fitted(self, "coef_")
        z = self._validate(x, reset=False)
        z = z if self.affine_ is None else self.affine_(z)
        columns = getattr(self.net_.kernel(self.centres_, z, get=self.kind), self.kind).astype(np.float64)
        return weighted_flow(self._gram(), columns, np.abs(self.weights_)).coef.T

    def _parameters_to_store(self) -> dict[str, Any]:
        """Without validation rows, which predictions do not need, and with the seed in place of a random state."""
        parameters = super()._parameters_to_store() | {"random_state": self.seed_}
        return {k: v for k, v in parameters.items() if k != "validation" or isinstance(v, int | float | np.number)}

    def _to_store(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        history = np.array(self.history_, np.float64).reshape(-1, len(Step._fields))
        own = {"training_targets": self.targets_, "path": self.path_, "history": history}
        return super()._to_store()[0] | own, {"seed": self.seed_}

    def _from_store(self, arrays: dict[str, np.ndarray], values: dict[str, Any]) -> None:
        super()._from_store(arrays, values)
        self.seed_, self.targets_, self.path_ = int(values["seed"]), arrays["training_targets"], arrays["path"]
        self.history_ = _steps(arrays["history"])
        self.weights_, self._coef = self.path_[-1], {len(self.path_) - 1: self.coef_}
