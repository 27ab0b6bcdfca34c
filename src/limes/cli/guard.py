"""From errors to a sentence and an exit code: 0 done, 1 failed, 2 bad input, 3 would not fit, 130 interrupted."""

import errno
import functools
import sys
from collections.abc import Callable
from typing import Any

import typer

from limes.core.errors import ClusterError, DiskFullError, LimesError, MemoryRefused, MissingPackage, NumericalError

_WRONG_PLACE = (errno.EACCES, errno.EISDIR, errno.ENOENT, errno.ENOTDIR, errno.EPERM, errno.EROFS)


def exit_code(error: BaseException) -> int:
    """The exit code of an error: what limes raises is bad input, unless the machine or the numbers gave out."""
    if isinstance(error, KeyboardInterrupt):
        return 130
    if isinstance(error, MemoryRefused):
        return 3
    if _is_wrong_place(error):
        return 2
    failed = isinstance(error, NumericalError | MemoryError | DiskFullError | ClusterError | MissingPackage)
    return 2 if isinstance(error, LimesError) and not failed else 1


def sentence(error: BaseException) -> str:
    """What a person reads of an error."""
    if isinstance(error, OSError) and error.strerror and not isinstance(error, LimesError):
        remedy = "; choose another place, or correct its rights" if _is_wrong_place(error) else ""
        return f"{error.filename or 'the result'} cannot be read or written: {error.strerror}{remedy}"
    if isinstance(error, ImportError) and not isinstance(error, LimesError):
        return f"a package that limes needs cannot be imported ({error}): limes doctor says which, and how to mend it"
    return str(error) or type(error).__name__


def _is_wrong_place(error: BaseException) -> bool:
    """A path that was given, rather than a disk or a machine that failed."""
    return isinstance(error, OSError) and not isinstance(error, LimesError) and error.errno in _WRONG_PLACE


def _own_fault(error: BaseException) -> bool:
    """A name of limes itself that cannot be imported is a bug, to be seen with its traceback."""
    return isinstance(error, ImportError) and (error.name or "").startswith("limes.")


def guarded(command: Callable[..., Any]) -> Callable[..., Any]:
    """Run a command; print expected errors as one sentence on standard error and exit with their code."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except KeyboardInterrupt as error:
            print(
                "limes: interrupted; nothing is half-written, and the same command continues a run where it was",
                file=sys.stderr,
            )
            raise typer.Exit(exit_code(error)) from None
        except (LimesError, MemoryError, OSError, ImportError) as error:
            if isinstance(error, BrokenPipeError) or _own_fault(error):
                raise
            print(f"limes: {sentence(error)}", file=sys.stderr)
            raise typer.Exit(exit_code(error)) from None

    return run
