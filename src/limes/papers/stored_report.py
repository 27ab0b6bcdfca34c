"""The report of committed results: what a run of hours would write, without the run."""

from pathlib import Path

from limes.core.arrays import write_text
from limes.core.errors import InputError
from limes.papers.claim import Size
from limes.papers.page import page_html
from limes.papers.registry import find
from limes.papers.result import committed_runs


def report(key: str, size: Size | None = None, out: str | Path | None = None) -> Path:
    """Write the report of a paper's committed results: claims, figures, sources, times, and the command behind them.

    Args:
        key: the paper's.
        size: "smoke" or "full"; None for the full run where one is committed.
        out: the file; None for ``runs/papers-<key>.html``.

    Returns:
        The file.

    Raises:
        InputError: for an unknown key, or where nothing is committed at this size.
        FormatError: if the committed results are damaged.
        OSError: if the file cannot be written.

    Example:
        >>> report("tensor-decomposition", out="tensor.html").name
        'tensor.html'
    """
    paper = find(key)
    runs = {run["size"]: run for run in committed_runs(key)}
    wanted = size or ("full" if "full" in runs else "smoke")
    if wanted not in runs:
        raise InputError(
            f"{key} has no committed results of size {wanted} (there are: {', '.join(runs) or 'none'}): "
            f"limes papers run {key} --size {wanted} measures them"
        )
    about = {"key": paper.key, "title": paper.title, "reference": paper.reference, "about": paper.about}
    metrics = {"paper": about, **runs[wanted]}
    path = Path(out) if out is not None else Path("runs") / f"papers-{paper.key}.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_text(path, page_html(metrics, paper.figures(metrics["curves"])))
