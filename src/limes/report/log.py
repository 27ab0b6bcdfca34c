"""The log of a run: one JSON object a line, appended, each with the time in UTC."""

import json
import os
from pathlib import Path
from typing import Any

from limes.report.environment import utc_now


class Log:
    """A file of events that survives being killed in the middle of a line.

    Args:
        path: the file; it is created with the first event.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def append(self, event: str, **fields: Any) -> None:
        """Add one event.

        Raises:
            OSError: if it cannot be written.
        """
        line = json.dumps({"time": utc_now(), "event": event, **fields})
        with self.path.open("a+b") as file:
            file.write((("" if self._ends_clean(file) else "\n") + line + "\n").encode())

    def events(self, event: str | None = None) -> list[dict[str, Any]]:
        """All events, or those of one kind; lines that a killed process left incomplete are skipped."""
        if not self.path.is_file():
            return []
        found = []
        for line in self.path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                entry = json.loads(line)
            except json.JSONDecodeError:
                continue
            if isinstance(entry, dict) and event in (None, entry.get("event")):
                found.append(entry)
        return found

    @staticmethod
    def _ends_clean(file: Any) -> bool:
        if file.seek(0, os.SEEK_END) == 0:
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
