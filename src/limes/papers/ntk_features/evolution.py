"""Claims 9 and 10: the tangent kernel of a small network in standard and in adversarial training, and when frozen.

Both trainings start from the same weights and see the same batches, at one rate. The kernel of all pairs of outputs is
followed on test images, which stay where they are or move to the adversarial points of the network of each epoch.

The kernel of an epoch is then frozen: a new training, from zero and by this kernel alone (`frozen`).

Images are shifted by a half, to [-1/2, 1/2]: such small networks without biases hardly train adversarially otherwise.
"""

from typing import Any

import numpy as np

from limes.attacks import PGD
from limes.finite import Adversary, FinitePredictor, Recipe, Run, train
from limes.measure import Evolution, evolution
from limes.papers.ntk_features import frozen
from limes.papers.ntk_features.evolution_cases import EvolutionCase
from limes.papers.ntk_features.problems import Rows

BOX = (-0.5, 0.5)
ATTACK = PGD(steps=20, random_start=False)
TOPS = (10, 20)


def measure(case: EvolutionCase, rows: Rows, seed: int) -> dict[str, Any]:
    """Two trainings of one network.

    Args:
        case: network and trainings.
        rows: of a seed.
        seed: of weights and batches.

    Returns:
        "clean" and "adversarial", each with "clean" and "robust" (accuracy on test rows at the end), "loss" (of the
        last epoch), "fixed" and "moving" (see `follow`) and "frozen" (see `limes.papers.ntk_features.frozen`).
    """
    rows = shifted(rows, case.problem.classes)
    net, c = case.net(), len(case.problem.classes)
    start = net.init(seed, case.shape, case.channels, c)
    probes = rows.x_test[: case.probes], rows.y_test[: case.probes]
    found = {}
    for name in ("clean", "adversarial"):
        recipe = _recipe(case, case.epochs, name, seed)
        run = train(net.apply, start, rows.x, rows.y, recipe, snapshots=True)
        fixed = evolution(run, *probes, trace=False, top=TOPS[-1])
        moving = evolution(run, *probes, trace=False, top=TOPS[-1], adversary=adversary(case))
        found[name] = accuracies(net.apply, run.params, rows, case) | {
            "loss": float(run.losses[-run.per_epoch :].mean()),
            "fixed": follow(fixed),
            "moving": follow(moving),
            "frozen": _frozen(case, run, rows, seed),
        }
    return found


def follow(found: Evolution) -> dict[str, Any]:
    """What claims and figures use of an evolution, by epoch.

    Returns:
        "steps" (kernel distance of neighbouring epochs), "top10" and "top20" (mass), "rank", "radius", "angle",
        "top_radius" and "top_angle".
    """
    masses = {f"top{count}": found.mass(count) for count in TOPS}
    polar = {name: getattr(found, name) for name in ("radius", "angle", "top_radius", "top_angle")}
    return {"steps": found.steps()["kernel"], "rank": found.effective_rank} | masses | polar


def adversary(case: EvolutionCase) -> Adversary:
    """The attack in training and on the moving probe, from the clean image."""
    return Adversary(case.problem.eps, steps=case.attack_steps, random_start=False, bounds=BOX)


def shifted(rows: Rows, classes: tuple[int, ...]) -> Rows:
    """Images in [-1/2, 1/2], labels as the number of their class."""
    half = np.asarray(0.5, rows.x.dtype)
    y, y_test = (np.searchsorted(classes, labels) for labels in (rows.y, rows.y_test))
    return Rows(rows.x - half, y, rows.x_test - half, y_test)


def accuracies(apply: Any, params: Any, rows: Rows, case: EvolutionCase) -> dict[str, float]:
    """On the test rows, "clean" and "robust" (under white-box PGD of 20 steps)."""
    network = FinitePredictor(apply, params, np.arange(len(case.problem.classes)))
    attacked = ATTACK(network, rows.x_test, rows.y_test, case.problem.eps, bounds=BOX)
    return {
        "clean": float(np.mean(network.predict(rows.x_test) == rows.y_test)),
        "robust": float(attacked.robust_accuracy),
    }


def _frozen(case: EvolutionCase, run: Run, rows: Rows, seed: int) -> dict[str, Any]:
    """Accuracies after trainings by kernels of this one.

    Returns:
        "epochs"; "clean" and "robust" (epochs,), after standard training; "adversarial", both after adversarial
        training by the last kernel, which costs several times as much.
    """
    benign, hard = (_recipe(case, case.second_epochs, kind, seed) for kind in ("clean", "adversarial"))

    def reached(epoch: int, recipe: Recipe) -> dict[str, float]:
        return accuracies(*frozen.train_on(run, epoch, rows.x, rows.y, recipe), rows, case)

    each = [reached(epoch, benign) for epoch in case.moments]
    by_epoch = {name: [entry[name] for entry in each] for name in ("clean", "robust")}
    return {"epochs": list(case.moments), **by_epoch, "adversarial": reached(case.moments[-1], hard)}


def _recipe(case: EvolutionCase, epochs: int, kind: str, seed: int) -> Recipe:
    attack = adversary(case) if kind == "adversarial" else None
    return Recipe(epochs, case.batch_size, case.learning_rate, case.momentum, adversary=attack, seed=seed)
