"""Oddities of data that are no errors, but that change how a result has to be read."""

from hashlib import blake2b

import numpy as np


def remarks(x: np.ndarray, y: np.ndarray) -> tuple[str, ...]:
    """Sentences on contradictory rows, constant features and rows of zeros; none where there is nothing to say.

    Args:
        x: (n, ...) numbers.
        y: (n,) labels.

    Cost: O(n d) time; 16 bytes a row beside the rows themselves.

    Example:
        >>> import numpy as np
        >>> remarks(np.array([[1.0, 5.0], [2.0, 5.0]]), np.array([0, 1]))
        ('1 of 2 features is constant over the training rows',)
    """
    found = []
    if n := count_contradictions(x, y):
        found.append(
            f"{n} of {len(x)} training rows occur again with another label: no classifier can fit them all, "
            "and an exact fit without ridge is ill-posed there"
        )
    rows = x.reshape(len(x), -1)
    if n := int((rows.min(axis=0) == rows.max(axis=0)).sum()):
        found.append(f"{n} of {rows.shape[1]} features {'is' if n == 1 else 'are'} constant over the training rows")
    if n := int((~rows.any(axis=1)).sum()):
        found.append(
            f"{n} of {len(x)} training rows {'is' if n == 1 else 'are'} zero everywhere: "
            "such a row has no direction, so a net without biases cannot tell its class"
        )
    return tuple(found)


def count_contradictions(x: np.ndarray, y: np.ndarray) -> int:
    """How many rows have an equal row (value for value) with another label.

    Rows are compared by 128-bit digests, so that no sorted copy of the data is made.
    """
    labels_of: dict[bytes, set] = {}
    digests = digests_of_rows(x)
    for digest, label in zip(digests, y.tolist(), strict=True):
        labels_of.setdefault(digest, set()).add(label)
    return sum(len(labels_of[digest]) > 1 for digest in digests)


def digests_of_rows(x: np.ndarray) -> list[bytes]:
    """One digest of 128 bits a row; equal where rows are equal, value for value and in type."""
    return [blake2b((row + row.dtype.type(0)).tobytes(), digest_size=16).digest() for row in x]  # + 0: -0.0 is 0.0
