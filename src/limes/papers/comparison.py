"""Do the committed verdicts still come out? All papers measured again at smoke size, claim by claim beside them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import limes
from limes.core.errors import InputError
from limes.core.progress import Progress, Quiet
from limes.papers.claim import Claim
from limes.papers.provenance import commit
from limes.papers.registry import entries, entry
from limes.papers.result import PaperResult, committed_runs, in_order, run_seconds
from limes.papers.runner import run

Change = Literal["same", "moved", "contradicts", "missing", "new"]
_SERIOUS: tuple[Change, ...] = ("contradicts", "missing")


@dataclass(frozen=True)
class Compared:
    """One claim, as committed and as measured now; one of them may be None.

    Raises:
        InputError: if both are None.

    Example:
        >>> from limes.papers.claim import Expected
        >>> def measured(value):
        ...     return Claim("1", "It is at most 1", "a paper", "metres", Expected.at_most(1.0), (value, value), (0, 1))
        >>> Compared(measured(0.5), measured(0.6)).change, Compared(measured(0.5), measured(1.5)).change
        ('same', 'contradicts')
    """

    before: Claim | None
    now: Claim | None

    def __post_init__(self) -> None:
        if self.before is None and self.now is None:
            raise InputError("nothing is compared: give the committed claim, the one measured now, or both")

    @property
    def claim(self) -> Claim:
        """The claim, as measured now if it was."""
        found = self.now or self.before
        assert found is not None
        return found

    @property
    def change(self) -> Change:
        """What became of the verdict.

        "same"; "contradicts" where one holds and the other fails; "moved" where one of them is inconclusive; "missing"
        where it was not measured now, "new" where it is not committed at this size.
        """
        if self.before is None or self.now is None:
            return "new" if self.before is None else "missing"
        verdicts = {self.before.verdict, self.now.verdict}
        if len(verdicts) == 1:
            return "same"
        return "contradicts" if verdicts == {"holds", "fails"} else "moved"


@dataclass(frozen=True, eq=False)
class Checked:
    """A paper that was measured again: the run, and its claims beside the committed ones of the same size."""

    result: PaperResult
    claims: tuple[Compared, ...]

    @property
    def compared(self) -> bool:
        """Whether any claim of this size is committed."""
        return any(compared.before is not None for compared in self.claims)

    @property
    def seconds(self) -> float:
        """Time of the measurements, in seconds, wherever they were taken."""
        return run_seconds(self.result.metrics)

    @property
    def counts(self) -> dict[Change, int]:
        """How many claims changed in which way."""
        return dict(Counter(compared.change for compared in self.claims))

    @property
    def agrees(self) -> bool:
        """Whether there was something to compare, no verdict contradicts the committed one and no claim is missing."""
        return self.compared and not any(compared.change in _SERIOUS for compared in self.claims)

    def to_json(self) -> dict[str, Any]:
        """Plain values: key, seconds, counts, folder, and every claim whose verdict is not the same."""
        changed = [
            {
                "id": compared.claim.id,
                "change": compared.change,
                "statement": compared.claim.statement,
                "before": None if compared.before is None else compared.before.row(),
                "now": None if compared.now is None else compared.now.row(),
            }
            for compared in self.claims
            if compared.change != "same"
        ]
        about = {"key": self.result.key, "agrees": self.agrees, "seconds": self.seconds, "counts": self.counts}
        return {**about, "folder": str(self.result.folder), "changed": changed}


def check(
    keys: Sequence[str] = (),
    data: str | None = None,
    out: str | Path | None = None,
    progress: Progress | None = None,
    *,
    force: bool = False,
) -> list[Checked]:
    """Measure papers again at smoke size, and compare each claim with what is committed.

    Every paper has a run folder of its own: the same call continues where an interrupted one stopped, and takes a
    finished paper as it is.

    Args:
        keys: of the papers; none for all of them.
        data: folder of official data files, as for `run`; without it claims that need them are left out of both.
        out: folder of the runs; None for ``runs/papers-check-<version of the code>``.
        progress: told of every step.
        force: measure finished papers again.

    Raises:
        InputError: for an unknown key; and what `run` raises.

    Cost: that of the small runs, see `plan`: about a minute each on two free cores.
    """
    chosen = [entry(key).key for key in keys] or [listed.key for listed in entries()]
    folder = Path(out) if out is not None else Path("runs") / f"papers-check-{_version()}"
    progress = progress or Quiet()
    found = []
    for number, key in enumerate(chosen):
        progress.note(f"{key}, {number + 1} of {len(chosen)}")
        found.append(compare(run(key, "smoke", data, folder / key, progress=progress, force=force)))
    return found


def compare(result: PaperResult) -> Checked:
    """A run beside the committed claims of its size.

    Where the run lacked data that the committed one had, which it notes, claims that it does not have are not missed.
    """
    runs = [committed for committed in committed_runs(result.key) if committed["size"] == result.size]
    before = {claim.id: claim for committed in runs for claim in map(Claim.from_json, committed["claims"])}
    now = {claim.id: claim for claim in result.claims}
    if any(set(result.notes) - set(committed["notes"]) for committed in runs):
        before = {name: claim for name, claim in before.items() if name in now}
    order = in_order({**before, **now}.values())
    return Checked(result, tuple(Compared(before.get(claim.id), now.get(claim.id)) for claim in order))


def _version() -> str:
    return (commit() or limes.__version__).replace(" ", "-")
