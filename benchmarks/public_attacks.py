"""Robust accuracy by `limes.attacks.evaluate` and by public attack libraries, on the same models and points.

Two models of scikit-learn's digits, 200 test points, l-inf, box [0, 1]: an infinite-width network (`NTKClassifier`),
which the libraries attack through `limes.interop.torch.as_module`, and a torch network, which limes attacks through
`limes.interop.torch.predictor`. Robust accuracy is the share of points that none of a library's attacks broke; what
lies outside of ball or box does not count.

Libraries that are missing are left out, with a note: ``pip install 'limes[torch,crosscheck]'`` brings foolbox and ART.
torchattacks: ``pip install --no-deps torchattacks`` (the torchvision that it asks for may not fit the torch installed).
AutoAttack is not on PyPI: put a checkout of github.com/fra31/auto-attack on ``$PYTHONPATH``. Those two take minutes.
"""

import contextlib
import importlib.util
import io
import time
import warnings
from collections.abc import Callable, Iterator
from importlib import metadata
from typing import Any

import numpy as np

import common
import limes as lm

RADII = (0.05, 0.1)
_ROUNDING = 1e-6
_STEPS = 50


def digits(n_train: int = 1000, n_test: int = 200) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Images (n, 8, 8, 1) in [0, 1] and labels: x_train, y_train, x_test, y_test."""
    data = lm.data.load("digits")
    order = np.random.default_rng(0).permutation(len(data.x))
    train, test = order[:n_train], order[n_train : n_train + n_test]
    x = data.x.astype(np.float32)
    return x[train], data.y[train], x[test], data.y[test]


def torch_network(x: np.ndarray, y: np.ndarray, steps: int = 200) -> Any:
    """A convolutional network for images with channels first, trained on (n, 8, 8, 1) and labels 0 to 9."""
    import torch

    torch.manual_seed(0)
    nn = torch.nn
    features = nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, stride=2, padding=1), nn.ReLU()
    module = nn.Sequential(*features, nn.Flatten(), nn.Dropout(0.2), nn.Linear(128, 10))
    images, labels = torch.from_numpy(x).movedim(-1, 1), torch.from_numpy(y)
    optimiser = torch.optim.Adam(module.parameters(), 3e-3)
    for _ in range(steps):
        rows = torch.randint(len(images), (128,))
        optimiser.zero_grad()
        nn.functional.cross_entropy(module(images[rows]), labels[rows]).backward()
        optimiser.step()
    return module.eval()


def by_foolbox(module: Any, x: Any, y: Any, eps: float) -> Iterator[Any]:
    """PGD on the cross-entropy, and DeepFool on the logits."""
    import foolbox

    model = foolbox.PyTorchModel(module, bounds=(0, 1), device="cpu")
    for attack in (
        foolbox.attacks.LinfPGD(steps=_STEPS),
        foolbox.attacks.LinfDeepFoolAttack(steps=_STEPS, loss="logits"),
    ):
        yield attack(model, x, y, epsilons=eps)[1]


def by_art(module: Any, x: Any, y: Any, eps: float) -> Iterator[Any]:
    """APGD on the cross-entropy and on the difference-of-logits ratio."""
    import torch
    from art.attacks.evasion import AutoProjectedGradientDescent
    from art.estimators.classification import PyTorchClassifier

    shape, classes = tuple(x.shape[1:]), module(x[:1]).shape[1]
    model = PyTorchClassifier(module, torch.nn.CrossEntropyLoss(), shape, classes, clip_values=(0, 1))
    for loss in ("cross_entropy", "difference_logits_ratio"):
        options = {"loss_type": loss, "max_iter": _STEPS, "nb_random_init": 1, "batch_size": len(x), "verbose": False}
        attack = AutoProjectedGradientDescent(model, np.inf, eps, 2 * eps, **options)
        yield torch.from_numpy(attack.generate(x.numpy(), y.numpy()))


def by_torchattacks(module: Any, x: Any, y: Any, eps: float) -> Iterator[Any]:
    """Its version of the standard AutoAttack."""
    import torchattacks

    yield torchattacks.AutoAttack(module, eps=eps, n_classes=module(x[:1]).shape[1], seed=0)(x, y)


def by_autoattack(module: Any, x: Any, y: Any, eps: float) -> Iterator[Any]:
    """The standard version of the authors' AutoAttack."""
    from autoattack import AutoAttack

    attack = AutoAttack(module, norm="Linf", eps=eps, version="standard", device="cpu", verbose=False, seed=0)
    yield attack.run_standard_evaluation(x, y, bs=len(x))


