"""Robust training in the limit of infinite width."""

from limes.robust.adv_ntk import AdvNTKClassifier
from limes.robust.finite import FiniteATClassifier, FinitePredictor
from limes.robust.lazy_at import LazyATClassifier
from limes.robust.released import ReleasedPGD

__all__ = ["AdvNTKClassifier", "FiniteATClassifier", "FinitePredictor", "LazyATClassifier", "ReleasedPGD"]
