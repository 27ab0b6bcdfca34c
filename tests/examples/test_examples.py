"""Examples run at small size, assert what they say, and open as notebooks."""

import ast
import re
import runpy
from pathlib import Path
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
NEEDS = {"05_torch_kernel": "torch", "07_large_kernel": "zarr"}

every_example = pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)


@pytest.fixture
def small(tmp_path, monkeypatch):
    """An empty folder to run in, the small size, and pyplot as it was afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LIMES_EXAMPLES", "small")
    plt.switch_backend("agg")
    with plt.rc_context():
        yield
    plt.close("all")


@pytest.mark.slow
@pytest.mark.usefixtures("small", "quick_compilation")
@every_example
def test_runs_at_small_size(path):
    if package := NEEDS.get(path.stem):
        pytest.importorskip(package, reason=f"the example needs {package}")
    runpy.run_path(str(path), run_name="__main__")
    picture = ElementTree.parse(f"runs/examples-small/{path.stem}.svg").getroot()
    assert min(float(picture.attrib[side].removesuffix("pt")) for side in ("width", "height")) > 150
    assert len(list(picture.iter("{http://www.w3.org/2000/svg}path"))) > 20


@every_example
def test_opens_as_a_notebook(path):
    jupytext = pytest.importorskip("jupytext", reason="the extra `examples` is not installed")
    import nbformat

    text = path.read_text()
    notebook = nbformat.reads(jupytext.writes(jupytext.read(path), "ipynb"), as_version=4)
    nbformat.validate(notebook)
    assert len(notebook.cells) == len(re.findall("^# %%", text, re.MULTILINE))
    assert notebook.cells[0].cell_type == "markdown"
    assert notebook.cells[0].source.startswith("# ")
    for cell in notebook.cells:
        assert cell.source
        if cell.cell_type == "code":
            ast.parse(cell.source)
    assert jupytext.writes(notebook, "py:percent").endswith(text)  # behind a header, and nothing is lost


@every_example
def test_is_in_the_gallery(path):
    page = (ROOT / "docs" / "examples.md").read_text()
    assert f"](../examples/{path.name})" in page
    assert f"](images/examples/{path.stem}.svg)" in page
    assert "LIMES_EXAMPLES" in path.read_text()


def test_one_switch_and_one_folder():
    """Examples are copied one by one, so that each has these lines; they are to be the same ones."""
    lines = (
        'SMALL = os.environ.get("LIMES_EXAMPLES") == "small"\n'
        'OUT = Path("runs/examples-small" if SMALL else "runs/examples")\n'
        "OUT.mkdir(parents=True, exist_ok=True)\n"
    )
    assert EXAMPLES
    assert [path.name for path in EXAMPLES if lines not in path.read_text()] == []