LIBRARIES: dict[str, tuple[str, Callable[..., Iterator[Any]]]] = {
    "foolbox": ("foolbox, PGD and DeepFool", by_foolbox),
    "art": ("adversarial-robustness-toolbox, APGD-CE and APGD-DLR", by_art),
    "torchattacks": ("torchattacks, AutoAttack", by_torchattacks),
    "autoattack": ("fra31/auto-attack, standard", by_autoattack),
}
_PACKAGES = {"foolbox": "foolbox", "art": "adversarial-robustness-toolbox", "torchattacks": "torchattacks"}


def robust_accuracy(library: str, module: Any, x: np.ndarray, y: np.ndarray, eps: float) -> float:
    """Share of the points (n, 8, 8, 1) that the attacks of one library leave right.

    Args:
        library: a key of `LIBRARIES`.
        module: a torch module that takes images with channels first.
        x: clean points.
        y: column numbers.
        eps: radius.
    """
    import torch

    np.random.seed(0)  # noqa: NPY002 (ART has no other way to be repeatable)
    torch.manual_seed(0)
    images, labels = torch.from_numpy(x).movedim(-1, 1).contiguous(), torch.from_numpy(y)
    with torch.no_grad():
        standing = module(images).argmax(1) == labels
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")  # of old SciPy names, in foolbox
        for moved in LIBRARIES[library][1](module, images, labels, eps):
            inside = (moved - images).abs().flatten(1).amax(1) <= eps + _ROUNDING
            inside &= (moved.flatten(1).amin(1) >= 0) & (moved.flatten(1).amax(1) <= 1)
            with torch.no_grad():
                standing &= ~(inside & (module(moved.float()).argmax(1) != labels))
    return float(standing.float().mean())


def _compare(model: str, predictor: Any, module: Any, x: Any, y: Any, names: list[str]) -> Iterator[common.Row]:
    for eps in RADII:
        start = time.process_time()
        ours = lm.attacks.evaluate(predictor, x, y, eps, bounds=(0, 1))
        seconds = time.process_time() - start
        assert not ours.failed, ours.failed
        for name in names:
            start = time.process_time()
            theirs = robust_accuracy(name, module, x, y, eps)
            spent = time.process_time() - start
            yield common.Row(
                case=f"{model}, l-inf {eps}: {LIBRARIES[name][0]}",
                ratio=spent / seconds,
                against="CPU seconds, library / limes",
                accuracy={
                    "robust accuracy by limes": f"{ours.robust_accuracy[0]:.3f}",
                    "by the library": f"{theirs:.3f}",
                },
                detail={
                    "points": len(x),
                    "clean accuracy": round(ours.clean_accuracy, 4),
                    "standard error of a robust accuracy, from the points": round(float(ours.standard_error[0]), 4),
                    "CPU seconds": {"limes": round(seconds, 2), "library": round(spent, 2)},
                    "load": common.load(),
                },
            )


def main() -> None:
    parser = common.parser(__doc__ or "")
    parser.add_argument("--libraries", nargs="+", choices=LIBRARIES, default=list(LIBRARIES), help="default: all")
    options = parser.parse_args()
    names = [name for name in options.libraries if importlib.util.find_spec(name) is not None]
    for name in sorted(set(options.libraries) - set(names)):
        print(f"left out: {LIBRARIES[name][0]} (not installed; see the head of this file)")
    if options.quick:
        names = [name for name in names if name in ("foolbox", "art")]
    x_train, y_train, x, y = digits(*((200, 20) if options.quick else ()))
    machine = lm.NTKClassifier().fit(x_train, y_train)
    module = torch_network(x_train, y_train)
    predictor = lm.interop.torch.predictor(module, channels_first=True)
    as_module = lm.interop.torch.as_module(machine, channels_first=True)
    rows = list(_compare("NTK machine", machine, as_module, x, y, names))
    rows += _compare("torch CNN", predictor, module, x, y, names)
    found = {name: metadata.version(_PACKAGES[name]) for name in names if name in _PACKAGES}
    what = "Robust accuracy on digits by limes and by public attack libraries, on the same models and points."
    common.report("public_attacks", what, rows, options, torch=metadata.version("torch"), **found)


if __name__ == "__main__":
    main()
