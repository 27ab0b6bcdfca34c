"""How machines of several classes decide: a vote of pairs, mean margins of pairs, or each class against all others.

    python benchmarks/svc_decisions.py --data DIR

fits support vector machines on the NTK of three layers to the tables of `limes.papers.uci` with three classes or more
and at most 2,500 rows, on the first of the four parts, for four penalties. The vote is scikit-learn's.
"""

import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import SVC

import common
from limes.machines.svc import separate
from limes.nets import mlp
from limes.papers.paper import Request
from limes.papers.uci.archive import Table, tables

PENALTIES = (1.0, 10.0, 100.0, 1000.0)
MOST_ROWS, TOLERANCE, MOST_STEPS = 2500, 1e-3, 100_000


def mean_margins(solver: SVC, cross: np.ndarray) -> np.ndarray:
    """Labels by the mean of each class's signed margins against the others."""
    decisions, classes = solver.decision_function(cross), solver.classes_
    scores = np.zeros((len(cross), len(classes)))
    pairs = [(i, j) for i in range(len(classes)) for j in range(i + 1, len(classes))]
    for margin, (i, j) in zip(decisions.T, pairs, strict=True):
        scores[:, i] += margin
        scores[:, j] -= margin
    return classes[scores.argmax(axis=1)]


def one(table: Table) -> Iterator[dict[str, Any]]:
    """Accuracy and seconds of each rule, for each penalty."""
    splits = table.splits
    train, test = splits.folds[0]
    classes, index = np.unique(splits.y[train], return_inverse=True)
    gram = mlp(3).kernel(splits.x, get="ntk").ntk
    gram = np.asarray(gram, np.float64) / (np.mean(np.diagonal(gram)) or 1.0)
    own, cross = np.ascontiguousarray(gram[np.ix_(train, train)]), np.ascontiguousarray(gram[np.ix_(test, train)])
    for C in PENALTIES:
        start = time.perf_counter()
        solver = SVC(C=C, kernel="precomputed", tol=TOLERANCE, max_iter=MOST_STEPS, decision_function_shape="ovo").fit(
            own, index
        )
        middle = time.perf_counter()
        found = separate(own, index, np.ones(len(train)), C, TOLERANCE)
        end = time.perf_counter()
        labels = {
            "vote": classes[solver.predict(cross)],
            "mean margins": classes[mean_margins(solver, cross)],
            "one against the others": classes[(cross[:, found.support] @ found.coef + found.intercept).argmax(axis=1)],
        }
        right = {rule: float(np.mean(label == splits.y[test])) for rule, label in labels.items()}
        yield {"C": C, "pairs": middle - start, "others": end - middle} | right


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure all tables and write the results."""
    parser = common.parser(__doc__ or "")
    parser.add_argument("--data", type=Path, required=True, help="folder with uci/")
    options = parser.parse_args(arguments)
    size = "smoke" if options.quick else "full"
    given, _ = tables(Request(size, None, str(options.data)))
    chosen = [table for table in given if table.shape[2] > 2 and table.shape[0] <= MOST_ROWS]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = [list(one(table)) for table in chosen]
    rules = ("vote", "mean margins", "one against the others")
    rows = []
    for k, C in enumerate(PENALTIES):
        mean = {rule: round(float(np.mean([table[k][rule] for table in found])), 4) for rule in rules}
        spent = {name: sum(table[k][name] for table in found) for name in ("pairs", "others")}
        rows.append(
            common.Row(
                f"{len(chosen)} tables, C = {C:g}",
                round(spent["others"] / spent["pairs"], 2),
                "time of one class against the others / of pairs",
                {f"mean accuracy, {rule}": value for rule, value in mean.items()},
                {f"seconds, {name}": round(value, 2) for name, value in spent.items()} | {"load": common.load()},
            )
        )
    common.report("svc_decisions", (__doc__ or "").splitlines()[0], rows, options)


if __name__ == "__main__":
    main()
