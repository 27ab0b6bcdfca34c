"""Claims 8 and 9: the attack is sound, and the released one is not."""

from limes.papers.adv_ntk.theory_claims import CODE
from limes.papers.claim import Claim, Expected, Size
from limes.papers.paper import Found
from limes.papers.reading import over

_VIOLATIONS = (
    "moved_at_zero",
    "clean_accuracy_at_zero",
    "outside_ball",
    "outside_box",
    "worse_with_more_steps",
    "worse_with_more_restarts",
    "not_at_the_iterate",
    "lost_with_tiny_gradients",
)


def _soundness(found: Found, size: Size) -> list[Claim]:
    parts = [q for q in ("soundness", "soundness-cifar10") if q in found]
    data = "digits and 512 images of CIFAR-10" if len(parts) > 1 else "digits"
    seeds = tuple(found["soundness"])
    counts = tuple(sum(found[q][s][name] for q in parts for name in _VIOLATIONS) for s in seeds)
    gaps = tuple(max(abs(found[q][s]["linear_found"] - found[q][s]["linear_exact"]) for q in parts) for s in seeds)
    return [
        Claim(
            "8a",
            "The attack is sound: a radius of 0 changes nothing, the ball is round the clean point, gradients are "
            "taken at the current point, more steps or restarts never help the defender, tiny gradients work",
            f"what {CODE} is measured with here: limes.attacks.PGD",
            f"violations among attacked points, {data}",
            Expected.at_most(0),
            counts,
            seeds,
            size=size,
            over="largest",
        ),
        Claim(
            "8b",
            "The attack finds the worst case where that is known",
            f"what {CODE} is measured with here: limes.attacks.PGD",
            f"robust accuracy of a linear classifier of 10 classes as found, minus the exact one, {data}",
            Expected.at_most(0.01),
            gaps,
            seeds,
            size=size,
            note="The exact worst case takes the place of a comparison with another attack library: PGD on the margin, "
            "20 steps, 3 restarts.",
        ),
    ]


def _released(found: Found, size: Size) -> list[Claim]:
    return [
        Claim(
            "9a",
            "The released attack leaves the ball that it is stated for",
            f"{CODE}, JAX attack",
            "largest distance from the clean point in radii, digits, no box",
            Expected.about(2.0, 0.05, refuted_below=1.05),
            **over(found["soundness"], lambda r: r["reach"]),
            size=size,
        ),
        Claim(
            "9b",
            "Its ten steps use a single gradient",
            f"{CODE}, JAX attack",
            "different points of an example at which a gradient is asked for",
            Expected.about(1.0, 0.0),
            **over(found["soundness"], lambda r: r["gradients"]),
            size=size,
            over="largest",
        ),
    ]


def attack_claims(found: Found, size: Size) -> list[Claim]:
    """Claims 8 and 9."""
    return [*_soundness(found, size), *_released(found, size)]
