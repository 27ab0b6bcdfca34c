"""Errors and warnings of limes.

Each error also subclasses the builtin that fits, so that ``except ValueError`` keeps working. A message says what was
wrong (with the values), the likely cause, and what to change.
"""


class LimesError(Exception):
    """Base class of all errors that limes raises on purpose."""


class InputError(LimesError, ValueError):
    """Data or an argument that cannot be used: NaN, wrong shape, one class, values outside the stated box."""


class DtypeError(LimesError, TypeError):
    """An array of a type that kernels are not defined for, such as integers."""


class FormatError(InputError):
    """A file that cannot be read: truncated, foreign, or in an unknown format."""


class NetError(LimesError, ValueError):
    """An architecture that has no infinite-width limit, or does not fit the data."""


class RunFolderError(LimesError, OSError):
    """An output folder that belongs to another run or holds foreign files."""


class DiskFullError(RunFolderError):
    """A disk without room for what a run writes."""


class ClusterError(LimesError, ConnectionError):
    """A cluster that cannot be reached, is lost, or whose workers die."""


class MemoryRefused(LimesError, MemoryError):
    """Work that would not fit into memory, refused before it starts."""

    def __reduce__(self) -> tuple:
        """How it is pickled, as workers of a cluster do: a `MemoryError` does not let tblib make subclasses again."""
        return type(self), self.args


class MissingPackage(LimesError, ImportError):
    """A package that an extra of limes would bring."""


class NumericalError(LimesError, ArithmeticError):
    """A solver that could not deliver a usable solution."""


class LimitWarning(UserWarning):
    """An architecture whose finite networks reach the limit only under a further condition."""


class PrecisionWarning(UserWarning):
    """A result that holds fewer correct digits than a reader would expect."""
