"""Work on a running Dask cluster: reaching it, lending it arrays, and asking for no more at once than it can hold."""

import itertools
import math
import time
import uuid
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from limes.core.errors import ClusterError, InputError, LimesError, MissingPackage
from limes.core.progress import Progress, Quiet
from limes.gram.task import same

if TYPE_CHECKING:
    from distributed import Client

_Item = TypeVar("_Item")
_PATIENCE = 5  # seconds until a scheduler that does not answer is given up
_IN_FLIGHT = 2  # tasks for each thread of the cluster: one to compute, one to be there when it is done
_AT_ONCE = 4  # results that are fetched together, at most
_MORE = 8  # times as many, where results are small
_LOOK = 2  # seconds between two looks at the workers


def require_distributed() -> Any:
    """The package `distributed`.

    Raises:
        MissingPackage: saying what to install.
    """
    try:
        import distributed
    except ImportError as error:
        raise MissingPackage("Gram matrices on a cluster need distributed: pip install 'limes[scale]'") from error
    return distributed


def connect(scheduler: "str | Client") -> tuple[Any, bool]:
    """A client, and whether it was made here and is to be closed.

    Raises:
        InputError: for what is no address and no client.
        ClusterError: if no scheduler answers within five seconds.
        MissingPackage: without the package `distributed`.
    """
    distributed: Any = require_distributed()
    given: Any = scheduler
    if isinstance(given, distributed.Client):
        if given.asynchronous:
            raise InputError("scheduler must be a synchronous Client: make it without asynchronous=True")
        return given, False
    if not isinstance(scheduler, str) or "://" not in scheduler:
        raise InputError(f"scheduler must be an address as tcp://HOST:PORT, or a distributed.Client, not {scheduler!r}")
    try:
        return distributed.Client(scheduler, timeout=_PATIENCE, set_as_default=False), True
    except ValueError as error:
        raise InputError(f"{scheduler!r} is no address of a scheduler ({error}): write tcp://HOST:PORT") from error
    except OSError as error:
        raise ClusterError(
            f"no scheduler answers at {scheduler} within {_PATIENCE} seconds: is it running (dask scheduler), and is "
            "the address the one that it prints?"
        ) from error


@contextmanager
def connected(scheduler: "str | Client", progress: Progress | None = None) -> Iterator[Any]:
    """A client for the time of the body; says what the cluster consists of."""
    client, made_here = connect(scheduler)
    try:
        threads = client.nthreads()
        counts = {"worker": len(threads), "thread": sum(threads.values())}
        what = ", ".join(f"{count} {name}{'' if count == 1 else 's'}" for name, count in counts.items())
        watched = "dashboard" in client.scheduler_info()["services"]
        dashboard = f"dashboard {client.dashboard_link}" if watched else "no dashboard"
        (progress or Quiet()).note(f"cluster: {what}; {dashboard}")
        yield client
    finally:
        if made_here:
            client.close()


def key(name: str, *numbers: int) -> str:
    """A name for a task that no other has."""
    return f"limes-{name}-{'-'.join(map(str, numbers))}-{uuid.uuid4().hex}"


def lend(client: Any, parts: list[np.ndarray]) -> list[Any]:
    """Arrays as tasks, which workers fetch from each other when they need them.

    Scattered arrays would be lost with the worker that holds them; the scheduler can run a task again.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sending large graph", category=UserWarning)
        return [client.submit(same, part, key=key("rows", k)) for k, part in enumerate(parts)]


def in_flight(
    client: Any,
    items: Iterable[_Item],
    submit: Callable[[_Item], Any],
    progress: Progress | None = None,
    in_order: bool = False,
    small: bool = False,
) -> Generator[tuple[_Item, Any]]:
    """Items with the results of their tasks, a bounded number of which is on the cluster at a time.

    Args:
        client: of the cluster.
        items: what to ask for; taken when there is room.
        submit: gives the task of an item.
        progress: is told where there are no workers.
        in_order: whether results come in the order of the items, else as they are done.
        small: whether results are much smaller than tiles: then more of them are in flight and fetched together.

    Raises:
        ClusterError: if the scheduler is lost, or a task ends every worker that takes it.
        Exception: what a task raises.
    """
    waiting = iter(items)
    pending: dict[Any, _Item] = {}
    more = _MORE if small else 1
    lonely, looked, threads = False, -math.inf, 0
    try:
        while True:
            if time.monotonic() > looked + _LOOK or not threads:
                looked, threads = time.monotonic(), sum(client.nthreads().values())
                if not threads and not lonely:
                    (progress or Quiet()).note("the cluster has no workers: waiting for some (dask worker ADDRESS)")
                lonely = not threads
            room = more * _IN_FLIGHT * max(1, threads) - len(pending)
            pending |= {submit(item): item for item in itertools.islice(waiting, max(0, room))}
            if not pending:
                return
            done = _finished(client, list(pending), in_order)[: more * _AT_ONCE]
            for future, value in zip(done, client.gather(done), strict=True):
                yield pending.pop(future), value
    except Exception as error:
        raise _explained(client, error) from error
    finally:
        if pending and client.status == "running":
            client.cancel(list(pending))


def _finished(client: Any, pending: list[Any], in_order: bool) -> list[Any]:
    """Some of the tasks that are done; after a while none."""
    from distributed import wait

    try:
        with client.as_current():
            wait(pending[:1] if in_order else pending, timeout=_LOOK, return_when="FIRST_COMPLETED")
    except TimeoutError:
        return []
    choose = itertools.takewhile if in_order else filter
    return list(choose(lambda future: future.done(), pending))


def _explained(client: Any, error: Exception) -> Exception:
    """The error, in words of this library where Dask's would not help."""
    from distributed import KilledWorker

    if isinstance(error, LimesError):
        return error
    if isinstance(error, KilledWorker):
        return ClusterError(
            f"a tile ended {error.allowed_failures + 1} workers, the last one {error.last_worker.address}: most likely "
            "it does not fit into their memory; use smaller tiles, or start workers with a larger --memory-limit"
        )
    if client.status != "running" or type(error).__name__ == "FutureCancelledError":
        return ClusterError(
            "the connection to the scheduler is lost: what is done is kept, and the same call continues when the "
            "scheduler is there again"
        )
    return error
