"""Robust training in the limit of infinite width."""

from limes.robust.adv_ntk import AdvNTKClassifier
from limes.robust.ark import ark, empirical_ark
from limes.robust.ascent import MarginAscent
from limes.robust.dynamics import AdversarialFlow, adversarial_flow
from limes.robust.finite import FiniteATClassifier, FinitePredictor
from limes.robust.lazy_at import LazyATClassifier
from limes.robust.projected import ProjectedTraining, projected_training, smooth_hinge
from limes.robust.released import ReleasedPGD
from limes.robust.stopping import Check

__all__ = [
    "AdvNTKClassifier",
    "AdversarialFlow",
    "Check",
    "FiniteATClassifier",
    "FinitePredictor",
    "LazyATClassifier",
    "MarginAscent",
    "ProjectedTraining",
    "ReleasedPGD",
    "adversarial_flow",
    "ark",
    "empirical_ark",
    "projected_training",
    "smooth_hinge",
]
