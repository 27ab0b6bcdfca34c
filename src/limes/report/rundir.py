"""Run directories: one folder per run, which says what was run, with what, and continues where it was interrupted.

A folder holds ``config.toml`` (resolved settings), ``environment.json``, ``log.jsonl``, ``stages/*.npz`` (results of
finished steps), ``figures/``, and what the verb writes (``metrics.json``, ``report.html``, ``model.npz``). The same
settings continue it or find it finished; other settings, or files that limes did not write, are refused unless forced.
Every file that limes writes is listed in the log, and ``force`` deletes exactly those.
"""

import errno
import hashlib
import json
import os
import re
import time
import tomllib
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from limes.core import arrays
from limes.core.errors import DiskFullError, FormatError, RunFolderError
from limes.report import lock, stages, toml
from limes.report.environment import changed, environment
from limes.report.log import Log

CONFIG, ENVIRONMENT, LOG = "config.toml", "environment.json", "log.jsonl"
_HEADER = "# Written by limes: the settings of the run in this folder.\n"


def config_hash(config: Mapping[str, Any]) -> str:
    """First 8 hexadecimal digits of the SHA-256 of the settings as canonical JSON; None counts as absent.

    Example:
        >>> config_hash({"eps": 0.05, "seed": 0}) == config_hash({"seed": 0, "eps": 0.05, "net": None})
        True
    """
    return hashlib.sha256(_canonical(toml.plain(config)).encode()).hexdigest()[:8]


def default_run_path(verb: str, data_name: str, config: Mapping[str, Any]) -> Path:
    """``runs/<verb>-<data>-<hash of the config>``.

    Args:
        verb: the command's verb.
        data_name: name or path of the data; its last part without suffix is used.
        config: only settings that decide the result (not where it goes, nor how it is printed).
    """
    name = re.sub(r"[^a-z0-9]+", "-", Path(data_name).stem.lower()).strip("-")[:40] or "data"
    return Path("runs") / f"{verb}-{name}-{config_hash({'verb': verb, **config})}"


def open_run(
    out: str | os.PathLike[str],
    verb: str,
    config: Mapping[str, Any],
    force: bool = False,
    warn: Callable[[str], object] = warnings.warn,
) -> "RunFolder":
    """Open the folder of a run: make it, or continue it if it holds the same run.

    Args:
        out: the folder; parents are made.
        verb: the command's verb, part of what makes two runs the same.
        config: resolved settings that decide the result; None counts as absent.
        force: start afresh. Deletes what limes wrote there before; files of others stay (one that has the name of a
            file that the run writes is overwritten).
        warn: called with a sentence when the run continues with other package versions than it began with.

    Raises:
        RunFolderError: if the folder belongs to another run, holds foreign files, is in use by another process, is a
            file, or cannot be written.
        InputError: if a setting cannot be written as TOML.
    """
    folder, settings = Path(out), toml.plain({"verb": verb, **config})
    with _disk_errors(folder):
        if folder.exists() and not folder.is_dir():
            raise RunFolderError(f"{folder} is a file, not a folder: choose another name with --out")
        if not force and not _is_ours(folder) and (foreign := _entries(folder)):
            raise RunFolderError(
                f"{folder} holds files that limes did not write ({_some(foreign)}): choose another folder with --out, "
                "or add --force to write beside them"
            )
        folder.mkdir(parents=True, exist_ok=True)
        held = lock.acquire(folder)
        try:
            run = RunFolder(folder, settings, held)
            run._begin(force, warn)
        except BaseException:
            held.close()
            raise
    return run


