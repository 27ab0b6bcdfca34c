"""Certificates: what no attack can do to the predictions of a kernel machine, or to those of a finite network."""

from limes.certify.certificate import Certificate
from limes.certify.finite import OutputBounds, network_radius, output_bounds
from limes.certify.flips import harmful_flips, label_flips
from limes.certify.machine import supports
from limes.certify.radius import radius

__all__ = [
    "Certificate",
    "OutputBounds",
    "harmful_flips",
    "label_flips",
    "network_radius",
    "output_bounds",
    "radius",
    "supports",
]
