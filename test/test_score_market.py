"""score_market as a command, on a made-up dataset and on what is none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def run(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", f"kalshi.{module}", *arguments], cwd=ROOT, env={**os.environ, "PYTHONPATH": "src"},
        capture_output=True, text=True, timeout=240, check=False,
    )


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dataset") / "weeks.parquet"
    made = run("build_dataset", "--start", "2026-02-02", "--end", "2026-03-08", "--sample", "--models", "yoy_hol",
               "--times", "00:00", "--with-market", "--out", str(out), "--report-dir", str(out.parent))
    assert made.returncode == 0, made.stderr
    return out


def test_model_and_mixture_are_scored_against_the_mid(dataset: Path) -> None:
    done = run("score_market", "--dataset", str(dataset), "--report-dir", str(dataset.parent))
    assert done.returncode == 0, done.stderr
    assert "SAMPLE" in done.stdout
    assert "yoy_hol_market" in done.stdout
    assert "clustered by event" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [(("--dataset", "absent.parquet"), 2, "no such file"), (("--dataset", "README.md"), 3, "is no dataset"),
     (("--dataset", "README.md", "--most-age", "long"), 3, "is no dataset")],
)
def test_trouble_is_one_line(tmp_path: Path, arguments: tuple[str, ...], code: int, words: str) -> None:
    done = run("score_market", *arguments, "--report-dir", str(tmp_path))
    assert done.returncode == code, done.stdout + done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_age_is_refused(dataset: Path) -> None:
    done = run("score_market", "--dataset", str(dataset), "--most-age", "long", "--report-dir", str(dataset.parent))
    assert done.returncode == 2
    assert "--most-age 'long' must be hours" in done.stderr
