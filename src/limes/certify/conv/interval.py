"""Bounds of each centre's kernel by itself: the published interval bound (Chen et al. 2021) carried to positions."""

import numpy as np

from limes.certify.conv.machine import ConvMachine, Track
from limes.certify.conv.ranges import Ranges


def least(machine: ConvMachine, known: list[Ranges], clean: Track, weights: np.ndarray) -> float:
    """A lower bound of sum_j weights_j K(y, z_j) from the ranges of the last layer.

    Args:
        machine: with the centres z_j.
        known: ranges of its layers.
        clean: cosines and rests at the clean image.
        weights: (m,).
    """
    on_value, on_ntk, constant = machine.readout_factors
    total = constant * float(weights.sum())
    last = known[-1]
    low, high = last.mixed(on_value, on_ntk, (clean.u[-1], clean.t[-1])) * last.layer.centres
    low = np.minimum(low * last.size[0], low * last.size[1])
    high = np.maximum(high * last.size[0], high * last.size[1])
    part = np.where((weights > 0)[:, None], weights[:, None] * low, weights[:, None] * high)
    return total + float((part @ machine.readout.mean.T).sum())
