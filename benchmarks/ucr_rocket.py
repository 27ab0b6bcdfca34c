"""MiniRocket of aeon on the sets of the UCR table, beside the committed accuracies of the recurrent NTK.

A modern baseline for claim 8 of ``limes papers show rntk``: random convolutions with a ridge classifier (Dempster et
al. 2021, arXiv 2012.08791), at its defaults, on the same official splits. aeon caps the versions of packages that limes
does not, so it lives in an environment of its own (``pip install aeon``), whose interpreter is given; this file is also
what runs there. Series go in as they are in the files. Run it after a full run of the paper has been published.

    python benchmarks/ucr_rocket.py --rocket-python ENV/bin/python --data DIR
"""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

SEEDS = 3
PARTS = ("TRAIN", "TEST")


def read(path):
    """Labels (n,) and series (n, 1, time) of one .tsv file of the archive."""
    rows = np.loadtxt(path, delimiter="\t", ndmin=2)
    return rows[:, 0].astype(int), rows[:, None, 1:]


def contend(folder, names, seeds):
    """In the environment of aeon: a line of JSON for each set, then one of versions."""
    from importlib import metadata

    from aeon.classification.convolution_based import MiniRocketClassifier

    for name in names:
        (y, x), (y_test, x_test) = (read(Path(folder) / "ucr" / name / f"{name}_{part}.tsv") for part in PARTS)
        since, found = time.process_time(), []
        for seed in range(seeds):
            model = MiniRocketClassifier(random_state=seed, n_jobs=1).fit(x, y)
            found.append(float(np.mean(model.predict(x_test) == y_test)))
        print(json.dumps({"set": name, "accuracy": found, "seconds": time.process_time() - since}), flush=True)
    print(json.dumps({package: metadata.version(package) for package in ("aeon", "numba", "scikit-learn")}))


def main():
    import common
    from limes.papers import committed_runs

    options = common.parser(__doc__)
    options.add_argument("--data", required=True, help="folder of official files")
    options.add_argument("--rocket-python", required=True, help="interpreter of an environment with aeon")
    options = options.parse_args()
    table = next(run["curves"]["ucr"] for run in committed_runs("rntk") if run["size"] == "full")
    names = table["sets"][: 3 if options.quick else None]
    seeds = 1 if options.quick else SEEDS
    order = [options.rocket_python, __file__, "--contend", json.dumps([options.data, names, seeds])]
    done = subprocess.run(order, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"aeon did not run:\n{done.stderr[-2000:]}")
    *sets, versions = map(json.loads, done.stdout.splitlines())
    rocket = np.array([np.mean(one["accuracy"]) for one in sets])
    columns = dict(zip(table["methods"], np.array(table["accuracy"])[: len(names)].T, strict=True))
    rows = []
    for method, words in (("rntk", "recurrent NTK"), ("dtw", "1-NN under time warping")):
        other = columns[method]
        accuracy = {"MiniRocket": round(float(rocket.mean()), 3), words: round(float(other.mean()), 3)}
        wins = {f"sets on which the {words} is better": int(np.sum(other > rocket))}
        rows.append(
            common.Row(
                f"{len(names)} sets of UCR, {seeds} seeds",
                round(float(np.mean(rocket / other)), 4),
                f"mean of accuracy of MiniRocket / {words}",
                accuracy | wins,
                {"MiniRocket CPU seconds": round(sum(one["seconds"] for one in sets), 1)},
            )
        )
    what = "Test accuracy of MiniRocket on the sets of claim 8 of the recurrent NTK, beside the committed figures."
    by_set = {one["set"]: one["accuracy"] for one in sets}
    common.report("ucr_rocket", what, rows, options, {"accuracy": by_set}, **versions)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--contend"]:
        contend(*json.loads(sys.argv[2]))
    else:
        main()
