"""Attacks on any Predictor: FGSM, PGD, APGD, square, smallest distances, worst-case evaluation; and poisoning."""

from limes.attacks.apgd import APGD
from limes.attacks.audit import AuditCheck
from limes.attacks.evaluate import EvaluationReport, evaluate
from limes.attacks.gradient import FGSM, PGD
from limes.attacks.poison import Poison, PoisonResult
from limes.attacks.result import AttackResult
from limes.attacks.smallest import MinimalResult, minimal
from limes.attacks.square import Square
from limes.attacks.threat import Threat, parse_eps

__all__ = [
    "APGD",
    "FGSM",
    "PGD",
    "AttackResult",
    "AuditCheck",
    "EvaluationReport",
    "MinimalResult",
    "Poison",
    "PoisonResult",
    "Square",
    "Threat",
    "evaluate",
    "minimal",
    "parse_eps",
]
