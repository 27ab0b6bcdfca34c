"""Cholesky out of core: the factor as tiles on disk, made one panel of columns after the other.

Left-looking, with block rows and columns of the same width: panel k of L is

    A_ik - sum_{j < k} L_ij L_kj^T,  i = k, k + 1, ...,  times L_kk^-T,

so that a panel is the only large thing in memory, every finished tile is written once and read once for each later
panel, and a run that was killed goes on with the panel that it was at.
"""

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.linalg import get_blas_funcs, get_lapack_funcs
from scipy.sparse.linalg import LinearOperator, onenormest

from limes.core import chunks
from limes.core import memory as mem
from limes.core.errors import FormatError, InputError
from limes.core.progress import Progress, Quiet
from limes.core.status import Status
from limes.linalg import cholesky
from limes.linalg.solution import Solution, all_finite

_WIDTH = 4096  # of a panel: products of such tiles run at full speed, and reading them takes a tenth of their time
_NARROWEST = 64  # where a factor has so many tiles that opening them takes all the time
_NAME = "limes_factor"
SOLVER = "out_of_core"
_gemm: Any = get_blas_funcs("gemm", dtype=np.float64)
_trsm: Any = get_blas_funcs("trsm", dtype=np.float64)
_potrf: Any = get_lapack_funcs("potrf", dtype=np.float64)


