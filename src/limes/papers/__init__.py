"""Published systems as running code: claims with the figure expected, the figure measured, and a verdict.

`run` measures the claims of one paper, `check` those of all papers beside what is committed; `listing`, `committed` and
`report` show what was measured before.
"""

from limes.papers.claim import Claim, Expected
from limes.papers.comparison import Checked, Compared, check
from limes.papers.overview import Listed, as_json, listing
from limes.papers.page import count_verdicts, format_measured
from limes.papers.paper import Drawing, Paper, Plan, Request, Step
from limes.papers.registry import entries, entry, find
from limes.papers.result import PaperResult, committed, committed_runs, find_local, in_order, read_result
from limes.papers.runner import measure, plan, run
from limes.papers.stored_report import report

__all__ = [
    "Checked",
    "Claim",
    "Compared",
    "Drawing",
    "Expected",
    "Listed",
    "Paper",
    "PaperResult",
    "Plan",
    "Request",
    "Step",
    "as_json",
    "check",
    "committed",
    "committed_runs",
    "count_verdicts",
    "entries",
    "entry",
    "find",
    "find_local",
    "format_measured",
    "in_order",
    "listing",
    "measure",
    "plan",
    "read_result",
    "report",
    "run",
]