class RunFolder:
    """An open run directory, made by `open_run`; close it, or use it in a ``with`` statement, to free its lock.

    Attributes:
        folder: the directory.
        settings: the resolved settings, with the verb, as in ``config.toml``.
        hash: `config_hash` of the settings.
        resumed: whether the folder held this run already.
    """

    def __init__(self, folder: Path, settings: dict[str, Any], held: Any) -> None:
        self.folder, self.settings, self.hash = folder, settings, config_hash(settings)
        self.resumed = False
        self._held, self._log = held, Log(folder / LOG)
        self._listed: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the lock."""
        self._held.close()

    @property
    def finished(self) -> bool:
        """Whether `finish` was called in this run and every file that existed then is still there."""
        marks = [entry for entry in self._log.events() if entry.get("event") in ("begun", "finished")]
        if not marks or marks[-1]["event"] == "begun":
            return False
        return all((self.folder / name).is_file() for name in marks[-1]["files"])

    def stage(self, name: str, compute: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
        """The result of a step: read from the folder if it is there, computed and stored otherwise.

        Args:
            name: letters, digits, ``_``, ``.`` and ``-``.
            compute: gives a dict of arrays and JSON values. What is returned here is the same whether it was computed
                or read: tuples become lists, NumPy scalars become Python's.

        Raises:
            InputError: if the name or a value cannot be stored.
            DiskFullError: if the disk is full; finished stages are kept.
            RunFolderError: if the folder cannot be written.
        """
        stages.check_name(name)
        path = self.folder / "stages" / f"{name}.npz"
        if path.exists():
            try:
                return stages.load(path, self.hash)
            except FormatError as error:
                self.log("damaged", stage=name, detail=str(error))
        self.log("stage", stage=name, state="started")
        since, state = time.monotonic(), "failed"
        try:
            with _disk_errors(self.folder, only_full=True):
                result = compute()
            with _disk_errors(self.folder):
                stored = stages.save(self.path(f"stages/{name}.npz"), result, self.hash)
            state = "done"
            return stored
        except KeyboardInterrupt:
            state = "interrupted"
            raise
        finally:
            self._log_quietly("stage", stage=name, state=state, seconds=round(time.monotonic() - since, 3))

    def path(self, name: str) -> Path:
        """The path of a file that the run is about to write, listed as limes' own; its folder is made.

        Raises:
            RunFolderError: if the name leads out of the folder.
        """
        path = self.folder / name
        if not _inside(self.folder, name):
            raise RunFolderError(f"{name!r} leads out of the run's folder {self.folder}: use a name inside it")
        with _disk_errors(self.folder):
            path.parent.mkdir(parents=True, exist_ok=True)
        if name not in self._listed:
            self.log("file", name=name)
            self._listed.add(name)
        return path

    def write_text(self, name: str, text: str) -> Path:
        """Write a text file atomically."""
        path = self.path(name)
        with _disk_errors(self.folder):
            return arrays.write_text(path, text)

    def write_json(self, name: str, value: Any) -> Path:
        """Write a JSON file atomically; infinity becomes the string "inf", NaN null, since JSON has neither."""
        strict = stages.jsonable(value, strict=True)
        return self.write_text(name, json.dumps(strict, indent=2, ensure_ascii=False, allow_nan=False) + "\n")

    def read_json(self, name: str) -> Any:
        """Read a JSON file of the run.

        Raises:
            FormatError: if it is missing or damaged.
        """
        try:
            return json.loads((self.folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise FormatError(f"{self.folder / name} cannot be read ({error}): add --force to run again") from error

    def log(self, event: str, **fields: Any) -> None:
        """Append an event to ``log.jsonl``."""
        with _disk_errors(self.folder):
            self._log.append(event, **fields)

    def finish(self) -> None:
        """Mark the run as finished: the next run with the same settings has nothing to do."""
        self.log("finished", files=sorted(name for name in self._names() if (self.folder / name).is_file()))

    def _begin(self, force: bool, warn: Callable[[str], object]) -> None:
        """Under the lock: check, clear or continue the folder."""
        if force:
            self._clear()
        if _is_ours(self.folder):
            self._require_same(_read_config(self.folder / CONFIG))
            self.resumed = True
            self._remove_leftovers()
        else:
            # Before anything else, and not through the log: what has these settings is a run that can be continued.
            arrays.write_text(self.folder / CONFIG, _HEADER + toml.dumps(self.settings))
            self.log("begun", config=self.hash)
        if self.resumed and (self.folder / ENVIRONMENT).is_file():
            self._warn_of_versions(warn)
        else:
            self.write_json(ENVIRONMENT, environment())

    def _require_same(self, stored: dict[str, Any]) -> None:
        old, new = _flatten(stored), _flatten(self.settings)
        differing = [key for key in dict.fromkeys((*old, *new)) if old.get(key) != new.get(key)]
        if differing:
            raise RunFolderError(
                f"{self.folder} holds a run with other settings ({_some(differing)}): choose another folder with "
                "--out, or add --force to replace that run"
            )

    def _warn_of_versions(self, warn: Callable[[str], object]) -> None:
        differences = changed(self.read_json(ENVIRONMENT), environment())
        if differences and not self.finished:
            self.log("versions", changed=differences)
            warn(
                f"the run in {self.folder} continues with other versions than it began with "
                f"({'; '.join(differences)}): add --force for a run made by one version"
            )

    def _names(self) -> set[str]:
        """Files that limes has written here: the settings, and what the log lists."""
        listed = {CONFIG} | {str(entry.get("name")) for entry in self._log.events("file")}
        return {name for name in listed if _inside(self.folder, name)}

    def _clear(self) -> None:
        """Delete what limes wrote; the settings go last, so that an interrupted clearing is still recognised."""
        if not _is_ours(self.folder):
            return
        self._remove_leftovers()
        for name in self._names() - {CONFIG}:
            (self.folder / name).unlink(missing_ok=True)
        for part in ("stages", "figures"):
            if (self.folder / part).is_dir() and not any((self.folder / part).iterdir()):
                (self.folder / part).rmdir()
        (self.folder / LOG).unlink(missing_ok=True)
        (self.folder / CONFIG).unlink(missing_ok=True)
        self._listed.clear()

    def _remove_leftovers(self) -> None:
        """Temporary files of atomic writes that a killed process left; nobody else can be writing under the lock."""
        for name in self._names():
            path = self.folder / name
            for temporary in path.parent.glob(f".{path.name}.????????"):
                temporary.unlink(missing_ok=True)

    def _log_quietly(self, event: str, **fields: Any) -> None:
        """Log on the way out of a stage, where a full disk must not replace the error that is being raised."""
        try:
            self._log.append(event, **fields)
        except OSError:
            return


@contextmanager
def _disk_errors(folder: Path, only_full: bool = False) -> Iterator[None]:
    """Say in one sentence what a failed write means and what to do; `only_full`: pass on all but full disks."""
    try:
        yield
    except RunFolderError:
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError(
                f"the disk that holds {folder} is full: free some space and run the same command again; "
                "finished stages are kept"
            ) from error
        if only_full:
            raise
        raise RunFolderError(
            f"cannot write in {folder} ({error.strerror}): choose another folder with --out"
        ) from error


def _is_ours(folder: Path) -> bool:
    """Whether limes wrote the folder's settings."""
    try:
        with (folder / CONFIG).open(encoding="utf-8", errors="replace") as file:
            return file.readline() == _HEADER
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return False


def _entries(folder: Path) -> list[str]:
    """What a folder without settings holds, apart from what a run killed at its very start leaves."""
    if not folder.is_dir():
        return []
    start = re.compile(rf"{re.escape(lock.NAME)}|\.{re.escape(CONFIG)}\.\w{{8}}")
    return sorted(entry.name for entry in folder.iterdir() if not start.fullmatch(entry.name))


def _read_config(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RunFolderError(f"{path} is damaged ({error}): add --force to start that run afresh") from error


def _inside(folder: Path, name: str) -> bool:
    root = folder.resolve()
    return root in (root / name).resolve().parents


def _flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Dotted keys with canonical values, to name exactly what differs."""
    flat: dict[str, str] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            flat |= _flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = _canonical(value)
    return flat


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _some(names: list[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