class Factor:
    """A lower triangular L on disk, finished or not, with L L^T = K + shift I.

    Attributes:
        path: folder of its tiles.
        n: rows.
        width: of a panel, and rows of a tile.
    """

    def __init__(self, path: Path, array: Any) -> None:
        self.path, self._array = path, array
        self.n, self.width = array.shape[0], array.chunks[0]

    @property
    def side(self) -> int:
        """Number of panels."""
        return -(-self.n // self.width)

    def rows(self, i: int) -> slice:
        """Rows of block row i."""
        return slice(i * self.width, min((i + 1) * self.width, self.n))

    def tile(self, i: int, j: int) -> np.ndarray:
        """Block L_ij, i >= j, float64.

        Raises:
            FormatError: if it does not match its checksum; it is taken away, so that the same work makes it anew.
        """
        try:
            return self._array[self.rows(i), self.rows(j)]
        except ValueError as error:
            self._file(i, j).unlink(missing_ok=True)
            raise FormatError(
                f"tile {i}, {j} of {self.path} is damaged ({error}) and was removed: run the same again, which makes "
                "its panel anew"
            ) from error

    def write(self, i: int, j: int, values: np.ndarray) -> None:
        """Keep a block."""
        with chunks.writing(lambda: f"panel {j} of {self.side} of {self.path} is not finished"):
            self._array[self.rows(i), self.rows(j)] = values

    def has(self, k: int) -> bool:
        """Whether panel k is finished. Cost: a look at the folder for each tile."""
        return all(self._file(i, k).exists() for i in range(k, self.side))

    def _file(self, i: int, j: int) -> Path:
        return self.path / "c" / str(i) / str(j)

    def solve(self, y: np.ndarray) -> np.ndarray:
        """(K + shift I)^-1 Y for Y (n, c). Cost: 2 n^2 c operations; the factor is read twice."""
        x = np.array(y, np.float64)
        for k in range(self.side):
            for j in range(k):
                x[self.rows(k)] -= self.tile(k, j) @ x[self.rows(j)]
            x[self.rows(k)] = _trsm(1.0, self.tile(k, k), x[self.rows(k)], lower=1)
        for k in reversed(range(self.side)):
            for i in range(k + 1, self.side):
                x[self.rows(k)] -= self.tile(i, k).T @ x[self.rows(i)]
            x[self.rows(k)] = _trsm(1.0, self.tile(k, k), x[self.rows(k)], lower=1, trans_a=1)
        return x


def estimate_bytes(n: int, width: int) -> int:
    """Estimated peak memory: a panel, the rows of the matrix that it is made from, and three tiles."""
    width = min(width, n)
    return 8 * width * (2 * n + 3 * width)


def disk_bytes(n: int, width: int = _WIDTH) -> int:
    """Disk that a factor takes."""
    width = min(width, n)
    side = -(-n // width)
    return 8 * width * width * side * (side + 1) // 2


def choose_width(n: int, memory: str | int | None = None) -> int:
    """The widest panel up to 4096 that fits into memory."""
    width = min(_WIDTH, n)
    while width > _NARROWEST and estimate_bytes(n, width) > mem.limit(memory):
        width //= 2
    return width


def solve(
    gram: Any,
    y: np.ndarray,
    folder: str | Path,
    ridge: float = 0.0,
    *,
    width: int | None = None,
    memory: str | int | None = None,
    progress: Progress | None = None,
) -> Solution:
    """Coefficients A of (K + ridge I) A = Y, exactly, with little more than a panel of K's factor in memory.

    The ladder of jitter is that of `limes.linalg.cholesky.solve`; the condition number is estimated from at most four
    solves (Higham & Tisseur 2000). Killed at any moment, the same call goes on with the panel that it was at.

    Args:
        gram: (n, n) symmetric positive semidefinite: an array, or anything with `shape`, `dtype` and slices of rows, as
            a matrix on disk.
        y: (n, c).
        folder: of the factor; made where it does not exist. It stays, and serves another call with the same matrix.
        ridge: absolute, at least 0.
        width: columns of a panel; default the widest up to 4096 that fits into memory.
        memory: limit in bytes or as "6GB".
        progress: reports a step for each product of tiles.

    Raises:
        InputError: for a folder that holds anything but a factor of this matrix.
        MemoryRefused: if a panel would not fit into memory.
        DiskFullError: if the factor would not fit onto the disk.
        FormatError: if a tile was damaged on disk since; the same call mends it.

    Cost: n^3 / 3 multiplications, as in memory; 4 n^2 bytes of disk, read n / (3 width) times; a pass over K before.
    """
    n, y, path, progress = gram.shape[0], np.asarray(y, np.float64), Path(folder), progress or Quiet()
    wide = min(n, width or _width_of(path) or choose_width(n, memory))
    what = f"a panel of the factor of {n} rows"
    mem.require(estimate_bytes(n, wide), what, "use narrower panels (width=...)", memory)
    norm, diagonal, digest = _survey(gram, wide)
    if not (np.isfinite(norm) and all_finite(y)):
        return Solution((), Status.NOT_FINITE, SOLVER)
    tried = list[float]()

    def attempt(shift: float) -> tuple[np.ndarray | None, float]:
        factor = factorise(gram, path, shift, width=wide, digest=digest, tried=tried, progress=progress)
        tried.append(shift)
        if factor is None:
            return None, float("nan")
        rcond = 1.0 / ((norm + shift) * _inverse_norm(factor))
        return (factor.solve(y) if cholesky.enough_digits(rcond) else None), rcond

    return cholesky.climb(attempt, y, np.dtype(gram.dtype), float(diagonal.mean()) or 1.0, ridge, SOLVER)


def factorise(
    gram: Any,
    folder: Path,
    shift: float,
    *,
    width: int,
    digest: str = "",
    tried: Sequence[float] = (),
    progress: Progress | None = None,
) -> Factor | None:
    """L with L L^T = K + shift I, its missing panels made; None if that is not positive definite.

    Args:
        gram, folder: as for `solve`.
        shift: added to the diagonal.
        width: columns of a panel.
        digest: what tells this matrix from others.
        tried: shifts that were not enough, which the folder keeps in mind.
        progress: reports a step for each product of tiles.

    Raises:
        InputError, DiskFullError, FormatError: as of `solve`.

    Cost: n^3 / 3 multiplications; 4 n^2 bytes of disk.
    """
    factor = _opened(folder, {"digest": digest, "width": width}, shift, tried, gram.shape[0])
    if factor is None or not _complete(gram, factor, shift, progress or Quiet()):
        return None
    return factor


def _survey(gram: Any, width: int) -> tuple[float, np.ndarray, str]:
    """The 1-norm (not finite where an entry is not), the diagonal, and what tells this matrix from others."""
    n = gram.shape[0]
    sums, diagonal = np.empty(n), np.empty(n)
    for start in range(0, n, width):
        rows = slice(start, min(start + width, n))
        band = np.asarray(gram[rows])
        diagonal[rows] = np.diagonal(band[:, rows])
        for i, row in enumerate(band, start):
            sums[i] = np.abs(row).sum(dtype=np.float64)
    return float(sums.max()), diagonal, hashlib.sha256(sums.tobytes() + diagonal.tobytes()).hexdigest()


def _complete(gram: Any, factor: Factor, shift: float, progress: Progress) -> bool:
    """Make the panels that are missing; False if K + shift I is not positive definite."""
    todo = [k for k in range(factor.side) if not factor.has(k)]
    progress.start(f"Cholesky, {factor.side} panels on disk", sum((factor.side - k) * (k + 1) for k in todo))
    return all(_panel(gram, factor, k, shift, progress) for k in todo)


def _panel(gram: Any, factor: Factor, k: int, shift: float, progress: Progress) -> bool:
    """Make and keep panel k; False if its diagonal block is not positive definite."""
    columns, below = factor.rows(k), range(k, factor.side)
    band = np.asarray(gram[columns])  # by symmetry, the panel's transpose
    blocks = {i: np.array(band[:, factor.rows(i)].T, np.float64, order="F") for i in below}
    del band
    diagonal = blocks[k]
    diagonal[np.diag_indices_from(diagonal)] += shift
    for j in range(k):
        pivot = factor.tile(k, j).T
        for i in below:
            left = pivot if i == k else factor.tile(i, j).T
            blocks[i] = _gemm(-1.0, left, pivot, beta=1.0, c=blocks[i], trans_a=1, overwrite_c=1)
            progress.step()
    lower, info = _potrf(diagonal, lower=1, clean=1, overwrite_a=1)
    if info != 0:
        return False
    for i in below:
        values = lower if i == k else _trsm(1.0, lower, blocks[i], side=1, lower=1, trans_a=1, overwrite_b=1)
        factor.write(i, k, values)
        progress.step()
    return True


def _inverse_norm(factor: Factor) -> float:
    """Estimated 1-norm of (K + shift I)^-1, from four or fewer solves."""
    make: Any = LinearOperator
    solves = dict.fromkeys(("matvec", "matmat", "rmatvec", "rmatmat"), factor.solve)
    found: Any = onenormest(make((factor.n, factor.n), dtype=np.float64, **solves), t=2, itmax=2)
    return float(found)


def _width_of(path: Path) -> int | None:
    """Of the panels of a factor that is there: a run with more memory, or less, goes on with it."""
    if not (path / "zarr.json").exists():
        return None
    return (chunks.open_array(path, "r").attrs.get(_NAME) or {}).get("width")


def _opened(path: Path, about: dict[str, Any], shift: float, tried: Sequence[float], n: int) -> Factor | None:
    """The factor for a shift, as far as it goes; a new one where there is none; None if that shift has failed.

    Panels of another shift make room. Those that this call has `tried` were not good enough, and the folder keeps that
    in mind for the next call.
    """
    known = about | {"shift": shift, "failed": sorted(tried)}
    if (path / "zarr.json").exists():
        array = chunks.open_array(path, "r+")
        found = array.attrs.get(_NAME) or {}
        if {name: found.get(name) for name in about} != about or array.shape != (n, n):
            raise InputError(
                f"{path} holds no factor of this matrix in panels of {about['width']}: delete it, or choose another"
            )
        if shift in found["failed"]:
            return None
        if found["shift"] != shift:
            shutil.rmtree(path / "c", ignore_errors=True)
            array.attrs[_NAME] = known | {"failed": sorted({*found["failed"], *tried})}
        return Factor(path, array)
    if path.exists() and any(path.iterdir()):
        raise InputError(f"{path} is not empty and holds no factor: choose another folder")
    path.mkdir(parents=True, exist_ok=True)
    width = about["width"]
    chunks.require_disk(path, disk_bytes(n, width), f"the factor of {n} rows", "choose another disk or fewer rows")
    return Factor(path, chunks.create_array(path, (n, n), width, "float64", {_NAME: known}))
