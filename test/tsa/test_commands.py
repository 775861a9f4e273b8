from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kalshi.tsa.sample_counts import sample_file_text
from kalshi.tsa.vintages import Vintages

ROOT = Path(__file__).resolve().parents[2]
COMMON = ["--mode", "paper", "--offline", "--date", "2026-05-06T12:00"]


def run(script: str, *arguments: str, home: Path, by_path: bool = False) -> subprocess.CompletedProcess[str]:
    start = [f"src/kalshi/{script}.py"] if by_path else ["-m", f"kalshi.{script}"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "KALSHI_DATA_DIR": str(home / "data")}
    if not by_path:
        environment["PYTHONPATH"] = "src"
    environment["KALSHI_REPORT_DIR"] = str(home / "reports")
    return subprocess.run(
        [sys.executable, *start, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("by_path", [True, False], ids=["path", "module"])
def test_a_prediction_is_printed_and_marked_as_sample(tmp_path: Path, by_path: bool) -> None:
    done = run("create_next_week_prediction", *COMMON, home=tmp_path, by_path=by_path)
    assert done.returncode == 0, done.stderr
    assert "*** SAMPLE ***" in done.stdout
    assert "KXTSAW-26MAY10" in done.stdout
    assert "2 of 7 days are published" in done.stdout.replace("\n", " ")
    assert "2,400,000" in done.stdout
    assert "earlier_fixed" in done.stdout


def test_week_model_and_strikes_can_be_chosen(tmp_path: Path) -> None:
    options = ["--week", "2026-05-13", "--model", "yoy_hol", "--strikes", "2_400_000,2350000"]
    done = run("create_next_week_prediction", *COMMON, *options, home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "KXTSAW-26MAY17: model yoy_hol" in done.stdout
    assert "1,800,000" not in done.stdout


def test_recent_counts_are_printed(tmp_path: Path) -> None:
    done = run("get_recent_tsa_data", *COMMON, "--days", "5", home=tmp_path, by_path=True)
    assert done.returncode == 0, done.stderr
    assert "2026-05-05  Tue" in done.stdout
    assert "2026-04-30" not in done.stdout


@pytest.mark.parametrize(
    ("script", "arguments", "code", "message"),
    [
        ("create_next_week_prediction", ["--week", "soon"], 2, "--week 'soon' is no date"),
        ("create_next_week_prediction", ["--model", "magic"], 2, "unknown model 'magic'"),
        ("create_next_week_prediction", ["--strikes", "many"], 2, "--strikes 'many'"),
        ("create_next_week_prediction", ["--strikes", "-5"], 2, "positive"),
        ("create_next_week_prediction", ["--week", "2027-01-01"], 3, "too old"),
        ("get_recent_tsa_data", ["--date", "2018-01-01"], 0, "no count was known"),
        ("get_recent_tsa_data", ["--days", "0"], 2, "'0': expected a whole number from 1 to 3660"),
        ("get_recent_tsa_data", ["--days", "-3"], 2, "'-3': expected a whole number"),
        ("get_recent_tsa_data", ["--days", "999999999"], 2, "expected a whole number"),
        ("get_recent_tsa_data", ["--days", "3660"], 0, "2026-05-05  Tue"),
    ],
)
def test_trouble_is_one_line(
    tmp_path: Path, script: str, arguments: list[str], code: int, message: str
) -> None:
    done = run(script, *COMMON, *arguments, home=tmp_path)
    assert done.returncode == code, done.stdout + done.stderr
    assert message in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_live_mode_without_counts_refuses(tmp_path: Path) -> None:
    done = run("get_recent_tsa_data", "--mode", "live", "--offline", "--date", "2026-05-06", home=tmp_path)
    assert done.returncode == 3
    assert "do not trade" in done.stderr + done.stdout


def test_a_corrupt_store_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "tsa_vintages.csv").write_text("rubbish\n")
    done = run("get_recent_tsa_data", *COMMON, home=tmp_path)
    assert done.returncode == 3
    assert "tsa_vintages.csv: line 1" in done.stderr + done.stdout


def test_the_data_sample_is_the_generators() -> None:
    path = ROOT / "src" / "data" / "historical_data.csv"
    assert path.read_text() == sample_file_text()
    assert len(Vintages.from_shared(path)) == 1275
