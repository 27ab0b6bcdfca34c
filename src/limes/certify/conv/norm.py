"""The certificate of the Hilbert norm: |f(y) - f(x)| <= |f| |K_y - K_x|.

|K_y - K_x|^2 = K(x, x) + K(y, y) - 2 K(x, y). K(y, y) is linear in the squares of y, and K(x, y) that of a machine with
the one centre x, so that the joint bound (`limes.certify.conv.joint`) finds the largest distance in a region too.
"""

from dataclasses import replace

import numpy as np

from limes.certify.conv.joint import Target, least
from limes.certify.conv.machine import ConvMachine
from limes.certify.conv.ranges import ranges
from limes.certify.conv.region import Region


def distance(machine: ConvMachine, region: Region) -> float:
    """The largest |K_y - K_x| in a region, rounded up."""
    alone = replace(machine, centres=region.x[None], coef=np.ones((1, 1)), intercept=np.zeros(1))
    weights, constant = alone.own_form
    own = float(alone.own[0])
    target = Target(alone, np.array([2.0]), -weights, -constant - own)
    known = ranges(alone, region, alone.track(region.x))
    return float(np.sqrt(max(-least(target, region, known, 0.0, 6), 0.0) + 1e-7 * own))
