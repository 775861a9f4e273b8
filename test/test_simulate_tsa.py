"""The command `simulate_tsa`: what it writes is what the sanity check accepts and the numbers it prints."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SRC = Path(__file__).resolve().parents[1] / "src"
DATA = ("--sample", "--start", "2026-02-22", "--end", "2026-03-22", "--plan-model", "yoy_hol")


def run(module: str, out: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", f"kalshi.{module}", "--mode", "paper", "--out-dir", str(out), *options]
    environment = {**os.environ, "PYTHONPATH": str(SRC), "KALSHI_DATA_DIR": str(out / "data")}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("policy", "options"), [("maker-conservative", ("--hold", "close", "--depth", "4")), ("mid", ())]
)
def test_reports_and_sanity_check_agree(policy: str, options: tuple[str, ...], tmp_path: Path) -> None:
    wide = ("--price-share", "0.97", "--lowest", "0.01", "--highest", "0.99", "--min-edge", "0")
    ended = run("simulate_tsa", tmp_path, *DATA, "--entries", "mon,thu", "--policy", policy, *wide, *options)
    assert ended.returncode == 0, ended.stderr
    assert "buy " not in ended.stderr  # nobody should take these for orders
    [meta] = tmp_path.glob("tsa_simulation_*.json")
    said, rows = json.loads(meta.read_text()), list(csv.DictReader(meta.with_suffix(".csv").open()))
    split = said["edge_split"]
    parts = sum(split[name] for name in ("forecast", "spread", "adverse", "fee"))
    assert split["realised"] == pytest.approx(parts) == pytest.approx(float(said["cash_end"]) - 1000)
    assert len(rows) > 5 and {row["fill"] for row in rows} == {policy}
    assert ("maker" in {row["role"] for row in rows}) == (policy == "maker-conservative")
    text = meta.with_suffix(".md").read_text()
    assert said["verdict"] in text and "adverse selection" in text and "**SAMPLE**" in text
    assert ("MID FILLS" in text) == (policy == "mid")
    judged = run("analyze_backtest_sanity", tmp_path, "--csv", str(meta.with_suffix(".csv")))
    assert judged.returncode == 0, judged.stdout
    assert "broken invariants: 0" in judged.stdout and ("MID FILLS" in judged.stdout) == (policy == "mid")
    cut = meta.with_suffix(".csv")
    cut.write_text("\n".join(cut.read_text().splitlines()[:-1]) + "\n")
    assert run("analyze_backtest_sanity", tmp_path, "--csv", str(cut)).returncode == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--entries", "noon"), "entry 'noon' is unknown"),
        (("--sizing", "kelly"), "share of Kelly"),
        (("--cash", "plenty"), "--cash 'plenty' is not a number"),
        (("--count", "0"), "count must be a whole number"),
        (("--plan-model", "oracle"), "unknown model 'oracle'"),
    ],
)
def test_mistakes_are_one_line(options: tuple[str, ...], said: str, tmp_path: Path) -> None:
    ended = run("simulate_tsa", tmp_path, *DATA, *options)
    assert ended.returncode == 2 and said in ended.stderr and "Traceback" not in ended.stderr
    assert not list(tmp_path.glob("tsa_simulation_*"))
