"""Attacks on any Predictor: FGSM, PGD, the square attack, and worst-case evaluation that checks itself."""

from limes.attacks.audit import AuditCheck
from limes.attacks.evaluate import EvaluationReport, evaluate
from limes.attacks.gradient import FGSM, PGD
from limes.attacks.result import AttackResult
from limes.attacks.square import Square
from limes.attacks.threat import Threat, parse_eps

__all__ = [
    "FGSM",
    "PGD",
    "AttackResult",
    "AuditCheck",
    "EvaluationReport",
    "Square",
    "Threat",
    "evaluate",
    "parse_eps",
]
