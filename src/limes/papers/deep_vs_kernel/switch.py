"""Claims 5, 6 and 9: a network frozen to its tangent kernel at a moment of its training, with the controls.

From the weights at each moment: the network as it is, training of its linearisation, training of the network itself at
the same small rate, and a linear probe on its last hidden layer. Stops are chosen on validation rows; what a choice on
the test rows would show, as published, is kept beside it.
"""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from limes.finite import Recipe, linearise, train
from limes.measure import error_on
from limes.nets import Net
from limes.papers.deep_vs_kernel.problems import Problem, Rows

_PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1)  # inverse, of the probe


def frozen(problem: Problem, rows: Rows, times: Sequence[float], rate: float, seed: int) -> dict[str, Any]:
    """Test errors over the moment of the switch.

    Returns:
        each (times,): "net", "linear", "nonlinear", "probe"; "linear_test" and "nonlinear_test", stopped on the test
        rows; "linear_epochs", where the linearised training was stopped; and "parent", the error at the end.
    """
    net = problem.network(rows.x.shape[1:])
    start = net.init(seed, rows.x.shape[1:], problem.width, outputs=10)
    at = [problem.step_at(t) for t in (*times, problem.epochs)]
    parent = train(net.apply, start, rows.x, rows.y, problem.recipe(seed=seed), at=at, snapshots=True)
    names = ("net", "linear", "nonlinear", "probe", "linear_test", "nonlinear_test", "linear_epochs")
    found: dict[str, Any] = {name: [] for name in names}
    recipe = problem.recipe(learning_rate=rate, seed=seed + 303)
    error = error_on(net.apply, rows.x_test, rows.y_test)
    *switches, last = parent.snapshots
    for params in switches:
        found["net"].append(error(params))
        for name, apply in (("linear", linearise(net.apply, params)), ("nonlinear", net.apply)):
            chosen, published, epochs = _stopped(apply, params, rows, recipe)
            found[name].append(chosen)
            found[f"{name}_test"].append(published)
            if name == "linear":
                found["linear_epochs"].append(epochs)
        found["probe"].append(_probe(net, params, rows))
    return {"times": list(times), "parent": error(last), **found}


def _stopped(apply: Any, params: Any, rows: Rows, recipe: Recipe) -> tuple[float, float, float]:
    """Test error where the validation error is least, the least test error, and the epochs at the former."""
    valid, test = error_on(apply, rows.x_valid, rows.y_valid), error_on(apply, rows.x_test, rows.y_test)
    measures = {"valid": lambda moment: valid(moment.params), "test": lambda moment: test(moment.params)}
    run = train(apply, params, rows.x, rows.y, recipe, measures=measures)
    best = int(np.argmin(run.records["valid"]))
    return float(run.records["test"][best]), float(run.records["test"].min()), float(run.epochs[best])


def _probe(net: Net, params: Any, rows: Rows) -> float:
    """Test error of logistic regression on the inputs of the read-out, its penalty chosen on the validation rows."""
    body = Net(net.layers[:-1])

    def features(x: np.ndarray) -> np.ndarray:
        return np.asarray(body.apply(params[:-1], x), np.float64)

    train_x, valid_x, test_x = (features(x) for x in (rows.x, rows.x_valid, rows.x_test))
    size = np.sqrt(np.mean(train_x**2)) or 1.0
    errors = []
    for penalty in _PENALTIES:
        probe = LogisticRegression(C=penalty, max_iter=100, tol=1e-3)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # a hundred steps settle the error to a row or two
            probe.fit(train_x / size, rows.y)
        errors.append(
            [np.mean(probe.predict(x / size) != y) for x, y in ((valid_x, rows.y_valid), (test_x, rows.y_test))]
        )
    best = min(range(len(errors)), key=lambda i: errors[i][0])
    return float(errors[best][1])
