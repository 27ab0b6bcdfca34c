"""What claims and curves read of a run's results."""

import numpy as np

from limes.papers.paper import Found
from limes.papers.reading import Result


def timed(found: Found) -> list[Result]:
    """The cases that were timed while lists held, by features, neurons and share."""
    cases = [found[q][0] for q in found if q.startswith("speed-") and not q.endswith("-training")]
    return sorted(cases, key=lambda r: (r["d"], r["m"], r["share"]))


def break_even(cases: list[Result], form: str) -> float:
    """The share of active pairs at which a step takes as long as the products, between the cases, log-linearly.

    The largest share that was timed where even that was faster.
    """
    shares, ratios = [r["share"] for r in cases], [r["products"] / r[form] for r in cases]
    if ratios[-1] >= 1:
        return float(shares[-1])
    k = next(i for i, ratio in enumerate(ratios) if ratio < 1)
    if k == 0:
        return float(shares[0])
    place = np.log(ratios[k - 1]) / np.log(ratios[k - 1] / ratios[k])
    return float(np.exp((1 - place) * np.log(shares[k - 1]) + place * np.log(shares[k])))
