"""The idx format of MNIST: big-endian header (0, 0, type, rank, sizes), then the values, optionally gzipped.

Reference: LeCun, Cortes and Burges, "The MNIST database of handwritten digits", section "File formats".
"""

import gzip
import struct
import zlib
from io import BufferedIOBase
from pathlib import Path

import numpy as np

from limes.core.errors import FormatError
from limes.data.dataset import Dataset
from limes.data.prepare import from_arrays

_GZIP_MAGIC = b"\x1f\x8b"
_UNSIGNED_BYTES = 8
_BEST_COMPRESSION = 1100  # deflate shrinks nothing by more than a factor of 1032


def read_idx(path: Path) -> np.ndarray:
    """One idx file of unsigned bytes, plain or gzipped.

    Returns:
        uint8 array of the shape in the header, read-only.

    Raises:
        FormatError: if the file is missing, truncated, damaged, too long, or not idx of unsigned bytes.
    """
    if not path.is_file():
        raise FormatError(f"there is no file {path}")
    with path.open("rb") as file:
        gzipped = file.read(2) == _GZIP_MAGIC
    try:
        with gzip.open(path, "rb") if gzipped else path.open("rb") as file:
            shape = _header(file, path)
            size = int(np.prod(shape, dtype=object))
            # checked before anything of that size is asked of the memory
            if size > path.stat().st_size * (_BEST_COMPRESSION if gzipped else 1):
                raise FormatError(f"{path} is truncated: its header promises {shape} values, too many for its size")
            values = file.read(size)
            surplus = file.read(1)  # for gzip this also verifies the checksum
    except (OSError, EOFError, zlib.error) as error:
        raise FormatError(f"{path} is damaged or truncated ({error}): fetch it again") from error
    if len(values) != size or surplus:
        found = "more" if surplus else str(len(values))
        raise FormatError(f"{path} promises {shape} = {size} bytes in its header but holds {found}: fetch it again")
    return np.frombuffer(values, np.uint8).reshape(shape)


def read_mnist(path: Path, name: str | None = None) -> Dataset:
    """The images of an idx file with the labels beside it; the test part too where `path` is the training file.

    Args:
        path: a file named like ``train-images-idx3-ubyte`` or ``t10k-images-idx3-ubyte.gz``, or its label file.
        name: short name of the data; default the name of the folder.

    Raises:
        FormatError: if a file is missing or cannot be read.
        InputError: if images and labels do not match.
    """
    images = path.with_name(path.name.replace("labels", "images").replace("idx1", "idx3"))
    x, y = _pair(images)
    tests = [images.with_name(images.name.replace("train", word)) for word in ("t10k", "test")]
    test = next((path for path in tests if path != images and _find(path) is not None), None)
    x_test, y_test = (None, None) if test is None else _pair(test)
    return from_arrays(x, y, x_test, y_test, name=name or path.absolute().parent.name, source=str(path))


def find_training_images(folder: Path) -> Path | None:
    """The idx file of training images in a folder, or None."""
    return _find(folder / "train-images-idx3-ubyte") or _find(folder / "train-images.idx3-ubyte")


def _header(file: BufferedIOBase, path: Path) -> tuple[int, ...]:
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[3] not in (1, 3):
        raise FormatError(f"{path} is not an MNIST idx file: it begins with {magic.hex(' ') or 'nothing'}")
    if magic[2] != _UNSIGNED_BYTES:
        raise FormatError(f"{path} holds values of idx type 0x{magic[2]:02x}, but only unsigned bytes (0x08) are read")
    sizes = file.read(4 * magic[3])
    if len(sizes) < 4 * magic[3]:
        raise FormatError(f"{path} is truncated within its header")
    return struct.unpack(f">{magic[3]}I", sizes)


def _pair(images: Path) -> tuple[np.ndarray, np.ndarray]:
    """Images and the labels that lie beside them."""
    labels = images.with_name(images.name.replace("images", "labels").replace("idx3", "idx1"))
    found = [_find(path) for path in (images, labels)]
    if found[0] is None or found[1] is None:
        absent = (images if found[0] is None else labels).name.removesuffix(".gz")
        raise FormatError(f"{images.parent} has no file {absent} or {absent}.gz: images and labels come in two files")
    x, y = read_idx(found[0]), read_idx(found[1])
    if x.ndim != 3 or y.ndim != 1:
        raise FormatError(f"{images} and {labels.name} hold shapes {x.shape} and {y.shape}, not images and labels")
    return x, y


def _find(path: Path) -> Path | None:
    """The file, plain or gzipped, or None."""
    plain = path.with_name(path.name.removesuffix(".gz"))
    return next((p for p in (path, plain, plain.with_name(plain.name + ".gz")) if p.is_file()), None)
