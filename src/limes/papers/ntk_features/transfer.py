"""Claim 7: adversarial examples of the kernel against finite networks, which were trained on the same rows.

The protocol is ours; the paper's could not be verified. Networks have one hidden layer with relu and are trained
without an attack by the trainer that all of limes compares with (cross-entropy, momentum, standard parametrisation).
They are shown: the kernel's adversarial examples (of PGD at t = infinity, every point moved to the largest loss), those
of white-box PGD, and points moved by eps along random signs.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from limes.attacks import PGD, Threat
from limes.machines import NTKClassifier
from limes.nets import Net
from limes.papers.ntk_features.problems import BOUNDS, Rows
from limes.robust import FiniteATClassifier

ATTACK = PGD(steps=10, random_start=False, goal="loss")
N_SIGNS = 5  # draws of random signs that are averaged over


def measure(net: Net, rows: Rows, eps: str, widths: Sequence[int], steps: int, seed: int) -> dict[str, Any]:
    """Accuracies of finite networks by width, and of the kernel itself.

    Args:
        net: the architecture of both.
        rows: of a seed.
        eps: radius.
        widths: of the hidden layer.
        steps: of training.
        seed: of weights, batches and signs.

    Returns:
        "clean", "transfer", "random" and "white_box", each (widths,); "kernel_clean" and "kernel_attacked".
    """
    kernel = NTKClassifier(net).fit(rows.x, rows.y)
    attacked = ATTACK(kernel, rows.x_test, rows.y_test, eps, bounds=BOUNDS).x_adv
    moved = random_signs(rows.x_test, eps, seed)
    found: dict[str, Any] = {name: [] for name in ("clean", "transfer", "random", "white_box")}
    for width in widths:
        network = FiniteATClassifier(
            net, eps, bounds=BOUNDS, width=width, steps=steps, attack_steps=0, validation=0, random_state=seed
        ).fit(rows.x, rows.y)
        found["clean"].append(accuracy(network, rows.x_test, rows.y_test))
        found["transfer"].append(accuracy(network, attacked, rows.y_test))
        found["random"].append(float(np.mean([accuracy(network, x, rows.y_test) for x in moved])))
        own = ATTACK(network, rows.x_test, rows.y_test, eps, bounds=BOUNDS)
        found["white_box"].append(own.robust_accuracy)
    return found | {
        "widths": list(widths),
        "kernel_clean": accuracy(kernel, rows.x_test, rows.y_test),
        "kernel_attacked": accuracy(kernel, attacked, rows.y_test),
    }


def random_signs(x: np.ndarray, eps: str, seed: int) -> list[np.ndarray]:
    """Points (n, ...) moved by eps along random signs, and back into the box: `N_SIGNS` draws."""
    region = Threat("linf", eps, BOUNDS).region(x)  # pyright: ignore[reportArgumentType]
    signs = np.random.default_rng([seed, 7]).choice([-1.0, 1.0], (N_SIGNS, *x.shape))
    return [region.project(x + region.threat.eps * sign) for sign in signs]


def accuracy(model: Any, x: np.ndarray, y: np.ndarray) -> float:
    """Share of points whose label is predicted."""
    return float(np.mean(model.predict(x) == y))
