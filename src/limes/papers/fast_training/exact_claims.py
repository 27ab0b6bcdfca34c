"""Claims 1 to 3: exact, for the certificate."""

from limes.papers.claim import Claim, Expected, Size
from limes.papers.paper import Found
from limes.papers.reading import family, over

_OURS = "the exact engine of this library, for the model of Song, Yang & Zhang 2021 (arXiv 2110.04622)"
_FORMS = {"rows": "lists that move weights", "gram": "lists that move pre-activations (Gram form)"}
_FIRST = {0.25: 4.0, 0.5: 8.0}
_WRONG = {0.25: 0.16, 0.5: 0.04}


def exact_claims(found: Found, size: Size) -> list[Claim]:
    """Claims 1 to 3."""
    return [*_same(found, size), *_stale(found, size), *_renewal(found, size)]


def _same(found: Found, size: Size) -> list[Claim]:
    results = found["exact"]
    beyond = max(r["beyond"] for r in results.values())
    made = []
    for letter, (form, words) in zip("ab", _FORMS.items(), strict=True):
        made.append(
            Claim(
                f"1{letter}",
                f"Losses are those of dense gradient descent: {words}",
                _OURS,
                "largest relative difference of the loss over all steps, float32; n = 200, d = 64, B = 1.5",
                Expected.at_most(1e-4),
                **over(results, lambda r, form=form: r["relative"][form]),
                size=size,
                headline=form == "rows",
                over="largest",
                note=f"Dense descent in float32 differs by up to {beyond:.2g} from that in float64.",
            )
        )
    made.append(
        Claim(
            "1c",
            "No active neuron is missed",
            _OURS,
            "pairs of neuron and example that are active and in no list, over steps and both forms, in float64",
            Expected.at_most(0.0),
            **over(results, lambda r: sum(r["uncovered"].values())),
            size=size,
            over="largest",
        )
    )
    return made


def _stale(found: Found, size: Size) -> list[Claim]:
    results = found["stale"]
    skins = next(iter(results.values()))["skins"]
    made = []
    for letter, skin in zip("ab", (0.25, 0.5), strict=True):
        k = skins.index(skin)
        steps = max(r["first"][k] for r in results.values())
        made.append(
            Claim(
                f"2{letter}",
                f"Lists with a skin of {skin:g} that are never renewed are wrong, and nobody is told",
                _OURS,
                "largest relative error of the loss; as claim 1",
                Expected.at_least(_WRONG[skin] / 2, refuted_below=1e-3),
                **over(results, lambda r, k=k: r["wrong"][k]),
                size=size,
                note=f"The first active pair without a list came at step {_FIRST[skin]:g} when first measured, here at "
                f"{', '.join(str(r['first'][k]) for r in results.values())} (the latest at {steps}).",
            )
        )
    return made


def _renewal(found: Found, size: Size) -> list[Claim]:
    made = []
    for letter, by_seed in zip("abcdefgh", family(found, "renewal-"), strict=False):
        case = next(iter(by_seed.values()))
        made.append(
            Claim(
                f"3{letter}",
                f"Few lists have to be renewed: B = {case['bias']:g}, {case['m']:,} neurons",
                _OURS,
                "mean share of the neurons whose list ran out in a step, at one over the largest eigenvalue of the NTK",
                Expected.at_most(0.1, refuted_above=0.5),
                **over(by_seed, lambda r: sum(r["refreshed"]) / len(r["refreshed"])),
                size=size,
                note=f"At the most {max(max(r['refreshed']) for r in by_seed.values()):.1%} in one step.",
            )
        )
    return made
