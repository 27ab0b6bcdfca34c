"""Claim 7, our own: finite adversarial training against adversarial training with the fixed kernel."""

from limes.papers.claim import Claim, Expected, Size
from limes.papers.convergence_at.lazy_limit import EPS
from limes.papers.paper import Found
from limes.papers.reading import Result, family, mean, over, slope

_SOURCE = "limes: no published comparison was found"
_NAMES = {"linf": "l-inf", "l2": "l2"}


def lazy_claims(found: Found, size: Size) -> list[Claim]:
    """Claims 7a to 7c, and 7d to 7f with the second norm where it was run."""
    norms = zip(("abc", "def"), family(found, "lazy-"), strict=False)
    return [claim for letters, results in norms for claim in _one_norm(letters, results, size)]


def _one_norm(letters: str, results: dict[int, Result], size: Size) -> list[Claim]:
    first = next(iter(results.values()))
    widths, norm = first["widths"], first["norm"]
    setting = f"digits, ten classes, {_NAMES[norm]} radius {EPS[norm]:g}, PGD-5, two layers of relu"
    gaps = [mean(results, lambda r, i=i: abs(r["robust"][i] - r["limit_robust"])) for i in range(len(widths))]
    limit = {name: mean(results, lambda r, n=name: r[f"limit_{n}"]) for name in ("robust", "clean", "undefended")}
    last = f"{widths[-1]:,}"
    return [
        Claim(
            f"7{letters[0]}",
            "Adversarial training of finite networks approaches that with the fixed kernel as they get wider "
            f"({_NAMES[norm]})",
            _SOURCE,
            f"exponent of the width in |f_m - f| / |f| over the scores of test rows; widths {widths[0]} to {last}; "
            f"{setting}",
            Expected.at_most(-0.25, refuted_above=0.0),
            **over(results, lambda r: slope(widths, r["distance"])),
            size=size,
            headline=norm == "linf",
            note=f"Relative distance at width {last}: {mean(results, lambda r: r['distance'][-1]):.3g}; at test rows "
            f"attacked through the limit {mean(results, lambda r: r['attacked'][-1]):.3g}, exponent "
            f"{mean(results, lambda r: slope(widths, r['attacked'])):.2f}.",
        ),
        Claim(
            f"7{letters[1]}",
            f"The widest gives test rows the limit's labels ({_NAMES[norm]})",
            _SOURCE,
            f"share of test rows with the limit's label, width {last}; {setting}",
            Expected.at_least(0.95, refuted_below=0.9),
            **over(results, lambda r: r["agreement"][-1]),
            size=size,
            note=f"At width {widths[0]}: {mean(results, lambda r: r['agreement'][0]):.3f}.",
        ),
        Claim(
            f"7{letters[2]}",
            f"Its robust accuracy is that of the limit ({_NAMES[norm]})",
            _SOURCE,
            f"|robust accuracy - the limit's| at width {last}, PGD-10 on the margin; {setting}",
            Expected.at_most(0.03, refuted_above=0.06),
            **over(results, lambda r: abs(r["robust"][-1] - r["limit_robust"])),
            size=size,
            note=f"By width {', '.join(f'{gap:.3f}' for gap in gaps)}. The limit has {limit['robust']:.3f}, and "
            f"{limit['clean']:.3f} without an attack; after the same steps without attacks in training it has "
            f"{limit['undefended']:.3f} under attack.",
        ),
    ]
