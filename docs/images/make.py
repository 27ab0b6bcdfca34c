"""Draw the pictures of README.md and the documentation from committed results: ``python docs/images/make.py``."""

import json
from pathlib import Path

from limes.report import metric_figures, save_figure

HERE = Path(__file__).parent
RESULTS = HERE.parents[1] / "benchmarks" / "results"


def main() -> None:
    """The curve of accuracy against training time on CIFAR-10."""
    metrics = json.loads((RESULTS / "robustify_cifar.json").read_text())["metrics"]
    save_figure(metric_figures(metrics)["time"], HERE / "robust-overfitting.svg")


if __name__ == "__main__":
    main()
