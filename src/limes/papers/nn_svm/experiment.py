"""The steps of the experiment on networks as kernel machines at each size."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial

from limes.papers.claim import Size
from limes.papers.nn_svm import (
    arccosine_ranges,
    certificates,
    dynamics,
    finite_width,
    generalisation,
    interval_radius,
    label_flips,
    mnist_table,
    path_kernel,
    poisoning,
    regularisers,
)
from limes.papers.pairs import digits, mnist, parity
from limes.papers.paper import Plan, Request, Step, plain
from limes.papers.sources import mnist_folder
from limes.papers.steps import seeded

PAIRS = {"01": (0, 1), "38": (3, 8)}
_ALL = tuple(certificates.MODELS)
_MISSING = "tables T2 and T3 of the paper are about MNIST, whose files were not given: pass --data DIR"


@dataclass(frozen=True)
class Sizes:
    """What is measured at a size.

    Attributes:
        widths: of claims 1 and 2, all-weights penalty; the other penalties take the first, middle and last.
        networks: seeds of claims 1 and 2.
        splits: of the dynamics (claim 3).
        certified: splits of the certificates, test points and sampled vertices a point.
        models: of the certificates, for each pair. With C 0.1 the machine on 3 against 8 gives all one label.
        intervals: widths, rows and steps of claim 9, and its seeds.
        paths: seeds of claims 4 and 5, and their rows.
        sampled: seeds of claims 11, 12 and 13.
        finite: seeds, widths, step and times of claim 15.
        poisoned: seeds and rows of claim 14.
    """

    widths: tuple[int, ...]
    networks: int
    splits: int
    certified: tuple[int, int, int]
    models: tuple[tuple[str, ...], tuple[str, ...]]
    intervals: tuple[tuple[int, ...], int, int, int]
    paths: tuple[int, int]
    sampled: int
    finite: tuple[int, tuple[int, ...], float, tuple[float, ...]]
    poisoned: tuple[int, int]


SIZES: dict[Size, Sizes] = {
    "smoke": Sizes(
        widths=(400, 3200, 12800),
        networks=3,
        splits=2,
        certified=(1, 4, 400),
        models=(("KRR 0", "KRR 1", "SVM 0.1"), ("KRR 0", "KRR 1", "SVM 1")),
        intervals=((1_000, 10_000), 60, 30, 3),
        paths=(2, 160),
        sampled=2,
        finite=(3, (200, 800, 3200), 0.02, (0.4, 4.0)),
        poisoned=(1, 12),
    ),
    "full": Sizes(
        widths=(400, 800, 1600, 3200, 12800),
        networks=5,
        splits=5,
        certified=(5, 20, 250),
        models=(_ALL, tuple(name for name in _ALL if name != "SVM 0.1")),
        intervals=((1_000, 3_000, 10_000, 30_000, 100_000), 60, 30, 5),
        paths=(5, 240),
        sampled=5,
        finite=(5, (200, 800, 3200, 12800), 0.005, finite_width.TIMES),
        poisoned=(5, 24),
    ),
}
LOSSES = ("logistic", "squared hinge")
"""Of claim 15: losses whose slopes do not jump, so that the step does not show."""


def plan(request: Request) -> Plan:
    """All steps at a size.

    Raises:
        FormatError: for a data folder that was named and has no MNIST.
    """
    sizes = SIZES[request.size]
    folder, notes = (None, ()) if request.size == "smoke" else mnist_folder(request, _MISSING)
    steps = [
        *_networks(request, sizes),
        *_certificates(request, sizes),
        *_theory(request, sizes),
        *_mnist(request, folder),
    ]
    settings = {"sizes": plain(asdict(sizes)), "seeds": request.seeds, "mnist": folder is not None}
    return Plan(settings, steps, notes, 6_000_000_000 if folder else 700_000_000)


def _networks(request: Request, sizes: Sizes) -> Iterator[Step]:
    each, seeds = partial(seeded, settings=plain(asdict(sizes))), request.seed_range(sizes.networks)
    some = sizes.widths[:: max(1, len(sizes.widths) // 2)]
    others = tuple(name for name in regularisers.PENALTIES if name != "all, centred")
    cost = 1e-4 * sum(sizes.widths)
    yield from each("centred", seeds, lambda s: regularisers.gaps(s, sizes.widths, ("all, centred",)), cost)
    yield from each("penalties", seeds, lambda s: regularisers.gaps(s, some, others), 2e-4 * sum(some))
    yield from each("dynamics", request.seed_range(sizes.splits), dynamics.convergence, 3.5)
    widths, n, steps, count = sizes.intervals
    cost = 6e-8 * n * steps * sum(widths)
    yield from each(
        "intervals", request.seed_range(count), lambda s: interval_radius.measured(s, widths, n, steps), cost
    )


def _certificates(request: Request, sizes: Sizes) -> Iterator[Step]:
    splits, n_points, n_sampled = sizes.certified
    for (name, (first, second)), models in zip(PAIRS.items(), sizes.models, strict=True):
        yield from seeded(
            f"table-{name}",
            request.seed_range(splits),
            lambda s, a=first, b=second, m=models: certificates.table(s, a, b, m, n_points, n_sampled),
            (4.0 + 0.8 * n_points) * len(models),
            plain(asdict(sizes)),
        )


def _theory(request: Request, sizes: Sizes) -> Iterator[Step]:
    each = partial(seeded, settings=plain(asdict(sizes)))
    count, n = sizes.paths
    yield from each("path", request.seed_range(count), lambda s: path_kernel.identity(s, digits(0, 1, s, n)), 0.5)
    few = request.seed_range(sizes.sampled)
    yield from each("bound", few, lambda s: generalisation.bounds(s, parity(s)), 2.5)
    yield from each("ranges", few, lambda s: arccosine_ranges.measured(s, 20_000), 0.3)
    yield from each("flips", few, label_flips.measured, 0.5)
    seeds, widths, step, times = sizes.finite
    cost = 2 * times[-1] / step * sum(widths) * 2e-6
    yield from each(
        "width", request.seed_range(seeds), lambda s: finite_width.compared(s, widths, LOSSES, step, times), cost
    )
    yield from each("exponent", range(1), lambda s: finite_width.counter_example(), 0.5)
    seeds, n = sizes.poisoned
    yield from each("poisoning", request.seed_range(seeds), lambda s: poisoning.measured(s, n), 5.0)


def _mnist(request: Request, folder: str | None) -> Iterator[Step]:
    if folder is None:
        return
    for name in mnist_table.TABLE:
        part = name.lower().replace(" ", "-").replace(".", "p")
        yield from seeded(
            f"mnist-{part}",
            request.seed_range(1),
            lambda s, n=name: mnist_table.row(s, n, folder),
            240.0,
            mnist_table.PROTOCOL,
            False,
        )
    yield from seeded(
        "mnist-bound",
        request.seed_range(1),
        lambda s: generalisation.bounds(s, mnist(folder).first(1000)),
        30.0,
        {},
    )
