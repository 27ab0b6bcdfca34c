"""What the documentation says is true: its Python runs, its commands exist, its tables are those of the results."""

import ast
import doctest
import importlib
import importlib.util
import json
import re
import shlex
from inspect import ismodule
from pathlib import Path

import pytest
import typer

from limes.report.marks import between

pytestmark = pytest.mark.usefixtures("quick_compilation")
ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LIBRARIES = {"equinox", "flax", "torch"}  # with a bridge in limes.interop: files and folders of these names need them
MODULES = sorted((ROOT / "src" / "limes").rglob("*.py"))


def blocks(page: Path, language: str) -> list[tuple[int, str]]:
    """Line of the first line, and text, of the code blocks in a language."""
    text = page.read_text()
    found = re.finditer(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [(text.count("\n", 0, match.start(1)) + 1, match[1]) for match in found]


def imported(page: Path) -> set[str]:
    """Names after ``import`` at the beginning of a line of Python in a page."""
    return {name for _, source in blocks(page, "python") for name in re.findall(r"^import (\w+)", source, re.MULTILINE)}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT / "src").with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def with_python() -> list:
    """Pages with blocks of Python; guides and tutorials take more than the default run has time for."""
    brief = {ROOT / "README.md", ROOT / "docs" / "quickstart.md", *(ROOT / "docs" / "howto").glob("*.md")}
    return [
        pytest.param(page, marks=() if page in brief else pytest.mark.slow, id=name_of(page))
        for page in PAGES
        if blocks(page, "python")
    ]


@pytest.mark.parametrize("page", with_python())
def test_python_blocks_run(page, tmp_path, monkeypatch):
    for package in LIBRARIES & imported(page):
        pytest.importorskip(package, reason=f"the page needs {package}")
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "page"}
    for line, source in blocks(page, "python"):
        tree = ast.increment_lineno(ast.parse(source), line - 1)
        exec(compile(tree, str(page), "exec"), namespace)


def command_of(words: list[str]) -> tuple[str, set[str]]:
    """The verb with its group, and its options, at the beginning of what follows ``limes``."""
    from limes.cli.app import app

    command, names = typer.main.get_command(app), []
    while hasattr(command, "commands"):
        names.append(words[len(names)])
        command = command.commands[names[-1]]
    options = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    return " ".join(names), options


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "bash")], ids=name_of)
def test_commands_exist(page):
    lines = [line for _, block in blocks(page, "bash") for line in block.replace("\\\n", " ").splitlines()]
    words = [shlex.split(line, comments=True) for line in lines]
    for rest in (command[1:] for command in words if command[:1] == ["limes"] and len(command) > 1):
        if not rest[0].startswith("-"):
            used = {word.split("=")[0] for word in rest if re.match(r"--?[a-z]", word)} - {"--help"}
            verb, options = command_of(rest)
            assert used <= options, f"limes {verb} has no {used - options}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_to_files(page):
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text())
    missing = [t for t in targets if not t.startswith("https://") and not (page.parent / t).exists()]
    assert not missing


@pytest.mark.parametrize("page", sorted((ROOT / "docs" / "api").glob("[!i]*.md")), ids=name_of)
def test_reference_has_every_public_name(page):
    """A page shows the names in a room's ``__all__``, except those that are also modules: they need their own entry."""
    text, room = page.read_text(), importlib.import_module(f"limes.{page.stem}")
    folder = ROOT / "src" / "limes" / page.stem
    if public := getattr(room, "__all__", ()):
        assert f"::: limes.{page.stem}\n" in text
    hidden = [name for name in public if (folder / f"{name}.py").exists() and not ismodule(getattr(room, name))]
    assert not [name for name in hidden if f"::: limes.{page.stem}.{name}.{name}\n" not in text]


@pytest.mark.parametrize("path", [p for p in MODULES if ">>>" in p.read_text()], ids=name_of)
def test_docstring_examples_hold(path, tmp_path, monkeypatch):
    for package in LIBRARIES & set(path.relative_to(ROOT / "src" / "limes").with_suffix("").parts):
        pytest.importorskip(package, reason=f"the examples need {package}")
    monkeypatch.chdir(tmp_path)
    result = doctest.testmod(importlib.import_module(module_name(path)))
    assert result.attempted
    assert not result.failed


@pytest.fixture(scope="module")
def table():
    spec = importlib.util.spec_from_file_location("benchmark_table", ROOT / "benchmarks" / "table.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("page", "form"), [("README", "summary"), ("BENCHMARKS", "render")])
def test_pages_have_the_tables_of_the_committed_results(table, page, form):
    text = getattr(table, page).read_text()
    assert text == between(text, table.START, table.END, getattr(table, form)(table.load())), (
        "run: python benchmarks/table.py --write"
    )


def test_the_summary_has_the_range_of_each_meaning(table):
    ratios = [("product", 0.5), ("product", 20.0), ("product", None), ("other", 1.25)]
    rows = [{"case": "a", "ratio": ratio, "against": against} for against, ratio in ratios]
    assert table.summary([{"name": "one", "rows": rows}], ["none", "one"]).split("\n")[2:] == [
        "| [one](docs/benchmarks.md#one) | 0.50 to 20.0 | product | 2 |",
        "| [one](docs/benchmarks.md#one) | 1.25 | other | 1 |",
    ]


def test_the_page_on_certificates_has_the_tables_of_the_committed_results(table):
    text = table.CERTIFY.read_text()
    assert text == table.certificates(text), "run: python benchmarks/table.py --write"


def test_brief_tables_have_the_figures_and_say_how_they_were_made(table):
    row = {"case": "a", "ratio": 0.5, "accuracy": {"mean radius, joint": 0.12345, "n": 3}}
    text = table.brief({"rows": [row], "command": "c", "date": "d"}, {"joint": "mean radius, joint", "x": "y"}, "share")
    assert text.split("\n") == [
        "| case | joint | x | share |",
        "| --- | ---: | ---: | ---: |",
        "| a | 0.123 | – | 0.50 |",
        "",
        "`c`, d.",
    ]


def test_benchmark_table(table, tmp_path):
    errors = {"diagonal": 1.5e-6, "rest": 2e-7}
    row = {"case": "depth 3", "ratio": 3.52, "against": "a|b", "accuracy": errors}
    rows = [row, row | {"ratio": None, "accuracy": {}}]
    result = {"name": "Kernel", "what": "CPU seconds.", "rows": rows, "command": "make bench"}
    result |= {"machine": "2 cores", "versions": {"jax": "0.10"}, "date": "2026-11-23"}
    (tmp_path / "kernel.json").write_text(json.dumps(result))
    text = table.render(table.load(tmp_path))
    assert "| depth 3 | 3.52 | a\\|b | 1.5e-06 diagonal; 2e-07 rest |" in text
    assert "| depth 3 | – | a\\|b | – |" in text
    assert text.endswith("`make bench`, 2026-11-23, 2 cores, jax 0.10.")
