"""Adversarial training in the lazy limit: what a network with a fixed kernel can learn from attacked points."""

import math
from typing import Any, Literal, NamedTuple, Self, get_args

import jax
import numpy as np

from limes.attacks import PGD, Threat, parse_eps
from limes.attacks.search import require_count
from limes.attacks.threat import require_norm
from limes.core import memory as mem
from limes.core.checkpoint import Checkpoint
from limes.core.errors import InputError
from limes.core.progress import Progress, Quiet
from limes.core.types import Array, Kind, Norm
from limes.finite.batches import batch
from limes.linalg.top import top_eigenpairs
from limes.machines.estimator import ExpansionEstimator
from limes.machines.labels import LabelledScores
from limes.machines.scaling import Scale
from limes.machines.targets import Targets, code, encode_labels
from limes.nets import Net
from limes.robust import stopping
from limes.robust.descent import Fixed, Growing, fixed
from limes.robust.seed import seed_of

Method = Literal["functional", "projected", "preconditioned"]
Loss = Literal["ce", "mse"]
_MOST_GROWING = 100_000
_FEW = 3000
_TEMPERATURE = 10.0
_AT_STEP = "at_step_"


class Step(NamedTuple):
    """What one step saw: the mean loss on its attacked batch, and the share of it that was classified correctly."""

    loss: float
    accuracy: float


