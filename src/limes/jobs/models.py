"""Fitting one model, and predicting with it."""

import io
import tempfile
from pathlib import Path
from typing import Any, get_args

import numpy as np

from limes.core.arrays import write_text
from limes.core.errors import InputError
from limes.core.progress import Progress
from limes.core.types import Kind
from limes.data import Dataset, load, load_inputs
from limes.gram import build
from limes.jobs.inputs import tell
from limes.jobs.rows import remarks_on, training_rows
from limes.machines import NTKClassifier
from limes.machines import load as load_model
from limes.machines.scaling import Scale, scaled
from limes.nets.names import parse_net


def check_output(path: Path | None, force: bool) -> None:
    """Refuse, before there is work, a file that could not be written after it.

    Raises:
        InputError: for a file that is there, naming ``--force``; a folder; and a place where nothing can be written.
    """
    if path is None:
        return
    if path.is_dir():
        raise InputError(f"{path} is a folder: name a file with --out")
    if path.exists() and not force:
        raise InputError(f"{path} exists already: choose another name with --out, or add --force to replace it")
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(
            f"{path} cannot be written, nor any file in {folder} ({error.strerror}): choose another place with --out"
        ) from error


def fit(
    data: str | None = None,
    *,
    out: str | Path = "model.npz",
    net: str | None = None,
    kind: Kind = "ntk",
    time: float = float("inf"),
    ridge_rel: float = 0.0,
    n_train: int | None = None,
    scale: str | None = None,
    seed: int = 0,
    data_dir: str | None = None,
    target: str | int | None = None,
    gram: str | Path | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Fit an `NTKClassifier` to data and save it.

    Args:
        data: what `limes.data.load` reads.
        out: the model's file.
        net: see `limes.nets.names.parse_net`.
        kind: see `limes.NTKClassifier`.
        time: the same.
        ridge_rel: the same.
        n_train: training rows, drawn with `seed`; all where None.
        scale: "none", "standard" or "unit", see `limes.machines.scaling`; the data's own where None.
        seed: of the draw.
        data_dir: see `limes.data.load`.
        target: the same.
        gram: folder for a kernel on disk, made or continued, for more rows than memory holds; None for one in memory.
        force: replace an existing file.
        progress: told of the tiles of the kernel.

    Returns:
        model, n_train, n_test, test_accuracy (None without a test part), solver, notes.

    Raises:
        InputError, FormatError, NetError: for data or arguments that cannot be used.
        MemoryRefused: if the fit would not fit into memory.
        DiskFullError: if the disk would not hold the kernel and its factor; what has been done is kept.
    """
    path = Path(out)
    check_output(path, force)
    dataset = load(data, data_dir, target)
    tell(progress, dataset.notes)
    x, y = training_rows(dataset, n_train, seed)
    architecture, within = parse_net(net, dataset.shape), _scale(scale, dataset)
    machine = NTKClassifier(architecture, time, ridge_rel=ridge_rel, kind=kind, scale=within, random_state=seed)
    store = None
    if gram is not None:
        store = build(gram, architecture, scaled(x, within), kind=kind, progress=progress)
    machine.fit_path(x, y, (time,), progress, gram=store)
    tested = dataset.x_test is not None and dataset.y_test is not None
    accuracy = float(machine.score(dataset.x_test, dataset.y_test)) if tested else None
    machine.save(path)
    return {
        "model": str(path),
        "n_train": len(x),
        "n_test": len(dataset.x_test) if dataset.x_test is not None else 0,
        "test_accuracy": accuracy,
        "solver": machine.solver_,
        "notes": list(dataset.notes),
    }


def _scale(name: str | None, dataset: Dataset) -> Scale | None:
    """The map of the inputs that is asked for, or that of the data."""
    known: dict[str | None, Scale | None] = {None: dataset.scale, "none": None, **{one: one for one in get_args(Scale)}}
    if name not in known:
        raise InputError(f"scale must be none, {' or '.join(get_args(Scale))}, not {name!r}")
    return known[name]


def predict(
    model: str | Path,
    data: str,
    *,
    out: str | Path | None = None,
    data_dir: str | None = None,
    target: str | int | None = None,
    force: bool = False,
) -> dict[str, Any]:
    """Labels and scores of rows under a saved model.

    Args:
        model: a file that `fit` or ``robustify`` wrote.
        data: what `limes.data.load` reads, or an npz with X alone, or a table without a label column.
        out: a CSV to write: row, label, one column of scores for each class.
        data_dir: see `limes.data.load`.
        target: the same.
        force: replace an existing file.

    Returns:
        labels, classes, scores, accuracy (None without labels), and notes on rows that need care.

    Raises:
        InputError, FormatError: for a model or data that cannot be used, or rows of another shape than the model's.
    """
    path = None if out is None else Path(out)
    check_output(path, force)
    machine = load_model(model)
    if not isinstance(machine, NTKClassifier):
        raise InputError(f"{model} holds a {type(machine).__name__}, but predict reads classifiers")
    x, y = load_inputs(data, machine.centres_.shape[1:], data_dir, target)
    scores = machine.scores(x)
    labels = machine.classes_[np.argmax(scores, axis=1)]
    if path is not None:
        write_text(path, _table(machine.classes_, labels, scores))
    notes = remarks_on(machine, x, judged=y is not None)
    accuracy = None if y is None else float(np.mean(labels.astype(str) == y.astype(str)))
    return {
        "labels": labels.tolist(),
        "classes": machine.classes_.tolist(),
        "scores": scores.tolist(),
        "accuracy": accuracy,
        "notes": notes,
    }


def _table(classes: np.ndarray, labels: np.ndarray, scores: np.ndarray) -> str:
    import csv

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["row", "label", *(f"score_{c}" for c in classes)])
    for i, (label, row) in enumerate(zip(labels, scores, strict=True)):
        writer.writerow([i, label, *(f"{s:.6g}" for s in row)])
    return text.getvalue()
