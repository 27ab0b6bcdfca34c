"""The certificate of the Hilbert norm: |f(x) - f(y)| <= |f| |K_x - K_y|, for all y of a shell.

|K_x - K_y|^2 = K(x, x) + K(y, y) - 2 K(x, y), where K(y, y) is one number on a sphere and K(x, y) falls with <x, y>,
the least of which `limes.certify.ranges` knows.
"""

import numpy as np
from scipy import sparse

from limes.certify.machine import Machine
from limes.certify.ranges import ranges
from limes.certify.region import Shells


def distance(machine: Machine, shells: Shells) -> np.ndarray:
    """The largest |K_x - K_y| on each shell's sphere: (k,), rounded up."""
    x = shells.x[None]
    square = np.mean(x**2, axis=1)
    low = ranges(sparse.csr_array(x), shells)[0]
    if np.any(low < 0):  # K need not increase there: its even part is at least that at 0, see `limes.certify.lines`
        zero = np.zeros_like(low)
        value = machine.zonal.values
        odd = 0.5 * (value(low, shells.q, square) - value(-low, shells.q, square))
        even = value(zero, shells.q, square)
        cross = np.where(low < 0, even + odd, value(np.maximum(low, 0.0), shells.q, square))[:, 0]
    else:
        cross = machine.zonal.values(low, shells.q, square)[:, 0]
    own, there = machine.zonal.own(square)[0], machine.zonal.own(shells.q)
    return np.sqrt(np.maximum(own + there - 2 * cross, 0.0) + 1e-7 * (own + there) * _nearly(low, shells, square))


def _nearly(low: np.ndarray, shells: Shells, square: np.ndarray) -> np.ndarray:
    """1 where the cosine may round to 1 and a kernel is known to half of its digits only, a small number elsewhere."""
    cosine = low[:, 0] / np.sqrt(np.maximum(shells.q * square[0], 1e-300))
    return np.where(cosine > 1 - 1e-6, 1.0, 1e-5)
