"""Certificates: what no attack can do to the predictions of a kernel machine, or of a finite network."""

from limes.certify.certificate import Certificate
from limes.certify.finite import OutputBounds, network_radius, output_bounds
from limes.certify.flips import harmful_flips, label_flips
from limes.certify.radius import radius

__all__ = [
    "Certificate",
    "OutputBounds",
    "harmful_flips",
    "label_flips",
    "network_radius",
    "output_bounds",
    "radius",
]
