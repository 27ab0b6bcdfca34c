"""Maass Martinez & Fontbona 2024: symmetries in wide shallow networks, through their mean-field limit."""

from limes.papers.paper import Paper
from limes.papers.symmetries.claims import claims
from limes.papers.symmetries.curves import curves
from limes.papers.symmetries.experiment import plan
from limes.papers.symmetries.figures import figures

PAPER = Paper(
    key="symmetries",
    title="Symmetries in overparametrised networks: a mean-field view (Maass Martinez & Fontbona 2024)",
    reference="Maass Martinez & Fontbona, NeurIPS 2024, arXiv 2405.19995",
    about=(
        "Shallow networks as laws of particles, under a group that acts on inputs, outputs and parameters. With "
        "symmetric data, training without use of the group, with augmented data and of averaged features have one "
        "limit as particles become many, and it keeps parameters that the group does not move, E^G. Checked here: how "
        "that shows at finite numbers of particles, what happens without symmetry, the price of staying on E^G, a "
        "heuristic that finds E^G, rotations of the plane by quadrature, small networks as units, and digits in "
        "quarter turns."
    ),
    plan=plan,
    claims=claims,
    curves=curves,
    figures=figures,
)
