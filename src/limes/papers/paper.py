"""What a published system is to the rest of this room: a plan of steps, claims about what they found, and figures.

A paper has a package of its own, which offers `PAPER`. A step is one quantity for one seed; it is stored when it is
done, so that a run that was interrupted continues with the next one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from limes.core.errors import InputError
from limes.core.progress import Progress
from limes.papers.claim import Claim, Size

Found = dict[str, dict[int, dict[str, Any]]]
"""Results of steps by quantity and seed."""
Compute = Callable[[Found, Progress], Mapping[str, Any]]
"""From the results of earlier steps to that of one: arrays and JSON values."""


@dataclass(frozen=True)
class Request:
    """What is asked of a paper.

    Attributes:
        size: "smoke" (at most 90 s on two cores) or "full".
        seeds: number of seeds of every quantity; None for the paper's own choice.
        data: folder of official data files; None for ``$LIMES_DATA``, and for none where that is not set.

    Raises:
        InputError: for an unknown size, or a number of seeds below 1.
    """

    size: Size = "smoke"
    seeds: int | None = None
    data: str | None = None

    def __post_init__(self) -> None:
        if self.size not in get_args(Size):
            raise InputError(f"size must be one of {', '.join(get_args(Size))}, not {self.size!r}")
        whole = isinstance(self.seeds, int) and not isinstance(self.seeds, bool)
        if self.seeds is not None and not (whole and self.seeds >= 1):
            raise InputError(f"seeds is the number of seeds, a whole number of at least 1, not {self.seeds!r}")

    def seed_range(self, default: int) -> range:
        """The seeds of a quantity that takes `default` of them if nothing else is asked."""
        return range(default if self.seeds is None else self.seeds)


def plain(value: Any) -> Any:
    """Settings with tuples as lists, at any depth: as they are read back from a file, and so compared with it."""
    if isinstance(value, dict):
        return {name: plain(v) for name, v in value.items()}
    return [plain(v) for v in value] if isinstance(value, tuple | list) else value


@dataclass(frozen=True, eq=False)
class Part:
    """Steps that build on each other, and on no others: one net and seed, say.

    Attributes:
        name: letters, digits and hyphens.
        settings: plain values that decide its results.
    """

    name: str
    settings: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Step:
    """One quantity for one seed.

    Attributes:
        quantity: letters, digits and hyphens; with the seed it names the stored result.
        seed: of everything random in it.
        compute: see `Compute`.
        seconds: what it takes on two cores, about.
        part: what it belongs to.
        small: whether its matrices are too small for linear algebra on several threads to pay, which costs tens of
            times as much where other processes keep the cores busy.
    """

    quantity: str
    seed: int
    compute: Compute
    seconds: float
    part: Part
    small: bool = False

    @property
    def name(self) -> str:
        """Name of the stage."""
        return f"{self.quantity}-seed{self.seed}"


@dataclass(frozen=True, eq=False)
class Plan:
    """What a run of a paper consists of.

    Attributes:
        settings: plain values that decide the result, for ``config.toml``.
        steps: in an order in which each finds what it needs.
        notes: sentences that a reader of the result should see: data that were missing, claims left out.
        peak_bytes: memory that the largest step takes, about.
    """

    settings: Mapping[str, Any]
    steps: Sequence[Step]
    notes: tuple[str, ...] = ()
    peak_bytes: int = 0


@dataclass(frozen=True, eq=False)
class Drawing:
    """A matplotlib figure with its words.

    Attributes:
        figure: as `limes.report.style.new_figure` makes it.
        caption: what to look for and what it would mean for the claim, then what lines and bars are; drawn from the
            numbers of any run, it says "if" or computes.
        alt: what is drawn, and its main numbers, for one who does not see it.
    """

    figure: Any
    caption: str
    alt: str


@dataclass(frozen=True, eq=False)
class Paper:
    """A published system.

    Attributes:
        key: its name on the command line.
        title: one line.
        reference: authors, year, where.
        about: a few sentences: what is claimed, and how it is checked here.
        plan: from what is asked to the steps.
        claims: from what was found, the size and the plan's settings to the claims that these decide.
        curves: from what was found and the settings to the numbers behind the figures, plain values.
        figures: from these numbers to drawings, by name.
    """

    key: str
    title: str
    reference: str
    about: str
    plan: Callable[[Request], Plan]
    claims: Callable[[Found, Size, Mapping[str, Any]], list[Claim]]
    curves: Callable[[Found, Mapping[str, Any]], dict[str, Any]] = field(default=lambda found, settings: {})
    figures: Callable[[Mapping[str, Any]], dict[str, Drawing]] = field(default=lambda curves: {})
