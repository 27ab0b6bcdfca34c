"""From errors to a sentence and an exit code: 0 done, 1 failed, 2 bad input, 3 would not fit, 130 interrupted."""

import functools
import sys
from collections.abc import Callable
from typing import Any

import typer

from limes.core.errors import LimesError, MemoryRefused, NumericalError, RunFolderError


def exit_code(error: BaseException) -> int:
    """The exit code of an error."""
    if isinstance(error, KeyboardInterrupt):
        return 130
    if isinstance(error, MemoryRefused):
        return 3
    if isinstance(error, NumericalError | MemoryError) or isinstance(error.__cause__, OSError):
        return 1
    return 2 if isinstance(error, LimesError) and not _is_failure(error) else 1


def _is_failure(error: LimesError) -> bool:
    return isinstance(error, RunFolderError) and "disk" in str(error)


def guarded(command: Callable[..., Any]) -> Callable[..., Any]:
    """Run a command; print expected errors as one sentence on standard error and exit with their code."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except KeyboardInterrupt as error:
            print("limes: interrupted; the same command continues where it was", file=sys.stderr)
            raise typer.Exit(exit_code(error)) from None
        except (LimesError, MemoryError, OSError) as error:
            if isinstance(error, BrokenPipeError):
                raise
            print(f"limes: {error or type(error).__name__}", file=sys.stderr)
            raise typer.Exit(exit_code(error)) from None

    return run
