"""Claims 10 to 13: the data, nets and sizes on which the plain flow and Adv-NTK are compared.

As in the release: pixels shifted to [-0.5, 0.5], one-hot targets, radius 8/255, ten steps of a fifth of the radius,
relu nets with W_std 1.76 and b_std 0.18; 12,000 random training images of CIFAR-10, of which 2,000 tune Adv-NTK and
10,000 are in the kernel. A finite network of width 512 is trained adversarially on all of them, with the trainer that
all of limes compares with: cross-entropy, 3,000 steps, where the release has the squared error and 20,000. Beyond the
release, further training images, which no model has seen, choose stopping times, learning rates and steps for all.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from limes.data import Dataset
from limes.nets import Net, cnn, mlp
from limes.papers.claim import Size

BOUNDS = (-0.5, 0.5)
ATTACK_STEPS = 10
W_STD, B_STD = 1.76, 0.18
TABLE_TIMES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, math.inf)
"""Stopping times of the reference table."""
_TEST_SEED = 310_06112  # of the test images, the same for every seed and net


@dataclass(frozen=True)
class Case:
    """One comparison of the plain flow with Adv-NTK.

    Attributes:
        name: "mlp3", "cnn3", "digits"; letters and digits.
        data: "cifar10" or "digits".
        depth: of the net, dense layers or convolutions.
        convolutional: whether it is a CNN with a flatten head.
        eps: radius in pixels of width 1, a fraction or a number.
        n_kernel, n_tune, n_choose: training images in the kernel, for Adv-NTK's steps, and to choose with.
        n_curve: test images for every time and step.
        n_test: test images for the chosen models.
        times: stopping times of the plain flow, rising, infinity last.
        rates: learning rates of Adv-NTK; 0.1 is the paper's.
        steps: of Adv-NTK.
        checked: steps at which it may be stopped.
        batch_size: images attacked in one of its steps.
        at_once: images attacked at once when models are measured. Small runs take the batch size and multiples of it
            as numbers of images: each new shape is compiled, which would take longer than the attack.
        as_released: whether Adv-NTK is also tuned with the released attack, at the paper's learning rate.
        finite_checked: steps after which the finite network is measured, rising; it trains to the last of them. Empty
            for no finite network.
        finite_warm_up: share of its steps over which the radius rises to eps; eight and more layers do not learn
            without.
        seeds: number of seeds.
    """

    name: str
    data: str
    depth: int = 3
    convolutional: bool = False
    eps: str = "8/255"
    n_kernel: int = 10_000
    n_tune: int = 2_000
    n_choose: int = 1_000
    n_curve: int = 2_000
    n_test: int = 10_000
    times: tuple[float, ...] = (1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 1.0, math.inf)
    rates: tuple[float, ...] = (0.01, 0.03, 0.1)  # lower than the paper's: the flow is most robust at short times
    steps: int = 50
    checked: tuple[int, ...] = (1, 2, 5, 10, 15, 20, 25, 30, 40, 50)
    batch_size: int = 128
    at_once: int = 256
    as_released: bool = False
    finite_checked: tuple[int, ...] = ()
    finite_warm_up: float = 0.0
    seeds: int = 3

    @property
    def net(self) -> Net:
        """The architecture, as the release names it: MLP-x has x dense layers, CNN-x has x convolutions."""
        if self.convolutional:
            return cnn(self.depth, "flatten", w_std=W_STD, b_std=B_STD)
        return mlp(self.depth, w_std=W_STD, b_std=B_STD)

    @property
    def title(self) -> str:
        """The net in words."""
        return f"{'CNN' if self.convolutional else 'MLP'}-{self.depth}"

    def settings(self, seeds: range) -> dict[str, Any]:
        """Plain values for the configuration of a run."""
        plain = {name: list(v) if isinstance(v, tuple) else v for name, v in vars(self).items()}
        return plain | {"seeds": list(seeds)}


def cases(size: Size, with_cifar: bool) -> list[Case]:
    """What is compared at a size, with the CIFAR-10 files and without."""
    if not with_cifar:
        return [_digits()]
    if size == "smoke":
        return [
            Case(
                "mlp3",
                "cifar10",
                n_kernel=400,
                n_tune=100,
                n_choose=100,
                n_curve=200,
                n_test=200,
                times=(1e-3, 1e-2, 1e-1, 1.0, math.inf),
                rates=(0.1,),
                steps=25,
                checked=(5, 10, 25),
                batch_size=50,
                at_once=50,
            )
        ]
    deep = [
        Case(
            f"mlp{depth}",
            "cifar10",
            depth,
            n_choose=500,
            n_test=2_000,
            rates=(0.1,),
            checked=(10, 25, 50),
            finite_checked=(1000, 3000),
            finite_warm_up=1 / 3 if depth >= 8 else 0.0,
            seeds=1,
        )
        for depth in (4, 5, 8, 10)
    ]
    conv = Case(
        "cnn3",
        "cifar10",
        convolutional=True,
        n_kernel=1_000,
        n_tune=200,
        n_choose=200,
        n_curve=300,
        n_test=300,
        times=(1e-4, 1e-3, 1e-2, 1e-1, math.inf),
        rates=(0.1,),
        steps=30,
        checked=(5, 15, 30),
        batch_size=50,
        at_once=100,
        seeds=1,
    )
    main = Case("mlp3", "cifar10", as_released=True, finite_checked=(250, 500, 1000, 1500, 2000, 2500, 3000))
    return [main, *deep, conv]


def _digits() -> Case:
    return Case(
        "digits",
        "digits",
        eps="0.05",
        n_kernel=400,
        n_tune=200,
        n_choose=200,
        n_curve=300,
        n_test=300,
        times=(1e-3, 1e-2, 1e-1, 1.0, math.inf),
        rates=(0.1, 1.0),
        checked=(10, 25, 50),
        batch_size=100,
        at_once=100,
    )


@dataclass(frozen=True, eq=False)
class Parts:
    """Images (n, h, w, c) in [-0.5, 0.5], float32, and labels (n,) of one case and seed."""

    x_kernel: np.ndarray
    y_kernel: np.ndarray
    x_tune: np.ndarray
    y_tune: np.ndarray
    x_choose: np.ndarray
    y_choose: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def draw(case: Case, data: Dataset, seed: int) -> Parts:
    """The images of a seed: random, not balanced by class, as in the release.

    Test images are those of the official test part, in one random order for all seeds and nets; data without such a
    part give the rest of their rows.
    """
    order = np.random.default_rng([seed, 12]).permutation(len(data.y))
    cuts = np.cumsum([case.n_tune, case.n_kernel, case.n_choose])
    tune, kernel, choose, rest = np.split(order, cuts)
    if data.x_test is None or data.y_test is None:
        x_test, y_test = _shifted(data.x, rest[: case.n_test]), data.y[rest[: case.n_test]]
    else:
        rows = np.random.default_rng(_TEST_SEED).permutation(len(data.y_test))[: case.n_test]
        x_test, y_test = _shifted(data.x_test, rows), data.y_test[rows]
    return Parts(
        *(_shifted(data.x, kernel), data.y[kernel]),
        *(_shifted(data.x, tune), data.y[tune]),
        *(_shifted(data.x, choose), data.y[choose]),
        *(x_test, y_test),
    )


def _shifted(x: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return x[rows] - np.float32(0.5)
