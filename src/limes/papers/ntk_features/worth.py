"""Claims 3 to 6: one kernel attacked at several times, and the worth of its features."""

from typing import Any

import numpy as np

from limes.attacks import FGSM, PGD
from limes.machines import NTKClassifier
from limes.measure import cumulative, feature_basis, singles, spread_ranks
from limes.nets import Net
from limes.papers.ntk_features.problems import BOUNDS, Rows

TIMES = (0.1, 1.0, 10.0, 100.0, float("inf"))
PGD_STEPS = 10


def measure(net: Net, rows: Rows, eps: str, n_ranks: int, dear: bool) -> dict[str, Any]:
    """Accuracies on the test rows, clean and attacked: of the flow at each time, of features alone and together.

    No attack here starts at random.

    Args:
        net: the architecture.
        rows: of a seed.
        eps: radius.
        n_ranks: features measured alone.
        dear: leaves out what needs many gradients: times but the last, PGD (at the last one), most sums of features,
            centring.
    """
    machine = NTKClassifier(net, solver="eigh").fit(rows.x, rows.y)
    basis, n = feature_basis(machine), len(rows.x)
    ranks = spread_ranks(n, n_ranks)
    result: dict[str, Any] = {"times": [float("inf")] if dear else list(TIMES)}
    flows = [basis.predictor(time=time) for time in result["times"]]
    result["clean"] = [float(np.mean(flow.predict(rows.x_test) == rows.y_test)) for flow in flows]
    found = [FGSM()(flow, rows.x_test, rows.y_test, eps, bounds=BOUNDS) for flow in flows]
    result["fgsm"] = [one.robust_accuracy for one in found]
    if not dear:
        steps = PGD(steps=PGD_STEPS, random_start=False)
        result["pgd"] = steps(flows[-1], rows.x_test, rows.y_test, eps, bounds=BOUNDS).robust_accuracy
    alone = singles(basis, rows.x_test, rows.y_test, eps, ranks=ranks, bounds=BOUNDS)
    counts = [k for k in ((1, 5) if dear else (1, 2, 5, 20, 100, 500)) if k < n]
    together = cumulative(basis, rows.x_test, rows.y_test, eps, counts=[*counts, n], bounds=BOUNDS)
    if not dear:
        middle = feature_basis(machine, centred=True)
        first = singles(middle, rows.x_test, rows.y_test, eps, ranks=[0], bounds=BOUNDS)
        result["centred"] = {"balanced": first.clean_balanced[0], "robust": first.robust_balanced[0]}
    return result | {
        "n_train": n,
        "n_test": len(rows.x_test),
        "order": alone.order,
        "useful_not_robust": int(alone.useful_not_robust.sum()),
        "top": {"counts": together.counts, "clean": together.clean, "robust": together.robust},
        **{name: getattr(alone, name) for name in ("ranks", "eigenvalues")},
        "feature_clean": alone.clean,
        "feature_balanced": alone.clean_balanced,
        "feature_robust": alone.robust,
        "feature_robust_balanced": alone.robust_balanced,
    }
