"""Saving machines to one npz file without pickle, and loading them.

A machine's class registers itself when it is defined (`register`), so that this file knows none of them by name.
"""

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from limes.core.arrays import load_npz, save_npz
from limes.core.errors import FormatError
from limes.core.types import Affine
from limes.nets import Net, from_spec

_FORMAT = 1
_MACHINES: dict[str, type] = {}


def register(cls: type) -> None:
    """Make a class one that `load` restores, by its name."""
    _MACHINES[cls.__name__] = cls


def save(machine: Any, path: Any) -> None:
    """Write a fitted machine: its parameters, net, input map and labels, and what its class adds (`_to_store`).

    The file of a kernel machine contains its training rows, and its header says so.

    Raises:
        NotFittedError: if the machine is not fitted.
        OSError: if the disk is full; nothing half-written is left.
    """
    check_is_fitted(machine, "net_")
    arrays, values = machine._to_store()
    if machine.affine_ is not None:
        arrays |= {"shift": np.asarray(machine.affine_.shift), "scale": np.asarray(machine.affine_.scale)}
    if getattr(machine, "classes_", None) is not None:
        arrays["classes"] = _plain_labels(machine.classes_)
    meta = {
        "format": _FORMAT,
        "machine": type(machine).__name__,
        "parameters": {k: _to_plain(v) for k, v in machine._parameters_to_store().items()},
        "net": machine.net_.to_spec(),
        "values": {k: _to_plain(v) for k, v in values.items()},
        "n_features_in": machine.n_features_in_,
        "y_ndim": getattr(machine, "_y_ndim", 1),
        "feature_names": list(getattr(machine, "feature_names_in_", ())),
        "contains_training_rows": "centres" in arrays,
    }
    save_npz(path, arrays, meta)


def load(path: Any) -> Any:
    """Read a machine that `save` wrote: an estimator that predicts, attacks and refits as the one that was saved.

    Raises:
        FormatError: if the file is missing, truncated, a pickle, or holds no machine of this version.
    """
    try:
        arrays, meta = load_npz(path)
        if meta.get("machine") not in _MACHINES or meta.get("format") != _FORMAT:
            raise FormatError(
                f"{path} holds no machine that this version of limes reads "
                f"(machine {meta.get('machine')!r}, format {meta.get('format')!r}): save it again with this version"
            )
        return _restore(arrays, meta)
    except FormatError:
        raise
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise FormatError(f"{path} is damaged, or was written by another version of limes ({error!r})") from error


def _restore(arrays: dict[str, np.ndarray], meta: dict[str, Any]) -> Any:
    net = from_spec(meta["net"])
    parameters = {k: _from_plain(v) for k, v in meta["parameters"].items()}
    if isinstance(parameters.get("net"), list):
        parameters["net"] = net
    if isinstance(parameters.get("input_shape"), list):
        parameters["input_shape"] = tuple(parameters["input_shape"])
    machine = _MACHINES[meta["machine"]](**parameters)
    machine.net_ = net
    machine.affine_ = Affine(arrays["shift"], arrays["scale"]) if "shift" in arrays else None
    if "classes" in arrays:
        machine.classes_ = arrays["classes"]
    machine.__dict__ |= {"n_features_in_": meta["n_features_in"], "_y_ndim": meta["y_ndim"]}
    if meta["feature_names"]:
        machine.__dict__["feature_names_in_"] = np.array(meta["feature_names"], dtype=object)
    machine._from_store(arrays, {k: _from_plain(v) for k, v in meta["values"].items()})
    return machine


def _plain_labels(classes: np.ndarray) -> np.ndarray:
    """Strings that pandas or a list gave as objects, as NumPy's own strings, which need no pickle."""
    strings = classes.dtype == object and all(isinstance(label, str) for label in classes)
    return classes.astype(str) if strings else classes


def _to_plain(value: Any) -> Any:
    if isinstance(value, Net):
        return value.to_spec()
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, float) and not np.isfinite(value):
        return {"float": str(value)}
    return [_to_plain(v) for v in value] if isinstance(value, list | tuple) else value


def _from_plain(value: Any) -> Any:
    return float(value["float"]) if isinstance(value, dict) and set(value) == {"float"} else value
