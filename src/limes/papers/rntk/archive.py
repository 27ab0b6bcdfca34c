"""Which sets of the UCR archive the table of claim 8 is about, and their files."""

import os
from pathlib import Path

from limes.core.errors import FormatError
from limes.data import Dataset, load
from limes.papers.claim import Size
from limes.papers.paper import Request

# fmt: off
SETS = (
    "Adiac", "ArrowHead", "BME", "Beef", "CBF", "Chinatown", "Coffee", "CricketX", "CricketY", "CricketZ",
    "DiatomSizeReduction", "DistalPhalanxOutlineAgeGroup", "DistalPhalanxOutlineCorrect", "DistalPhalanxTW", "ECG200",
    "ECGFiveDays", "FaceAll", "FaceFour", "FacesUCR", "FiftyWords", "Fish", "Fungi", "GunPoint", "GunPointAgeSpan",
    "GunPointMaleVersusFemale", "GunPointOldVersusYoung", "Ham", "ItalyPowerDemand", "Lightning7", "Meat",
    "MedicalImages", "MiddlePhalanxOutlineAgeGroup", "MiddlePhalanxOutlineCorrect", "MiddlePhalanxTW", "MoteStrain",
    "OSULeaf", "Plane", "PowerCons", "ProximalPhalanxOutlineAgeGroup", "ProximalPhalanxOutlineCorrect",
    "ProximalPhalanxTW", "ShapeletSim", "SmoothSubspace", "SonyAIBORobotSurface1", "SonyAIBORobotSurface2",
    "Strawberry", "SwedishLeaf", "SyntheticControl", "ToeSegmentation1", "ToeSegmentation2", "Trace", "TwoLeadECG",
    "UMD", "Wine", "WordSynonyms",
)
# fmt: on
"""55 sets of series of one length below 512, with fewer than 1000 training rows and nothing missing."""
SMALL = ("ItalyPowerDemand", "SmoothSubspace", "SonyAIBORobotSurface1")
"""Those of a small run."""
_MISSING = (
    "claim 8 is about the UCR archive, whose files were not given: it is left out; pass --data DIR, or set $LIMES_DATA"
)


def data_sets(request: Request) -> tuple[dict[str, Dataset], tuple[str, ...]]:
    """The sets of a size that are there, by name, and notes on what is not.

    Raises:
        FormatError: if a data folder was named that has none of them, or a damaged one.
    """
    where = request.data or os.environ.get("LIMES_DATA")
    names = wanted(request.size)
    if not where:
        return {}, (_MISSING,)
    there = [name for name in names if (Path(where).expanduser() / "ucr" / name).is_dir()]
    if not there:
        if request.data is not None:
            raise FormatError(f"{where} has none of the sets of the UCR archive: they are looked for as ucr/<Name>")
        return {}, (f"{_MISSING} ({where} has none of them)",)
    left_out = sorted(set(names) - set(there))
    notes = (f"sets that are not there were left out: {', '.join(left_out)}",) if left_out else ()
    return {name: load(f"ucr/{name}", where) for name in there}, notes


def wanted(size: Size) -> tuple[str, ...]:
    """The sets of a size."""
    return SETS if size == "full" else SMALL
