"""Claim 15, where MNIST was given: activation and bounds on real rows. No figure of the paper was at hand."""

import numpy as np

from limes.measure import active_fraction
from limes.papers.bias_ntk.mnist import DECOMPOSED, STEPS, TRAINED, WIDTH
from limes.papers.bias_ntk.reading import DERIVED, PAPER, at
from limes.papers.claim import Claim, Expected, Over, Size
from limes.papers.paper import Found
from limes.papers.reading import over


def mnist_claims(found: Found, size: Size) -> list[Claim]:
    """Claims 15a to 15f; none without the data."""
    if "mnist-training" not in found:
        return []
    training, spectrum = "mnist-training", "mnist-spectrum"
    net = f"width {WIDTH:,}, {TRAINED} rows of length 1, odd against even digits"
    rows = f"{DECOMPOSED} rows, B = 0 to 3"

    def claim(key: str, statement: str, quantity: str, expected: Expected, values: dict, over: Over = "mean") -> Claim:
        source = f"{PAPER}, experiments [recalled]; expectation ours" if key < "15d" else DERIVED
        look: dict = {"size": size, "over": over, "note": told[key]}
        return Claim(key, statement, source, quantity, expected, **values, **look)

    told = dict.fromkeys(("15a", "15d", "15e", "15f"), "") | {
        "15b": _told(found, (0.0, 0.5, 1.0)),
        "15c": _told(found, (1.5, 2.0)),
    }
    return [
        claim(
            "15a",
            "On MNIST a share Phi(-B) of units is active at the start",
            f"largest |active / Phi(-B) - 1| over B = 0 to 2; {net}",
            Expected.at_most(0.1, refuted_above=0.2),
            over(found[training], lambda r: max(r["start_error"])),
        ),
        claim(
            "15b",
            f"On MNIST the active share stays within a quarter of Phi(-B) for B up to 1 ({STEPS} steps)",
            f"largest |active / Phi(-B) - 1| over all steps and B = 0, 0.5, 1; {net}",
            Expected.at_most(0.25),
            over(found[training], lambda r: max(at("drift", b)(r) for b in (0.0, 0.5, 1.0))),
        ),
        claim(
            "15c",
            f"On MNIST with B = 2 and width {WIDTH:,} it does not",
            f"largest |active / Phi(-B) - 1| over all steps, B = 2; {net}",
            Expected.at_least(0.25),
            over(found[training], at("drift", 2.0)),
        ),
        claim(
            "15d",
            "On MNIST the Hermite bound is not above the smallest eigenvalue",
            f"largest ratio of the two; {rows}",
            Expected.at_most(1.0),
            over(found[spectrum], lambda r: np.max(np.divide(r["hermite"], r["smallest"]))),
            "largest",
        ),
        claim(
            "15e",
            "On MNIST the Hermite bound is more than half of the smallest eigenvalue",
            f"smallest ratio of the two; {rows}",
            Expected.at_least(0.5),
            over(found[spectrum], lambda r: np.min(np.divide(r["hermite"], r["smallest"]))),
        ),
        claim(
            "15f",
            "On MNIST too the kernel is the better conditioned the larger the bias",
            f"largest ratio of condition numbers when B grows by a half; {rows}",
            Expected.at_most(1.0),
            over(found[spectrum], lambda r: np.exp(np.diff(np.log(r["condition"])).max())),
            "largest",
        ),
    ]


def _told(found: Found, biases: tuple[float, ...]) -> str:
    """Activation and test error by bias."""
    results, parts = [*found["mnist-training"].values()], []
    for bias in biases:
        most, error = (float(np.mean([at(k, bias)(r) for r in results])) for k in ("active_most", "test_error"))
        parts.append(f"B = {bias:g}: {active_fraction(bias):.4f} predicted, {most:.4f} at most, test error {error:.3f}")
    return "; ".join(parts) + "."