class LazyATClassifier(LabelledScores, ExpansionEstimator):
    """Adversarial training of an infinitely wide network whose kernel stays fixed (the lazy limit).

    Functional gradient descent, df/dt = -K(., X'_t) r(f(X'_t)): each step attacks a batch of training rows with the
    current f and moves f against the residual there. A finite network moves its kernel under adversarial training; this
    is what remains where it does not.

    Methods, which share attack, loss and schedule:

    - "functional": the step as it is. Every attacked point becomes a centre.
    - "projected": each step is projected onto the span of K(., Z) for fixed centres Z, the rows and `copies` perturbed
      copies of them; `momentum` accelerates it.
    - "preconditioned": the same with the leading directions of the kernel scaled down (EigenPro), which allows steps
      that are many times longer.

    Robust accuracy on new points rises and then falls in training (robust overfitting). So training goes in two
    passes: the first holds rows out, attacks the running mean of f on them about fifteen times, and ends once it has
    stopped to improve; the second trains on all rows for the training time of the stop that was chosen, its rate
    falling to zero at the end.

    Args:
        net: the architecture, or its name ("mlp-5"); None for a fully connected net of depth 3 with relu.
        eps: radius to withstand, in the units of the data, a number or a fraction.
        norm: "linf" or "l2".
        bounds: (low, high) of valid inputs, or None.
        random_state: int, None or a NumPy RandomState: of the batches, the copies and the attacks.
        method: see above.
        steps: gradient steps at most; the rate falls to zero over the last third, as half a cosine. None for 150 on up
            to 3,000 rows and 300 on more.
        batch_size: rows attacked in a step.
        attack_steps: gradient steps of the attack.
        reach: radius of the attack in training, in multiples of `eps`; what is learned from few rows withstands less
            on new points than in training, and on many rows a smaller radius gives up a little of that for
            clean accuracy. None for 1.2 up to 3,000 rows and 0.7 on more.
        loss: "mse", 1/2 |f - y|^2, or "ce", softmax cross-entropy of ten times the scores.
        rate: share of the rate that is stable for the squared error; None for 75 / steps, at most 1/2: many small steps
            see more attacked points in the same training time.
        momentum: share of the last step added to the next, in [0, 1).
        averaging: decay of the running mean of f that is returned, in [0, 1).
        copies: perturbed copies of the rows among the centres, each value moved by plus or minus the radius; None for
            one copy of up to 3,000 rows and none of more.
        n_damped: directions that "preconditioned" scales down; None for as many as make steps notably longer.
        validation: share of every class that is held out to choose the stop with, 500 rows at most; 0 keeps the last f
            of a single pass.
        refit: whether there is a second pass; without one, f at the stop of the first is kept.
        kind: "ntk" or "nngp".
        scale: None, "standard" or "unit": a fixed map of the inputs, see `limes.machines.scaling`.
        targets: "centred" for one-hot minus 1/c, or "one_hot"; matters for "mse".

    Attributes:
        history_: one `Step` for each step of the last pass.
        checks_: one `limes.robust.Check` for each time that held-out rows were attacked.
        stop_: the step of the first pass that was chosen: of those within one standard error of the most robust, the
            one of highest clean accuracy.
        steps_, rate_: those of the first pass.

    Cost: a kernel of m = (copies + 1) n centres and its Cholesky factor, 12 m^2 bytes, in each pass; each step takes
    `attack_steps` gradients of `batch_size` predictions and a solve.

    Reference: the flow is that of adversarial training at infinite width with a fixed kernel, see Tsilivis & Kempe 2022
    (arXiv 2210.05577); projection and damping as in EigenPro (Ma & Belkin 2017, arXiv 1703.10622).

    Example:
        >>> import limes as lm
        >>> digits = lm.data.load("digits")
        >>> clf = lm.LazyATClassifier(eps=0.05, bounds=(0, 1), steps=5).fit(digits.x[:100], digits.y[:100])
        >>> clf.predict(digits.x[:2]).shape, len(clf.history_)
        ((2,), 5)
    """

    norm: Norm
    loss: Loss

    def __init__(
        self,
        net: Net | str | None = None,
        eps: float | str = "8/255",
        norm: Norm = "linf",
        bounds: Any = None,
        random_state: Any = 0,
        method: Method = "preconditioned",
        steps: int | None = None,
        batch_size: int = 256,
        attack_steps: int = 7,
        reach: float | None = None,
        loss: Loss = "mse",
        rate: float | None = None,
        momentum: float = 0.9,
        averaging: float = 0.95,
        copies: int | None = None,
        n_damped: int | None = None,
        validation: float = 0.1,
        refit: bool = True,
        kind: Kind = "ntk",
        scale: Scale | None = None,
        targets: Targets = "centred",
    ) -> None:
        self.net = net
        self.eps = eps
        self.norm = norm
        self.bounds = bounds
        self.random_state = random_state
        self.method = method
        self.steps = steps
        self.batch_size = batch_size
        self.attack_steps = attack_steps
        self.reach = reach
        self.loss = loss
        self.rate = rate
        self.momentum = momentum
        self.averaging = averaging
        self.copies = copies
        self.n_damped = n_damped
        self.validation = validation
        self.refit = refit
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
        self._check_parameters()
        x, y = self._validate(X, y, reset=True)
        self.classes_, targets = encode_labels(y, self.targets)
        self.seed_ = seed_of(self.random_state)
        self.steps_ = default_steps(len(x)) if self.steps is None else self.steps
        self.rate_ = min(0.5, 75 / self.steps_) if self.rate is None else self.rate
        self._radius = parse_eps(self.eps) * (default_reach(len(x)) if self.reach is None else self.reach)
        self._require_memory(len(x))
        self._start(x)
        parameters = self._parameters_to_store() | {"net": self.net_.to_spec()}
        kept = Checkpoint(checkpoint, parameters, {"x": x, "targets": targets})
        stored = kept.read()
        second, progress = bool(stored and stored.pop("second")), progress or Quiet()
        self.checks_ = [] if stored is None else stopping.from_array(stored["checks"])
        if not self.validation:
            self.stop_ = self.steps_
            self._train(x, y, self.steps_, kept, stored, progress)
        else:
            rows, held = stopping.split(np.searchsorted(self.classes_, y), self.validation, self.seed_)
            threat = (self.eps, self.norm, self.bounds, self.seed_, self.steps_)
            held_out = stopping.HeldOut(x[held], y[held], *threat, self.checks_)
            if not second:
                self._train(x[rows], y[rows], self.steps_, kept, stored, progress, held_out=held_out)
                stored = None
            self.stop_ = held_out.stop
            if self.refit:
                self._train(x, y, _as_long(self.stop_, self.steps_), kept, stored, progress, second=True)
        self.centres_, self.coef_ = self._fitted.centres, self._fitted.coef
        return self

    def _check_parameters(self) -> None:
        self._check_net()
        parse_eps(self.eps)
        require_norm(self.norm, Norm)
        for name, known in (("method", get_args(Method)), ("loss", get_args(Loss))):
            if getattr(self, name) not in known:
                raise InputError(f"{name} must be one of {', '.join(known)}, not {getattr(self, name)!r}")
        for name in ("batch_size", "attack_steps") if self.steps is None else ("steps", "batch_size", "attack_steps"):
            require_count(getattr(self, name), name)
        for name in ("copies", "n_damped"):
            if (getattr(self, name) or 0) < 0:
                raise InputError(f"{name} must be at least 0, not {getattr(self, name)!r}")
        for name in ("momentum", "averaging"):
            if not 0 <= getattr(self, name) < 1:
                raise InputError(f"{name} must lie in [0, 1), not {getattr(self, name)!r}")
        if not 0 <= self.validation < 1:
            raise InputError(f"validation must be a share in [0, 1), not {self.validation!r}")
        for name in ("rate", "reach"):
            value = 1.0 if getattr(self, name) is None else getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise InputError(f"{name} must be a positive number, not {value!r}")

    def _require_memory(self, n: int) -> None:
        m = self._room(n) if self.method == "functional" else (1 + self._copies(n)) * n
        if self.method == "functional" and m > _MOST_GROWING:
            raise InputError(
                f"method='functional' would end with {m} centres, more than {_MOST_GROWING}: use fewer steps or "
                "smaller batches, or method='preconditioned'"
            )
        what = f"adversarial training with {m} centres"
        needed = 0 if self.method == "functional" else 12 * m * m
        mem.require(needed, what, "use fewer rows or copies, or method='functional' with few steps")

    def _room(self, n: int) -> int:
        return self.steps_ * min(self.batch_size, n)

    def _copies(self, n: int) -> int:
        return int(n <= _FEW) if self.copies is None else self.copies

    def _descent(self, x: np.ndarray) -> Fixed | Growing:
        rng = np.random.default_rng([self.seed_, 2])
        n, size = len(x), min(self.batch_size, len(x))
        if self.method == "functional":
            gram = getattr(self.net_.kernel(self.centres_, get=self.kind), self.kind)
            largest = float(top_eigenpairs(gram, 1, rng)[0][0])
            self.centres_ = np.repeat(self.centres_[:1], self._room(n), axis=0)
            return Growing(self._predictor(np.zeros((self._room(n), len(self.classes_)))), self.rate_ * n / largest)
        region = Threat(self.norm, self._radius, self.bounds).region(x)
        for _ in range(self._copies(n)):
            signs = rng.choice([-1.0, 1.0], size=x.shape)
            moved = region.project(x + region.threat.eps * region.threat.direction(signs))
            moved = moved if self.affine_ is None else self.affine_(moved)
            self.centres_ = np.concatenate([self.centres_, moved])
        start = self._predictor(np.zeros((len(self.centres_), len(self.classes_))))
        n_damped = 0 if self.method == "projected" else self.n_damped
        return fixed(start, size, n, n_damped, self.momentum, self.averaging, self.rate_, rng)

    def _train(
        self,
        x: np.ndarray,
        y: np.ndarray,
        steps: int,
        checkpoint: Checkpoint,
        stored: dict[str, np.ndarray] | None,
        progress: Progress,
        held_out: stopping.HeldOut | None = None,
        second: bool = False,
    ) -> None:
        """A pass over rows x, up to a step; with held-out rows it chooses the stop as well."""
        self._start(x)
        self.coef_ = np.zeros((len(x), len(self.classes_)))
        descent, history = self._descent(x), []
        looked: dict[str, np.ndarray] = {}  # coefficients at each check, where one of them will be the result
        if stored is not None:
            history = [Step(*row) for row in stored.pop("history").tolist()]
            looked = {name: stored.pop(name) for name in list(stored) if name.startswith(_AT_STEP)}
            descent.restore(stored)
        attack = PGD(self.norm, self.attack_steps, 1, self.loss, goal="loss")
        columns = np.searchsorted(self.classes_, y)
        progress.start(f"adversarial training (lazy limit{', all rows' if second else ''})", steps)
        progress.step(descent.steps)
        while (step := descent.steps) < steps and not (held_out and held_out.settled):
            rows = batch(len(x), self.batch_size, step, self.seed_)
            key = jax.random.fold_in(jax.random.key(self.seed_), step)
            moved = attack(descent.predictor, x[rows], y[rows], self._radius, bounds=self.bounds, key=key).x_adv
            z = moved if self.affine_ is None else self.affine_(moved)
            block = descent.columns(z).astype(np.float64)
            scores = descent.scores(block)
            residual, loss = self._residual(scores, columns[rows])
            descent.step(z, residual, block, _schedule(step / steps))
            history.append(Step(loss, float((scores.argmax(axis=1) == columns[rows]).mean())))
            if held_out and held_out.look(descent.steps, descent.result()) and not self.refit:
                looked[f"{_AT_STEP}{descent.steps}"] = descent.result().coef
            state = descent.state() | {"history": np.array(history), "checks": stopping.as_array(self.checks_)}
            state["second"] = np.array(second)
            checkpoint.write(state | looked)
            progress.step()
        chosen = looked.get(f"{_AT_STEP}{held_out.stop}") if held_out else None
        self.history_, self._fitted = history, descent.result() if chosen is None else descent.stopped(chosen)

    def _residual(self, scores: np.ndarray, index: np.ndarray) -> tuple[np.ndarray, float]:
        """The derivative of the loss in the scores (b, c), and the mean loss."""
        if self.loss == "mse":
            residual = scores - code(index, scores.shape[1], self.targets)
            return residual, 0.5 * float((residual**2).sum(axis=1).mean())
        logits = _TEMPERATURE * (scores - scores.max(axis=1, keepdims=True))
        logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
        loss = -float(logits[np.arange(len(index)), index].mean())
        return np.exp(logits) - code(index, scores.shape[1], "one_hot"), loss

    def _parameters_to_store(self) -> dict[str, Any]:
        """With the seed in place of a random state."""
        return super()._parameters_to_store() | {"random_state": self.seed_}

    def _to_store(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        history = np.array(self.history_, np.float64).reshape(-1, 2)
        own = {"history": history, "checks": stopping.as_array(self.checks_)}
        return super()._to_store()[0] | own, {
            "seed": self.seed_,
            "stop": self.stop_,
            "steps": self.steps_,
            "rate": self.rate_,
        }

    def _from_store(self, arrays: dict[str, np.ndarray], values: dict[str, Any]) -> None:
        super()._from_store(arrays, values)
        self.seed_, self.stop_ = int(values["seed"]), int(values["stop"])
        self.steps_, self.rate_ = int(values["steps"]), float(values["rate"])
        self.history_, self.checks_ = (
            [Step(*row) for row in arrays["history"].tolist()],
            stopping.from_array(arrays["checks"]),
        )


def default_steps(n: int) -> int:
    """Steps of a first pass over n rows, if none are named."""
    return 150 if n <= _FEW else 300


def default_reach(n: int) -> float:
    """Radius of the attack in training over `eps` for n rows, if none is named."""
    return 1.2 if n <= _FEW else 0.7


def _as_long(stop: int, steps: int) -> int:
    """Steps whose rates add up to those of the first `stop` of `steps` steps."""
    time = sum(_schedule(step / steps) for step in range(stop))
    return min(max(1, round(1.2 * time)), steps)  # 2/3 at the full rate and 1/3 at half of it count as 5/6


def _schedule(done: float) -> float:
    """The share of the rate after a share of the steps: 1, and half a cosine over the last third."""
    return 1.0 if done < 2 / 3 else 0.5 * (1 + math.cos(math.pi * (3 * done - 2)))
