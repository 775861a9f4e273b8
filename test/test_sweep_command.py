"""The command `sweep`, in processes of its own."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SRC = Path(__file__).resolve().parents[1] / "src"
DATA = ["--sample", "--start", "2026-02-22", "--end", "2026-03-22", "--models", "yoy_hol", "--entries", "mon,wed"]
SMALL = [
    "--margins",
    "0.05,0.2",
    "--min-edges",
    "0,0.02",
    "--max-spreads",
    "0.3",
    "--sizings",
    "contracts:1,kelly:0.25",
]


def command(out: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "kalshi.sweep", "--mode", "paper", "--workers", "1", "--out-dir", str(out), *options]


def sweep(out: Path, *options: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(SRC), "KALSHI_DATA_DIR": str(out / "data")}
    return subprocess.run(command(out, *options), env=environment, capture_output=True, text=True, check=False)


def test_it_writes_what_it_found_in_every_form(tmp_path: Path) -> None:
    ended = sweep(tmp_path, *DATA, *SMALL, "--policy", "maker-conservative", "--hold", "close")
    assert ended.returncode == 0, ended.stderr
    assert "SAMPLE" in ended.stdout and "Made-up SAMPLE data, no evidence of anything" in ended.stdout
    assert "1 of 1 chunks of 16 plans" in ended.stderr
    [meta] = tmp_path.glob("tsa_sweep_*.json")
    said = json.loads(meta.read_text())
    assert said["trials"] == 16 and said["sample"] and said["reality_check"]["seed"] == 20_000
    for name, digest in said["outputs"].items():
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == digest
    rows = list(csv.DictReader(meta.with_suffix(".csv").open()))
    assert len(rows) == 16 and sum(float(row["out_of_sample_pnl"] or 0) for row in rows) == pytest.approx(
        sum(one["out_of_sample"] for one in said["walk_forward"]), abs=1e-4
    )
    text = meta.with_suffix(".md").read_text()
    assert said["verdict"] in text and "**SAMPLE**" in text and "adverse selection" in text
    assert meta.with_suffix(".png").read_bytes().startswith(b"\x89PNG") and meta.with_suffix(".parquet").exists()


def test_a_killed_sweep_goes_on_where_it_was(tmp_path: Path) -> None:
    many = ["--margins", ",".join(f"0.{n:02d}" for n in range(1, 22)), "--max-spreads", "0.1,0.2,0.3"]
    environment = {**os.environ, "PYTHONPATH": str(SRC), "KALSHI_DATA_DIR": str(tmp_path / "data")}
    started = subprocess.Popen(
        command(tmp_path, *DATA, *many), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while not list(tmp_path.glob("tsa_sweep_chunks/*/*.npz")):
        assert started.poll() is None
        time.sleep(0.02)
    started.send_signal(signal.SIGKILL)
    started.wait()
    assert not list(tmp_path.glob("tsa_sweep_*.csv"))
    ended = sweep(tmp_path, *DATA, *many)
    assert ended.returncode == 0 and "chunks were there from an earlier run" in ended.stdout
    undisturbed = sweep(tmp_path / "other", *DATA, *many)
    assert undisturbed.returncode == 0 and "earlier run" not in undisturbed.stdout
    [first], [second] = (list(folder.glob("tsa_sweep_*.csv")) for folder in (tmp_path, tmp_path / "other"))
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ([], 2, "--start and --end are needed"),
        ([*DATA, "--entries", "noon"], 2, "noon"),
        ([*DATA, "--margins", "much"], 2, "--margins 'much' is not a number"),
        ([*DATA, "--gap", "0"], 2, "--gap 0 must be at least 1"),
        ([*DATA, "--entries", "sun@23:58"], 3, "nothing can be traded in this period"),
    ],
)
def test_mistakes_are_one_line(tmp_path: Path, options: list[str], code: int, said: str) -> None:
    ended = sweep(tmp_path, *options)
    assert ended.returncode == code and said in ended.stderr and "Traceback" not in ended.stderr
    assert not list(tmp_path.glob("tsa_sweep_2*"))
