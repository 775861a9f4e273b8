"""The command that scores the likelihood models: table and picture from a file or the SAMPLE, and its refusals."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from kalshi.index.history import SP500
from kalshi.index.sample import sample_closes
from kalshi.runtime.market_days import MarketDays
from kalshi.score_index_likelihood import main

FEW = ["--from", "2026-01-02", "--models", "empirical,scaled", "--horizons", "1", "--starts", "2019-01-02"]


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "empty.env").write_text("")
    monkeypatch.setenv("KALSHI_ENV_FILE", str(tmp_path / "empty.env"))
    monkeypatch.setenv("KALSHI_MODE", "paper")
    monkeypatch.setenv("KALSHI_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("KALSHI_REPORT_DIR", str(tmp_path))


def test_the_sample_is_scored_and_marked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*FEW, "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert "*** SAMPLE ***" in said and "Differences are to empirical since 2019" in said
    made = json.loads((tmp_path / "out" / "likelihood.json").read_text())
    assert {row["model"] for row in made["scores"]} == {"empirical since 2019", "scaled since 2019"}
    assert all(row["n"] == str(61) for row in made["scores"])
    assert "made-up data, evidence of nothing" in (tmp_path / "out" / "likelihood.md").read_text()
    assert (tmp_path / "out" / "likelihood.png").read_bytes().startswith(b"\x89PNG")


def test_a_file_is_checked_against_the_calendar(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, last = date(2024, 1, 2), date(2026, 3, 31)
    days = [session.day for session in MarketDays(first, last).sessions(first, last)]
    file = tmp_path / "closes.csv"
    lines = [f"{bar.day},{bar.close}" for bar in sample_closes(SP500, days).bars]
    file.write_text("\n".join(["date,close", *lines]))
    arguments = [*FEW[:-1], "2024-01-02", "--history", str(file), "--out", str(tmp_path / "out")]
    assert main(arguments) == 0
    assert "SAMPLE" not in capsys.readouterr().out
    file.write_text("\n".join(["date,close", *lines[:99], *lines[100:]]))
    assert main(arguments) == 3
    assert f"lacks {days[99]}" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments, code, words",
    [
        (["--models", "garch"], 2, "'garch' is not one of"),
        (["--horizons", "0"], 2, "neither open nor a number"),
        (["--horizons", "open"], 3, "open ahead"),
        (["--starts", "soon"], 2, "no list of days"),
        (["--starts", "2031-01-02"], 2, "after the last session"),
        (["--history", "none.csv"], 2, "no such file"),
        (["--from", "2026-05-01"], 3, "no session from 2026-05-01"),
    ],
)
def test_wrong_use_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, words: str
) -> None:
    assert main([*FEW, "--out", str(tmp_path / "out"), *arguments]) == code
    said = capsys.readouterr().err
    assert words in said and "Traceback" not in said
    assert not list((tmp_path / "out").glob("*"))
