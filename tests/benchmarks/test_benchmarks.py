import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import common  # noqa: E402
import robustify_cifar  # noqa: E402


def run_quick(name: str, out: Path) -> tuple[dict, str]:
    """The result of a benchmark at its small size, and what it printed."""
    words = [sys.executable, str(BENCHMARKS / f"{name}.py"), "--quick", "--rounds", "1", "--out", str(out)]
    without_oracle = {key: value for key, value in os.environ.items() if key != "NT_PYTHON"}
    done = subprocess.run(words, capture_output=True, text=True, env=without_oracle, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    (path,) = out.glob("*.json")
    assert path.stem.startswith(name)
    text = path.read_text()
    for private in (str(out), str(BENCHMARKS.parent), os.uname().nodename):
        assert private not in text
    return json.loads(text), done.stdout


def check_form(result: dict) -> None:
    assert {"name", "what", "rows", "command", "machine", "versions", "date"} <= set(result)
    assert result["command"].startswith("python benchmarks/")
    assert result["command"].endswith("--out OUT")
    assert result["machine"].endswith(f"{os.cpu_count()} cores")
    assert {"python", "limes", "jax", "numpy"} <= set(result["versions"])
    assert result["rows"]
    for row in result["rows"]:
        assert set(row) == {"case", "ratio", "against", "accuracy", "detail"}
        assert row["ratio"] > 0


@pytest.mark.slow
def test_fully_connected_kernel_is_exact_and_says_how_to_get_the_comparison(tmp_path):
    result, printed = run_quick("fc_kernel", tmp_path)
    check_form(result)
    assert result["name"] == "fc_kernel_alone"
    assert "pip install --no-deps neural-tangents==0.6.5" in printed
    assert [row["case"].rsplit(", ", 1)[1] for row in result["rows"]] == ["ntk", "nngp + ntk"]
    for row in result["rows"]:
        assert 0 < row["accuracy"]["off diagonal, limes"] < 1e-6
        assert 0 < row["accuracy"]["diagonal, limes"] < 1e-6
        assert row["detail"]["errors, numpy"]["diagonal"] > 1e-5  # the textbook form in float32: the check can fail
        eigenvalues = row["detail"]["smallest eigenvalue, ntk"]
        assert eigenvalues["limes"] == pytest.approx(eigenvalues["float64 reference"], rel=1e-5)


@pytest.mark.slow
def test_input_gradient_is_right_at_centres_and_elsewhere(tmp_path):
    result, _ = run_quick("input_gradient", tmp_path)
    check_form(result)
    assert len(result["rows"]) == 4
    for row in result["rows"]:
        assert row["accuracy"].pop("float64 gradient against differences") < 1e-7
        assert all(0 < error < 1e-5 for error in row["accuracy"].values())


@pytest.mark.slow
def test_main_job_is_measured_from_outside(tmp_path):
    result, _ = run_quick("robustify_cifar", tmp_path)
    check_form(result)
    time, memory = result["rows"]
    assert time["ratio"] < 1
    assert memory["ratio"] < 1
    assert len(time["accuracy"]) == 2
    assert result["metrics"]["settings"]["n_train"] == 200


def test_a_command_is_measured_by_what_it_uses():
    # In a process of its own, as the benchmark is: a child's peak memory begins with that of its parent.
    work = "import time\nx = bytearray(b'1') * 200_000_000\nwhile time.process_time() < 0.5: pass"
    measure = "import json, sys, robustify_cifar\nprint(json.dumps(robustify_cifar.run([sys.executable, '-c', {!r}])))"
    small, large = (
        json.loads(subprocess.check_output([sys.executable, "-c", measure.format(code)], cwd=BENCHMARKS))
        for code in ("pass", work)
    )
    assert large["peak"] - small["peak"] == pytest.approx(2e8, rel=0.1)
    assert small["cpu"] < 0.4
    assert 0.5 <= large["cpu"] < 1
    assert large["wall"] >= 0.4


def test_a_failing_command_ends_the_benchmark_with_its_code(capfd):
    with pytest.raises(SystemExit) as end:
        robustify_cifar.run([sys.executable, "-c", "raise SystemExit(3)"])
    assert end.value.code == 3
    assert "ended with code 3" in capfd.readouterr().err


def test_turns_go_on_until_the_best_time_is_stable():
    falling = iter([9.0, 8.0, 7.0, 6.0, 5.9, 5.9, 5.9, 5.9, 5.9])
    seconds = common.take_turns({"falling": lambda: next(falling), "steady": lambda: 1.0}, least=2, most=20)
    assert seconds["falling"] == [9.0, 8.0, 7.0, 6.0, 5.9, 5.9, 5.9]
    assert len(seconds["steady"]) == 7
    assert len(common.take_turns({"steady": lambda: 1.0}, least=5)["steady"]) == 5
    shrinking = iter(0.5**k for k in range(99))
    both = {"fast": lambda: 1.0, "slow": lambda: 4.0}
    assert {name: len(times) for name, times in common.take_turns(both, least=3, hopeless=3).items()} == {
        "fast": 4,
        "slow": 1,
    }
    assert len(common.take_turns({"shrinking": lambda: next(shrinking)}, least=2)["shrinking"]) == 8


def test_a_finished_part_is_not_done_again(tmp_path):
    calls = []

    def work():
        calls.append(1)
        return {"radius": 0.5}

    for folder, done in ((None, 1), (None, 2), (tmp_path / "new", 3), (tmp_path / "new", 3)):
        assert common.kept(folder, "a case, ridge 1", work) == {"radius": 0.5}
        assert len(calls) == done
    common.kept(tmp_path / "new", "another case", work)
    assert len(calls) == 4
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["a-case,-ridge-1.json", "another-case.json"]


def test_a_command_names_its_options_and_no_paths():
    words = ["/a/b/fc_kernel.py", "--rounds", "7", "--nt-python", "/c/python", "--out=/d", "--data", "/e"]
    shown = "python benchmarks/fc_kernel.py --rounds 7 --nt-python NT_PYTHON --out=OUT --data DATA"
    assert common.command(words) == shown


@pytest.mark.slow
def test_deep_nets_compile_within_seconds(tmp_path):
    result, _ = run_quick("deep_compile", tmp_path)
    check_form(result)
    assert ["64 activations" in row["case"] for row in result["rows"]] == [False, True]
    assert all(row["detail"]["first call, seconds"] > 0 for row in result["rows"])
