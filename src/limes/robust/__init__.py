"""Robust training in the limit of infinite width."""

from limes.robust.adv_ntk import AdvNTKClassifier
from limes.robust.ark import ark, empirical_ark
from limes.robust.ascent import MarginAscent
from limes.robust.dynamics import AdversarialFlow, adversarial_flow
from limes.robust.finite import FiniteATClassifier
from limes.robust.lazy_at import LazyATClassifier
from limes.robust.moreau import Descent
from limes.robust.projected import ProjectedTraining, projected_training, smooth_hinge
from limes.robust.released import ReleasedPGD
from limes.robust.signed import RobustLoss, draw_weights
from limes.robust.stability import StabilityBound, stability_bound, weak_convexity
from limes.robust.stopping import Check
from limes.robust.twins import Trained, Twins, descend, twin_runs

__all__ = [
    "AdvNTKClassifier",
    "AdversarialFlow",
    "Check",
    "Descent",
    "FiniteATClassifier",
    "LazyATClassifier",
    "MarginAscent",
    "ProjectedTraining",
    "ReleasedPGD",
    "RobustLoss",
    "StabilityBound",
    "Trained",
    "Twins",
    "adversarial_flow",
    "ark",
    "descend",
    "draw_weights",
    "empirical_ark",
    "projected_training",
    "smooth_hinge",
    "stability_bound",
    "twin_runs",
    "weak_convexity",
]
