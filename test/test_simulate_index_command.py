"""`simulate_index` as a person starts it."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from clone import ROOT


def run(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT / "src"), "KALSHI_MODE": "paper",
           "KALSHI_ENV_FILE": os.devnull, "KALSHI_REPORT_DIR": str(tmp_path / "reports")}  # fmt: skip
    return subprocess.run(
        [sys.executable, "-m", "kalshi.simulate_index", *arguments],
        env=env, capture_output=True, text=True, timeout=280, check=False, cwd=tmp_path,
    )  # fmt: skip


def test_a_small_season_prints_and_writes_the_same_numbers_twice(tmp_path: Path) -> None:
    options = ("--days", "40", "--seed", "3", "--step-seconds", "60", "--out", str(tmp_path))
    first, second = run(tmp_path, *options), run(tmp_path, *options)
    assert first.returncode == second.returncode == 0, first.stderr
    assert "SIMULATED" in first.stdout
    assert "no row for this run" in first.stdout  # other steps than the table's
    tables = sorted(tmp_path.glob("index_season_*.csv"))
    assert len(tables) == 2
    assert tables[0].read_bytes() == tables[1].read_bytes()
    with tables[0].open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    stem = tables[0].with_suffix("")
    about = json.loads(stem.with_suffix(".json").read_text(encoding="utf-8"))
    assert about["simulated"] is True
    assert [row["rule"] for row in rows] == [row["rule"] for row in about["rows"]]
    for row in about["rows"]:
        assert sum(row["days_by_profit"].values()) == 40
        mean = sum(float(cents) * count for cents, count in row["days_by_profit"].items()) / 40
        assert mean == pytest.approx(row["mean"], abs=1e-6)
    assert stem.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert "no rule earns" in stem.with_suffix(".md").read_text(encoding="utf-8")


def test_the_scripts_themselves_find_what_the_arrays_find(tmp_path: Path) -> None:
    options = ("--days", "2", "--seed", "5", "--step-seconds", "60", "--rules", "no80", "--script-days", "1")
    ended = run(tmp_path, *options, "--out", str(tmp_path))
    assert ended.returncode == 0, ended.stderr
    said = " ".join(ended.stdout.split())
    assert "lived through 1 of the days; the arrays found the same contracts and dollars on every day" in said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--days", "0"), "--days 0"),
        (("--days", "5", "--seed", "-1"), "--seed -1"),
        (("--days", "5", "--step-seconds", "7"), "7 seconds a step"),
        (("--days", "5", "--longshot-bias", "3"), "longshot bias of 3"),
        (("--days", "5", "--rules", "no46"), "no46"),
        (("--days", "5", "--script-days", "6"), "--script-days 6"),
    ],
)
def test_what_can_not_be_simulated_is_one_line(tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    ended = run(tmp_path, *options)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not list(tmp_path.glob("reports/*"))
