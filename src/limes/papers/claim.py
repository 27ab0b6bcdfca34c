"""A checked claim: a statement, the figure expected, what would refute it, the figure measured, and the verdict.

Pure arithmetic on a handful of numbers; nothing here needs NumPy. The verdict is computed from the figures whenever it
is asked for and is stored nowhere but beside them; a file whose verdict differs from its figures is refused.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

from limes.core.errors import FormatError, InputError

Verdict = Literal["holds", "fails", "inconclusive"]
Size = Literal["smoke", "full"]
Over = Literal["mean", "largest", "smallest"]
ERRORS = 2.0
"""Standard errors that a verdict allows for."""


@dataclass(frozen=True)
class Expected:
    """The figures that a claim expects, and those that refute it: two ranges with a grey zone between them.

    Attributes:
        low, high: what is expected; equal for one figure, infinite on the side where any figure will do.
        tolerance: by how much the figure may lie outside of these, in the same unit.
        below, above: figures below the one or above the other refute the claim; infinite where none does.

    Raises:
        InputError: for a range that is empty or open on both sides, a tolerance that is negative or not finite, or a
            refutation inside of the range that is expected: such a claim could hold and fail at once.

    Example:
        >>> str(Expected.at_most(2.3, refuted_above=2.7)), str(Expected.about(2.0, 0.05, refuted_below=1.05))
        ('at most 2.3', '2 ± 0.05')
        >>> Expected.at_most(2.3, refuted_above=2.7).refutation, Expected.at_least(0.05).refutation
        ('above 2.7', 'below 0.05')
    """

    low: float
    high: float
    below: float
    above: float
    tolerance: float = 0.0

    def __post_init__(self) -> None:
        numbers = (self.low, self.high, self.below, self.above, self.tolerance)
        if any(math.isnan(v) for v in numbers) or not 0 <= self.tolerance < math.inf:
            raise InputError(f"an expectation is made of numbers and a finite tolerance of at least 0, not {numbers}")
        if self.low > self.high or (math.isinf(self.low) and math.isinf(self.high)):
            raise InputError(f"nothing is expected of a figure between {self.low:g} and {self.high:g}: give a bound")
        if self.below > self.low - self.tolerance or self.above < self.high + self.tolerance:
            raise InputError(
                f"a figure refuted {self.refutation} could also be as expected, {self}: move the refutation outside of "
                "the tolerance"
            )

    @classmethod
    def at_most(cls, value: float, tolerance: float = 0.0, *, refuted_above: float | None = None) -> Self:
        """A figure of at most `value`; refuted above it and its tolerance, or above `refuted_above`."""
        above = value + tolerance if refuted_above is None else refuted_above
        return cls(-math.inf, value, -math.inf, above, tolerance)

    @classmethod
    def at_least(cls, value: float, tolerance: float = 0.0, *, refuted_below: float | None = None) -> Self:
        """A figure of at least `value`; refuted below it and its tolerance, or below `refuted_below`."""
        below = value - tolerance if refuted_below is None else refuted_below
        return cls(value, math.inf, below, math.inf, tolerance)

    @classmethod
    def about(
        cls, value: float, tolerance: float, *, refuted_below: float | None = None, refuted_above: float | None = None
    ) -> Self:
        """`value` within a tolerance; refuted outside of it, or only on the sides that are named."""
        if refuted_below is None and refuted_above is None:
            return cls(value, value, value - tolerance, value + tolerance, tolerance)
        below = -math.inf if refuted_below is None else refuted_below
        return cls(value, value, below, math.inf if refuted_above is None else refuted_above, tolerance)

    def allows(self, measured: float, error: float) -> bool:
        """Whether a figure is as expected, within tolerance and `ERRORS` standard errors."""
        slack = ERRORS * error
        return self.low - self.tolerance - slack <= measured <= self.high + self.tolerance + slack

    def refutes(self, measured: float, error: float) -> bool:
        """Whether a figure refutes the claim by more than `ERRORS` standard errors."""
        slack = ERRORS * error
        return measured + slack < self.below or measured - slack > self.above

    @property
    def refutation(self) -> str:
        """What refutes the claim, in words."""
        sides = (("below", self.below), ("above", self.above))
        return " or ".join(f"{side} {value:g}" for side, value in sides if math.isfinite(value))

    def __str__(self) -> str:
        if self.low == self.high:
            return f"{self.low:g} ± {self.tolerance:g}" if self.tolerance else f"{self.low:g}"
        within = f", tolerance {self.tolerance:g}" if self.tolerance else ""
        if math.isinf(self.low):
            return f"at most {self.high:g}{within}"
        if math.isinf(self.high):
            return f"at least {self.low:g}{within}"
        return f"{self.low:g} to {self.high:g}{within}"


@dataclass(frozen=True)
class Claim:
    """One statement of a paper, and what was measured about it.

    Attributes:
        id: number within the paper's list, "4a"; unique in a result.
        statement: what is claimed, one sentence.
        source: the paper, and where in it or in its description.
        quantity: what was measured, with its unit.
        expected: the figures expected, and those that refute.
        values: the figure of each seed; a single one where nothing is random.
        seeds: as long as `values`, or empty where nothing is random.
        size: "smoke" or "full".
        headline: whether it stands in the table of the main claims.
        over: how seeds become one figure: their mean, or the worst of them ("largest", "smallest") where the statement
            is about every single case and has no standard error.
        sampling_error: standard error of the figure of one seed, where it is known; it serves where only one was run.
        note: what a reader has to know about the measurement, where it differs from the source's for instance.

    Raises:
        InputError: for values that are not finite or do not match the seeds, and for unknown words.

    Example:
        >>> claim = Claim("1", "cold is cold", "nobody 1900", "degrees", Expected.at_most(0.0), (-1.0, -3.0), (0, 1))
        >>> claim.measured, claim.standard_error, claim.verdict
        (-2.0, 1.0, 'holds')
    """

    id: str
    statement: str
    source: str
    quantity: str
    expected: Expected
    values: tuple[float, ...]
    seeds: tuple[int, ...] = ()
    size: Size = "smoke"
    headline: bool = False
    over: Over = "mean"
    sampling_error: float | None = None
    note: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", tuple(float(v) for v in self.values))
        object.__setattr__(self, "seeds", tuple(int(s) for s in self.seeds))
        if not self.values or (len(self.seeds) or 1) != len(self.values):
            raise InputError(
                f"claim {self.id} has {len(self.values)} values for {len(self.seeds)} seeds: give one for each, "
                "or a single value where nothing is random"
            )
        if not all(math.isfinite(v) for v in self.values):
            raise InputError(f"claim {self.id} was measured as {self.values}: a figure that is not finite says nothing")
        if self.sampling_error is not None and not 0 <= self.sampling_error < math.inf:
            raise InputError(f"claim {self.id} has the sampling error {self.sampling_error}, which is no error")
        for name, known in (("over", get_args(Over)), ("size", get_args(Size))):
            if getattr(self, name) not in known:
                raise InputError(
                    f"{name} of claim {self.id} is {getattr(self, name)!r}, but must be one of {', '.join(known)}"
                )

    @property
    def measured(self) -> float:
        """The figure over all seeds."""
        if self.over == "mean":
            return math.fsum(self.values) / len(self.values)
        return max(self.values) if self.over == "largest" else min(self.values)

    @property
    def standard_error(self) -> float | None:
        """Standard error of the mean over seeds; None where there is none: nothing is random, or it is unknown."""
        if self.over != "mean" or not self.seeds:
            return None
        n = len(self.values)
        if n == 1:
            return self.sampling_error
        return math.sqrt(math.fsum((v - self.measured) ** 2 for v in self.values) / (n - 1) / n)

    @property
    def verdict(self) -> Verdict:
        """Holds within tolerance and two standard errors, fails if refuted beyond two, else inconclusive.

        A mean over one seed without a known error decides nothing.
        """
        error = self.standard_error
        if error is None:
            if self.over == "mean" and self.seeds:
                return "inconclusive"
            error = 0.0
        if self.expected.refutes(self.measured, error):
            return "fails"
        return "holds" if self.expected.allows(self.measured, error) else "inconclusive"

    def row(self) -> dict[str, Any]:
        """What ``limes papers list --json`` prints of it."""
        return {
            "statement": self.statement,
            "expected": str(self.expected),
            "measured": self.measured,
            "standard_error": self.standard_error,
            "verdict": self.verdict,
            "size": self.size,
            "headline": self.headline,
        }

    def to_json(self) -> dict[str, Any]:
        """All of it as plain JSON values, with what follows from it; infinite bounds are null."""
        bounds = {name: _finite(getattr(self.expected, name)) for name in ("low", "high", "below", "above")}
        return {
            "id": self.id,
            **self.row(),
            "refuted": self.expected.refutation,
            "source": self.source,
            "quantity": self.quantity,
            "range": bounds | {"tolerance": self.expected.tolerance},
            "values": list(self.values),
            "seeds": list(self.seeds),
            "over": self.over,
            "sampling_error": self.sampling_error,
            "note": self.note,
        }

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> Self:
        """The claim that `to_json` wrote.

        Raises:
            FormatError: if parts are missing, or its verdict is not what follows from its figures.
        """
        try:
            least, most = ([entry["range"][name] for name in names] for names in (("low", "below"), ("high", "above")))
            low, below = (-math.inf if value is None else value for value in least)
            high, above = (math.inf if value is None else value for value in most)
            expected = Expected(low, high, below, above, entry["range"]["tolerance"])
            names = ("id", "statement", "source", "quantity", "values", "seeds", "size", "headline", "over")
            claim = cls(
                expected=expected,
                sampling_error=entry["sampling_error"],
                note=entry["note"],
                **{name: entry[name] for name in names},
            )
            stored = entry["verdict"]
        except (KeyError, TypeError, InputError) as error:
            raise FormatError(f"a stored claim cannot be read ({error}): run its paper again") from error
        if stored != claim.verdict:
            raise FormatError(
                f"claim {claim.id} is stored as {stored!r}, but its figures say {claim.verdict!r}: the file was "
                "changed by hand; run its paper again"
            )
        return claim


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
