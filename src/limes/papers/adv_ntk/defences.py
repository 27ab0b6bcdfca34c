"""Claims 10 to 13: the steps that fit plain flow, Adv-NTK and a finite network, choose their stops, and attack them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from limes.attacks import PGD, parse_eps
from limes.attacks.losses import LossName
from limes.core.progress import Progress
from limes.core.types import Predictor
from limes.data import Dataset
from limes.finite import FinitePredictor
from limes.linalg.weighted import weighted_flow
from limes.machines import NTKClassifier
from limes.machines.predictor import KernelPredictor
from limes.nets import mlp
from limes.papers.adv_ntk.cases import ATTACK_STEPS, BOUNDS, Case, Parts, draw
from limes.papers.paper import Compute, Found, Part, Step
from limes.robust import AdvNTKClassifier, FiniteATClassifier, ReleasedPGD
from limes.robust.adv_ntk import Protocol

ATTACKS = ("released", "pgd", "margin")
CRITERIA = ("pgd", "margin")
"""Attacks within the stated ball, by which stops are chosen and methods compared."""
PAPER_RATE = 0.1
_CURVES = {"flow": "curve-flow", f"adv-{PAPER_RATE:g}": "curve-adv"}
_PAIR_SECONDS = 1.5e-7  # a kernel entry and its gradient on two cores, for 3,072 inputs and three layers
_CONV_PAIR_SECONDS = 2.5e-5  # the same for three convolutions of 32 x 32 pixels
Scores = dict[str, list[float]]


@dataclass(eq=False)
class Bench:
    """One case and seed: its images, and predictors on its kernel images."""

    case: Case
    seed: int
    load: Callable[[], Dataset]

    @cached_property
    def parts(self) -> Parts:
        """The images."""
        return draw(self.case, self.load(), self.seed)

    @cached_property
    def _base(self) -> KernelPredictor:
        x, c = self.parts.x_kernel, self.load().n_classes
        return KernelPredictor(self.case.net, "ntk", x, np.zeros((len(x), c)), None, self.load().classes, "one_hot")

    def predictor(self, coef: np.ndarray) -> KernelPredictor:
        """The predictor with coefficients (n, c)."""
        return self._base.with_coef(np.asarray(coef, np.float64))

    def release(self) -> None:
        """Give back the memory of images and predictor; they are made again where they are needed."""
        self.__dict__.pop("parts", None)
        self.__dict__.pop("_base", None)

    def fit_flow(self, progress: Progress) -> dict[str, Any]:
        """Coefficients of the plain flow at every time: (times, n, c) float32."""
        x, y = self.parts.x_kernel, self.parts.y_kernel
        machine = NTKClassifier(self.case.net, targets="one_hot").fit_path(x, y, self.case.times, progress)
        coef = np.stack([machine.at(t).coef for t in self.case.times])
        return {"coef": coef.astype(np.float32), "solver": machine.solver_, "jitter": float(machine.jitter_)}

    def fit_adv(self, rate: float, progress: Progress, protocol: Protocol = "correct") -> dict[str, Any]:
        """Coefficients of Adv-NTK at every checked step: (steps, n, c) float32, and what its steps saw."""
        case, parts = self.case, self.parts
        machine = AdvNTKClassifier(
            case.net,
            eps=case.eps,
            bounds=BOUNDS,
            steps=case.steps,
            learning_rate=rate,
            batch_size=case.batch_size,
            attack_steps=ATTACK_STEPS,
            validation=(parts.x_tune, parts.y_tune),
            protocol=protocol,
            random_state=self.seed,
        ).fit(parts.x_kernel, parts.y_kernel, progress=progress)
        # one kernel for all checked steps, where machine.at(step) makes it anew for each
        gram = np.asarray(case.net.kernel(parts.x_kernel, get="ntk").ntk).astype(np.float64)
        flows = (weighted_flow(gram, machine.targets_, np.abs(machine.path_[step])) for step in case.checked)
        return {
            "coef": np.stack([flow.coef for flow in flows]).astype(np.float32),
            "loss": [step.loss for step in machine.history_],
            "mean_clock": np.abs(machine.path_).mean(axis=1),
        }

    def fit_finite(self, progress: Progress) -> dict[str, Any]:
        """A finite network trained on all images that Adv-NTK uses: accuracies on its way, and of the chosen models."""
        case, parts, kept = self.case, self.parts, {}
        x, y = (np.concatenate([getattr(parts, f"{v}_kernel"), getattr(parts, f"{v}_tune")]) for v in "xy")

        def watch(step: int, network: FinitePredictor) -> None:
            if step in case.finite_checked:
                kept[step] = network

        FiniteATClassifier(
            mlp(case.depth),
            eps=case.eps,
            bounds=BOUNDS,
            steps=case.finite_checked[-1],
            attack_steps=ATTACK_STEPS,
            warm_up=case.finite_warm_up,
            validation=0,
            scale="standard",
            random_state=self.seed,
        ).fit(x, y, progress=progress, watch=watch)
        networks = [*kept.values()]
        choose = self.measure(networks, "choose", case.n_choose, CRITERIA, "ce")
        result: dict[str, Any] = {"curve": self.measure(networks, "test", case.n_curve, CRITERIA, "ce")}
        for criterion in CRITERIA:
            index = choose[criterion].index(max(choose[criterion]))
            scores = self.measure([networks[index]], "test", case.n_test, CRITERIA, "ce")
            result[criterion] = {name: v[0] for name, v in scores.items()} | {"fit": "finite", "index": index}
        return result

    def attack(self, coefs: Iterable[np.ndarray], part: str, n: int, attacks: Sequence[str] = ATTACKS) -> Scores:
        """The same for kernel predictors, by their coefficients."""
        return self.measure((self.predictor(coef) for coef in coefs), part, n, attacks)

    def measure(
        self,
        predictors: Iterable[Predictor],
        part: str,
        n: int,
        attacks: Sequence[str] = ATTACKS,
        loss: LossName = "mse",
    ) -> Scores:
        """Accuracy on the first `n` images of a part, clean and under each attack; `loss` is what they trained on."""
        x, y = getattr(self.parts, f"x_{part}")[:n], getattr(self.parts, f"y_{part}")[:n]
        options: dict[str, Any] = {"bounds": BOUNDS, "key": self.seed, "batch_size": self.case.at_once}
        scores: Scores = {name: [] for name in ("clean", *attacks)}
        for predictor in predictors:
            # an attack of radius 0 predicts the points as they are, in the batches of the others
            unmoved = PGD(steps=1)(predictor, x, y, 0.0, **options)
            scores["clean"].append(1.0 - float(unmoved.success.mean()))
            for name in attacks:
                found = attack_of(self.case, name, loss)(predictor, x, y, self.case.eps, **options)
                scores[name].append(1.0 - float(found.success.mean()))
        return scores


def attack_of(case: Case, name: str, loss: LossName = "mse") -> Any:
    """The attack of a name: the paper's ten steps of a fifth of the radius, done rightly or as released.

    True PGD raises the loss that the model was trained on, the squared error in the paper.
    """
    size = parse_eps(case.eps) / 5
    if name == "released":
        return ReleasedPGD(ATTACK_STEPS, size)
    return PGD(steps=ATTACK_STEPS, loss=loss if name == "pgd" else "margin", step_size=size)


def defence_steps(case: Case, load: Callable[[], Dataset], seeds: range, data: str | None) -> Iterator[Step]:
    """All steps of a case, seed by seed; `data` is the hash of what is loaded."""
    for seed in seeds:
        settings = case.settings(range(seed, seed + 1)) | {"data": data}
        yield from _steps_of(Bench(case, seed, load), Part(f"{case.name}-seed{seed}", settings))


def _steps_of(bench: Bench, part: Part) -> Iterator[Step]:
    case, seed = bench.case, bench.seed
    name, rates = case.name, case.rates

    def coef(found: Found, quantity: str) -> np.ndarray:
        return found[f"{name}-{quantity}"][seed]["coef"]

    def step(quantity: str, compute: Compute, seconds: float) -> Step:
        return Step(f"{name}-{quantity}", seed, compute, seconds, part, small=case.n_kernel <= 2_000)

    def choose(quantity: str) -> Compute:
        return lambda found, progress: bench.attack(coef(found, quantity), "choose", case.n_choose, CRITERIA)

    pairs = case.n_kernel * pair_seconds(case)
    tuning = case.steps * (10 * case.batch_size * pairs + 5e-8 * case.n_kernel**2) + _fit_seconds(case)
    # points that are wrong when clean, more than half on CIFAR-10, are not attacked
    choosing = (1 + 0.45 * 2 * ATTACK_STEPS) * case.n_choose * pairs
    testing = (2 + 0.45 * 2 * ATTACK_STEPS) * pairs
    curves = case.n_curve * testing

    def curve(quantity: str) -> Compute:
        return lambda found, progress: bench.attack(coef(found, quantity), "test", case.n_curve)

    yield step("flow", lambda found, progress: bench.fit_flow(progress), _fit_seconds(case))
    for rate in rates:
        yield step(f"adv-{rate:g}", lambda found, progress, rate=rate: bench.fit_adv(rate, progress), tuning)
    yield step("choose-flow", choose("flow"), len(case.times) * choosing)
    for rate in rates:
        yield step(f"choose-adv-{rate:g}", choose(f"adv-{rate:g}"), len(case.checked) * choosing)
    yield step("curve-flow", curve("flow"), len(case.times) * curves)
    yield step("curve-adv", curve(f"adv-{PAPER_RATE:g}"), len(case.checked) * curves)
    if case.as_released:
        yield step("released", lambda found, progress: bench.fit_adv(PAPER_RATE, progress, "released"), tuning)
        yield step("curve-released", curve("released"), len(case.checked) * curves)
    if case.finite_checked:
        yield step("test-finite", lambda found, progress: bench.fit_finite(progress), _finite_seconds(case))
    for method, most in (("converged", 1), ("stopped", 2), ("adv", 2)):
        seconds = 0.1 if case.n_test == case.n_curve else most * case.n_test * testing
        yield step(f"test-{method}", partial(_test, bench, method), seconds)


def _test(bench: Bench, method: str, found: Found, progress: Progress) -> dict[str, Any]:
    """The model that each criterion chose, attacked on all test images, unless that was done already."""
    case, seed = bench.case, bench.seed
    chosen = {criterion: choice(case, found, seed, method, criterion) for criterion in CRITERIA}
    scores: dict[tuple[str, int], dict[str, float]] = {}
    for quantity, index in dict.fromkeys(chosen.values()):
        curve = found.get(f"{case.name}-{_CURVES.get(quantity)}")
        if curve is not None and case.n_curve == case.n_test:
            accuracies = {name: curve[seed][name][index] for name in ("clean", *ATTACKS)}
        else:
            coef = found[f"{case.name}-{quantity}"][seed]["coef"][index]
            accuracies = {name: v[0] for name, v in bench.attack([coef], "test", case.n_test).items()}
        scores[quantity, index] = accuracies
    if method == "adv":  # the last step of the seed
        bench.release()
    return {c: scores[place] | {"fit": place[0], "index": place[1]} for c, place in chosen.items()}


def choice(case: Case, found: Found, seed: int, method: str, criterion: str) -> tuple[str, int]:
    """Which fit and which of its stops a method uses: the most robust on the choosing images."""
    if method == "converged":
        return "flow", len(case.times) - 1
    fits = ["flow"] if method == "stopped" else [f"adv-{rate:g}" for rate in case.rates]
    scores = [found[f"{case.name}-choose-{fit}"][seed] for fit in fits]
    best = max(range(len(fits)), key=lambda i: max(scores[i][criterion]))
    values = list(scores[best][criterion])
    return fits[best], values.index(max(values))


def pair_seconds(case: Case) -> float:
    """Seconds for a kernel entry with its gradient."""
    if case.convolutional:
        return _CONV_PAIR_SECONDS
    return _PAIR_SECONDS * (0.05 if case.data == "digits" else 1.0) * (0.7 + 0.1 * case.depth)


def _finite_seconds(case: Case) -> float:
    """Training, and the attacks on it, of which a pass takes about as long as a step's."""
    weights = 512 * (3072 + 512 * (case.depth - 1))
    attacked = len(case.finite_checked) * (case.n_choose + case.n_curve) + 2 * case.n_test
    passes = 128 * case.finite_checked[-1] * (ATTACK_STEPS + 1) + 20 * attacked
    return 6 * passes * weights / 5e10


def _fit_seconds(case: Case) -> float:
    return 0.5 * case.n_kernel**2 * pair_seconds(case) + 4e-11 * case.n_kernel**3 + 0.3
