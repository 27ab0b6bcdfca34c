"""Draw the pictures of README.md and the documentation from committed results: ``python docs/images/make.py``."""

import json
from pathlib import Path

from limes.report import metric_figures, save_figure

HERE = Path(__file__).parent


def main() -> None:
    """The curve of accuracy against training time on CIFAR-10."""
    metrics = json.loads((HERE / "robust-overfitting.json").read_text())
    save_figure(metric_figures(metrics)["time"], HERE / "robust-overfitting.svg")


if __name__ == "__main__":
    main()
