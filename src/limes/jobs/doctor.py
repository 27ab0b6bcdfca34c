"""What this installation can do, and whether it computes what it should."""

import importlib
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from limes.attacks import PGD
from limes.core import installation
from limes.core import memory as mem
from limes.core.errors import InputError
from limes.machines import NTKClassifier
from limes.nets import mlp


def doctor() -> dict[str, Any]:
    """Versions, devices, memory limit, and checks of kernels, a solver and an attack on cases with known answers.

    Returns:
        versions: of Python, limes and the packages that it needs.
        extras: each with whether it is installed.
        interpreter, location: of Python and of limes.
        devices: that JAX computes on.
        memory_limit, data_folder: in words.
        checks: name, passed and detail of each.
        notes: what could be better, though nothing is broken.
    """
    import jax

    return {
        "versions": installation.versions(),
        "extras": installation.extras(),
        "interpreter": sys.executable,
        "location": str(Path(__file__).parents[1]),
        "devices": [str(device) for device in jax.devices()],
        "memory_limit": _memory()[1],
        "data_folder": _data_folder()[1],
        "checks": [
            *_settings(),
            *(_run(check) for check in (_kernel_check, _loops_check, _solver_check, _attack_check)),
        ],
        "notes": _notes(jax.default_backend()),
    }


def _settings() -> list[dict[str, Any]]:
    """What the environment says, read before anything is computed."""
    wrong = installation.problems()
    packages = ("packages are there and new enough", not wrong, "; ".join(wrong) or "all that limes needs")
    found = (packages, ("memory limit", *_memory()), ("folder of official data", *_data_folder()))
    return [{"name": name, "passed": passed, "detail": detail} for name, passed, detail in found]


def _memory() -> tuple[bool, str]:
    try:
        return True, mem.format_bytes(mem.limit())
    except InputError as error:
        return False, f"$LIMES_MEMORY: {error}"


def _data_folder() -> tuple[bool, str]:
    folder = os.environ.get("LIMES_DATA")
    if not folder:
        return True, "none, $LIMES_DATA is not set"
    there = Path(folder).expanduser().is_dir()
    return there, folder if there else f"$LIMES_DATA is {folder}, which is no folder: correct it, or unset it"


def _notes(backend: str) -> list[str]:
    if backend == "cpu" and shutil.which("nvidia-smi"):
        return ['there is an NVIDIA GPU, but JAX computes on the CPU: pip install "limes[cuda]"']
    return []


def _run(check: Callable[[], tuple[str, float, float]]) -> dict[str, Any]:
    try:
        name, error, bound = check()
    except Exception as failure:
        return {
            "name": (check.__doc__ or "").rstrip("."),
            "passed": False,
            "detail": f"{type(failure).__name__}: {failure}",
        }
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


def _loops_check() -> tuple[str, float, float]:
    """Compiled loops."""
    import numba

    importlib.import_module("limes.kernels.loops.rows")  # fails where there is no folder to keep compiled code in
    add = numba.njit(lambda a: a + 1.0)
    return "compiled loops", abs(add(1.0) - 2.0), 0.0


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
