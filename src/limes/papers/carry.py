"""A long run that goes from machine to machine: the results of its finished parts in one small JSON file.

A run directory holds everything that a step may need of an earlier one, megabytes of coefficients among them. Once all
steps of a part are done, nothing will ask for these again, and what claims and figures use is a few numbers a step.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from limes.core.arrays import write_text
from limes.core.errors import FormatError
from limes.papers.paper import Found, Step
from limes.report.lock import hold
from limes.report.stages import jsonable

_LARGE = 10_000  # numbers; larger arrays are for later steps of the same part
_ARRAY = "array"


class Carried:
    """Results of finished parts, by their steps; nothing where there is no file.

    Args:
        path: the file, which need not exist; None to carry nothing.
        paper: key of the paper.
        size: of the run.
        steps: of the run. Parts of a file with other settings or steps are left there, and not used.

    Raises:
        FormatError: if the file cannot be read, or belongs to another paper or size.
    """

    def __init__(self, path: str | Path | None, paper: str, size: str, steps: Sequence[Step]) -> None:
        self._path = None if path is None else Path(path)
        self._about = {"paper": paper, "size": size}
        self._by_part: dict[str, list[Step]] = {}
        for step in steps:
            self._by_part.setdefault(step.part.name, []).append(step)
        self._parts = self._read()

    def get(self, step: Step) -> dict[str, Any] | None:
        """The result of a step of a finished part, without its large arrays; None if it is not there."""
        part = self._parts.get(step.part.name)
        if part is None or part["settings"] != jsonable(step.part.settings):
            return None
        if set(part["steps"]) != {s.name for s in self._by_part[step.part.name]}:
            return None  # of another version: a step that is missing may need what was not carried
        return {name: _restored(value) for name, value in part["steps"][step.name].items()}

    def keep(self, step: Step, found: Found) -> None:
        """After a step: add its part to the file, if that is finished now. Several processes may share a file.

        Raises:
            OSError: if the file cannot be written.
        """
        part = self._by_part[step.part.name]
        if self._path is None or not all(s.seed in found.get(s.quantity, {}) for s in part):
            return
        results = {s.name: _stored(found[s.quantity][s.seed]) for s in part}
        with hold(self._path):
            self._parts |= self._read()  # what another process has added
            self._parts[step.part.name] = {"settings": jsonable(step.part.settings), "steps": results}
            record = self._about | {"parts": self._parts}
            write_text(self._path, json.dumps(record, indent=1, allow_nan=True) + "\n")

    def _read(self) -> dict[str, Any]:
        if self._path is None or not self._path.exists():
            return {}
        try:
            record = json.loads(self._path.read_text(encoding="utf-8"))
            about, parts = {name: record[name] for name in self._about}, record["parts"]
            parts = {name: {"settings": p["settings"], "steps": dict(p["steps"])} for name, p in parts.items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise FormatError(f"{self._path} holds no carried results that can be read ({error})") from error
        if about != self._about:
            raise FormatError(
                f"{self._path} holds results of {about['paper']} at size {about['size']}: choose another file"
            )
        return parts


def _stored(result: Mapping[str, Any]) -> dict[str, Any]:
    small = {k: v for k, v in result.items() if not (isinstance(v, np.ndarray) and v.size > _LARGE)}
    return {k: {_ARRAY: v.tolist()} if isinstance(v, np.ndarray) else jsonable(v) for k, v in small.items()}


def _restored(value: Any) -> Any:
    return np.asarray(value[_ARRAY]) if isinstance(value, dict) and set(value) == {_ARRAY} else value
