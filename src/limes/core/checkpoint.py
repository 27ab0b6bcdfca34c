"""Progress of long work on disk: written after every step, read back by the same work on the same data."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from limes.core.arrays import load_npz, save_npz
from limes.core.errors import FormatError


class Checkpoint:
    """One npz file that belongs to a fit or another piece of work; without a path nothing is written.

    Args:
        path: the file, or None.
        parameters: what decides the result, as JSON values.
        arrays: the data that decide it.
        work: what it is, for messages.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None,
        parameters: Mapping[str, Any],
        arrays: Mapping[str, np.ndarray],
        work: str = "fit",
    ) -> None:
        self.path, self._work, self._identity = None if path is None else Path(path), work, ""
        if path is None:
            return
        digest = hashlib.sha256(json.dumps(dict(parameters), sort_keys=True, default=str).encode())
        for name, a in arrays.items():
            digest.update(f"{name}{a.dtype.str}{a.shape};".encode())
            digest.update(np.ascontiguousarray(a).data)
        self._identity = digest.hexdigest()

    def read(self) -> dict[str, np.ndarray] | None:
        """What `write` left, or None where there is nothing.

        Raises:
            FormatError: for a file that belongs to other work, or is damaged.
        """
        if self.path is None or not self.path.exists():
            return None
        arrays, meta = load_npz(self.path)
        if meta.get("fit") != self._identity:
            raise FormatError(
                f"{self.path} is the checkpoint of another {self._work} (other data or parameters): remove it, or name "
                "another"
            )
        return arrays

    def write(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Replace the file; what was there stays until the new one is whole."""
        if self.path is not None:
            save_npz(self.path, arrays, {"fit": self._identity})
