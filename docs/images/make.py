"""Draw the pictures of README.md and the documentation: ``python docs/images/make.py``.

Some are drawn from committed results; the others by the code of the tutorials, which save them as a reader would.
"""

import contextlib
import json
import re
import shutil
import tempfile
from pathlib import Path

from limes.report import metric_figures, save_figure

HERE = Path(__file__).parent
RESULTS = HERE.parents[1] / "benchmarks" / "results"
TUTORIALS = HERE.parent / "tutorials"


def main() -> None:
    """The curve of accuracy against training time on CIFAR-10, and the pictures of the tutorials."""
    metrics = json.loads((RESULTS / "robustify_cifar.json").read_text())["metrics"]
    save_figure(metric_figures(metrics)["time"], HERE / "robust-overfitting.svg")
    for page in sorted(TUTORIALS.glob("*.md")):
        draw(page)


def draw(page: Path) -> None:
    """Run a page's Python in an empty folder, and keep the pictures that it leaves there."""
    namespace = {"__name__": "page"}
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for block in re.findall(r"^```python\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL):
            exec(block, namespace)
        for picture in Path(folder).glob("*.svg"):
            shutil.copy(picture, HERE)


if __name__ == "__main__":
    main()
