"""How a numerical computation ended: a value, so that a sweep can count failures instead of stopping at the first."""

from enum import StrEnum


class Status(StrEnum):
    """Outcome of a solver; the text is what a person reads."""

    SOLVED = "solved"
    JITTER_ADDED = "solved after adding to the diagonal, because the matrix is singular to working precision"
    NOT_CONVERGED = "stopped before reaching the tolerance"
    NOT_POSITIVE_DEFINITE = "the matrix is not positive definite, even after adding to the diagonal"
    NOT_FINITE = "the matrix or the right-hand side holds NaN or infinity"

    @property
    def usable(self) -> bool:
        """Whether there is a solution worth using."""
        return self in (Status.SOLVED, Status.JITTER_ADDED)
