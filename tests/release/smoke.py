"""What an installed limes must be able to do, in an empty folder: the README's five minutes, and the command.

Run by ``make dist`` with the Python of an environment that holds the wheel and nothing else.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

import limes as lm


def library() -> None:
    digits = lm.data.load("digits")
    parts = lm.data.split(digits, seed=0, n_train=60, n_test=20)
    x, y = parts.x_test, parts.y_test
    net = lm.nets.mlp(depth=3, activation="relu")
    assert net.kernel(parts.x_train, x).ntk.shape == (60, 20)
    clf = lm.NTKClassifier(net).fit(parts.x_train, parts.y_train)
    assert clf.score(x, y) > 0.5
    assert clf.predict_at(x, time=1.0).shape == (20,)
    found = lm.attacks.PGD(norm="linf", steps=3)(clf, x, y, eps=0.1, bounds=(0, 1), key=0)
    assert found.x_adv.shape == x.shape
    assert found.success.mean() >= 1 - clf.score(x, y)
    report = lm.attacks.evaluate(clf, x, y, eps=[0, 0.1], bounds=(0, 1), steps=3, queries=5)
    assert report.robust_accuracy[0] >= report.robust_accuracy[1]
    assert lm.certify.radius(clf, x[:1], bounds=(0, 1), methods=("norm",)).radius.shape == (1,)
    conv = lm.NTKClassifier(lm.nets.cnn(1)).fit(parts.x_train, parts.y_train)
    assert conv.predict(x).shape == (20,)
    clf.save("digits.npz")
    assert (lm.load("digits.npz").predict(x) == clf.predict(x)).all()


def command() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(size=(60, 4)).astype(np.float32)
    np.savez("tiny.npz", X=x, y=(x[:, 0] > 0.5).astype(int))
    assert limes("--version").startswith("limes ")
    checks = json.loads(limes("doctor", "--json"))["checks"]
    assert all(check["passed"] for check in checks), checks
    weak = ("--steps", "3", "--queries", "5")
    small = ("--seeds", "1", "--n-times", "2", "--defence", "none", "--certify", "1", *weak)
    limes("robustify", "tiny.npz", "--eps", "0.05", "--out", "run", *small)
    assert "<html" in Path("run/report.html").read_text()
    assert len(limes("predict", "run/model.npz", "tiny.npz").split()) == 60
    keys = [paper["key"] for paper in json.loads(limes("papers", "list", "--json"))["data"]]
    assert len(keys) == 18
    limes("papers", "report", keys[0], "--out", "paper.html")
    assert Path("paper.html").stat().st_size > 10_000


def limes(*words: str) -> str:
    """Standard output of the installed command; what it says on standard error is shown where it fails."""
    done = subprocess.run([str(Path(sys.executable).with_name("limes")), *words], capture_output=True, text=True)
    assert done.returncode == 0, f"limes {' '.join(words)}: exit code {done.returncode}\n{done.stderr}"
    return done.stdout


if __name__ == "__main__":
    library()
    command()
    print(f"limes {lm.__version__} works on Python {sys.version.split()[0]}, from {Path(lm.__file__).parent}")
