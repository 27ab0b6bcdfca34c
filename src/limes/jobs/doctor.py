"""What this installation can do, and whether it computes what it should."""

import importlib.metadata
import platform
from typing import Any

import numpy as np

from limes.attacks import PGD
from limes.core import memory as mem
from limes.machines import NTKClassifier
from limes.nets import mlp

_PACKAGES = ("limes", "jax", "jaxlib", "numpy", "scipy", "scikit-learn", "matplotlib", "typer")


def doctor() -> dict[str, Any]:
    """Versions, devices, memory limit, and checks of a kernel, a solver and an attack on cases with known answers."""
    import jax

    checks = [_run(check) for check in (_kernel_check, _solver_check, _attack_check)]
    return {
        "versions": {"python": platform.python_version()} | {p: importlib.metadata.version(p) for p in _PACKAGES},
        "devices": [str(device) for device in jax.devices()],
        "memory_limit": mem.format_bytes(mem.limit()),
        "checks": checks,
    }


def _run(check: Any) -> dict[str, Any]:
    try:
        name, error, bound = check()
    except Exception as failure:
        return {"name": check.__doc__, "passed": False, "detail": f"{type(failure).__name__}: {failure}"}
    return {"name": name, "passed": bool(error <= bound), "detail": f"error {error:.1e}, at most {bound:.0e} expected"}


def _kernel_check() -> tuple[str, float, float]:
    """Kernel of a fully connected net."""
    x = np.eye(3)
    angle = (
        np.pi / 2
    )  # the NTK of a two-layer relu net on the sphere: cos (pi - angle)/pi + (sin + (pi - angle) cos)/pi
    expected = np.where(np.eye(3) > 0, 2.0, np.sin(angle) / np.pi) * 2 / 3
    found = mlp(2).kernel(x, get="ntk").ntk
    return "kernel of a two-layer net, closed form", float(np.abs(np.asarray(found) - expected).max()), 1e-12


def _solver_check() -> tuple[str, float, float]:
    """Training to the end."""
    x = np.random.default_rng(0).normal(size=(40, 5))
    y = np.arange(40) % 3
    machine = NTKClassifier().fit(x, y)
    return "training to the end interpolates", float(np.abs(machine.scores(x) - machine.targets_).max()), 1e-6


def _attack_check() -> tuple[str, float, float]:
    """An attack stays in its ball."""
    x = np.random.default_rng(1).uniform(size=(20, 5))
    machine = NTKClassifier().fit(x, np.arange(20) % 2)
    moved = np.abs(PGD(steps=5)(machine, x, np.arange(20) % 2, eps=0.3, bounds=(0, 1)).x_adv - x).max()
    return "attack stays in its ball", max(0.0, float(moved) - 0.3), 0.0
