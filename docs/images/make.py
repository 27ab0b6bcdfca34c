"""Draw the pictures of README.md and the documentation: ``python docs/images/make.py``.

One is drawn from committed results, others by the code of the tutorials, which saves them as a reader would; what that
code prints is put below each block. Those of the gallery are what ``python examples/NAME.py``, run before, left in
``runs/examples``; pictures of examples that were not run stay as they are. What data they show depends on
``LIMES_DATA``, and ``docs/examples.md`` says it below each.
"""

import contextlib
import io
import json
import re
import shutil
import tempfile
from pathlib import Path

from limes.report import metric_figures, save_figure

HERE = Path(__file__).parent
RESULTS = HERE.parents[1] / "benchmarks" / "results"
TUTORIALS = HERE.parent / "tutorials"
_BLOCK = re.compile(r'^```python\n(.*?)^```\n(\n```text title="Output"\n.*?^```\n)?', re.MULTILINE | re.DOTALL)


def main() -> None:
    """The curve of accuracy against training time on CIFAR-10, the pictures of the tutorials, and the gallery."""
    metrics = json.loads((RESULTS / "robustify_cifar.json").read_text())["metrics"]
    save_figure(metric_figures(metrics)["time"], HERE / "robust-overfitting.svg")
    for page in sorted(TUTORIALS.glob("*.md")):
        draw(page)
    for picture in sorted((HERE.parents[1] / "runs" / "examples").glob("*.svg")):
        shutil.copy(picture, HERE / "examples" / picture.name)


def draw(page: Path) -> None:
    """Run a page's Python in an empty folder; keep the pictures that it leaves there, and what it prints."""
    namespace = {"__name__": "page"}

    def run(block: re.Match[str]) -> str:
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(block[1], namespace)
        output = f'\n```text title="Output"\n{printed.getvalue()}```\n' if printed.getvalue() else ""
        return f"```python\n{block[1]}```\n{output}"

    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        text = _BLOCK.sub(run, page.read_text())
        for picture in Path(folder).glob("*.svg"):
            shutil.copy(picture, HERE)
    page.write_text(text)


if __name__ == "__main__":
    main()
