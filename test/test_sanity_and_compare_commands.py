"""analyze_backtest_sanity and compare_backtests as commands: files, exit codes, one-line errors."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from backtest_files import TEN, csv_of, three_weeks
from kalshi.analyze_backtest_sanity import main as analyze
from kalshi.compare_backtests import main as compare


@pytest.fixture(autouse=True)
def paper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty.env").touch()
    for name in [name for name in os.environ if name.startswith("KALSHI_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("KALSHI_ENV_FILE", str(tmp_path / "empty.env"))
    monkeypatch.setenv("KALSHI_REPORT_DIR", str(tmp_path / "reports"))


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "tsa_backtest_20260420_120000.csv"
    path.write_text(csv_of(three_weeks()))
    return path


def test_a_sound_file_gets_a_report_and_metadata(good: Path, tmp_path: Path) -> None:
    assert analyze(["--csv", str(good)]) == 0
    report = (tmp_path / "reports" / "tsa_backtest_sanity_20260420_120000.md").read_text()
    metadata = json.loads((tmp_path / "reports" / "tsa_backtest_sanity_20260420_120000.json").read_text())
    for heading in ("Invariants", "Key metrics", "clustered by week", "By side", "Calibration", "Stated edge"):
        assert heading in report
    [one] = metadata["inputs"]
    assert one["sha256"] == hashlib.sha256(good.read_bytes()).hexdigest()
    assert metadata["passed"] is True and metadata["kpis"]["trades"] == 6
    assert {"git_commit", "command", "versions", "generated_at", "verdict"} <= set(metadata)
    assert str(good) in metadata["command"] and metadata["verdict"] in report


def test_its_help_names_its_own_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert analyze(["--help"]) == 0
    printed = capsys.readouterr().out
    assert "1 some do not" in printed and "1 crashed" not in printed


def metadata_of(csv: Path, trades: int, kind: str = "tsa_backtest") -> str:
    digest = hashlib.sha256(csv.read_bytes()).hexdigest()
    return json.dumps({"kind": kind, "kpis": {"trades": trades}, "outputs": {csv.name: digest, "x.md": "0"}})


def test_a_file_as_its_metadata_say_is_sound(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good.with_suffix(".json").write_text(metadata_of(good, 6))
    assert analyze(["--csv", str(good)]) == 0
    assert compare(["--baseline", str(good), "--candidate", str(good)]) == 0
    assert "unchanged" not in capsys.readouterr().out


def test_a_file_cut_at_a_row_is_found_by_the_metadata_beside_it(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good.with_suffix(".json").write_text(metadata_of(good, 6))
    good.write_text(csv_of(three_weeks()[:4]))
    assert analyze(["--csv", str(good)]) == 1
    printed = capsys.readouterr().out
    assert "BROKEN unchanged: 4 trades, but tsa_backtest_20260420_120000.json says 6" in printed
    assert "its SHA-256 is not the one in tsa_backtest_20260420_120000.json" in printed
    assert compare(["--baseline", str(good), "--candidate", str(good)]) == 0
    assert "do not believe" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"kind": "tsa_backtest", "outputs": {', 1),
        ('{"kind": "tsa_backtest"}', 1),
        ('{"kind": "something else"}', 0),
        ("no JSON at all", 0),
    ],
)
def test_damaged_metadata_are_a_fault_and_other_files_are_none(good: Path, text: str, code: int) -> None:
    good.with_suffix(".json").write_text(text)
    assert analyze(["--csv", str(good)]) == code


def test_the_metadata_can_be_written_elsewhere(good: Path, tmp_path: Path) -> None:
    target = tmp_path / "deep" / "meta.json"
    assert analyze(["--csv", str(good), "--metadata-json", str(target), "--out-dir", str(tmp_path / "out")]) == 0
    assert json.loads(target.read_text())["passed"] is True
    assert [path.suffix for path in (tmp_path / "out").iterdir()] == [".md"]


def test_a_broken_invariant_gets_code_1_the_list_and_the_report(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = three_weeks()
    rows[2]["pnl"] = 5
    good.write_text(csv_of(rows))
    assert analyze(["--csv", str(good)]) == 1
    assert "BROKEN pnl: line 4: pnl is 5, recomputed -0.6" in capsys.readouterr().out
    metadata = json.loads(next((tmp_path / "reports").glob("*.json")).read_text())
    assert metadata["passed"] is False
    assert "line 4" in next((tmp_path / "reports").glob("*.md")).read_text()


def test_a_missing_column_gets_code_1_and_its_name(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good.write_text(csv_of(three_weeks(), tuple(name for name in TEN if name != "side")))
    assert analyze(["--csv", str(good)]) == 1
    assert "BROKEN columns: side is missing" in capsys.readouterr().out
    assert json.loads(next((tmp_path / "reports").glob("*.json")).read_text())["kpis"] is None


@pytest.mark.parametrize(("content", "code"), [(None, 2), (b"", 3), (b"\xff\xfe\x00", 3), (b"a,b\n1,2\n", 3)])
def test_what_is_no_backtest_is_refused_in_one_line(
    tmp_path: Path, content: bytes | None, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.csv"
    if content is not None:
        path.write_bytes(content)
    assert analyze(["--csv", str(path)]) == code
    assert compare(["--baseline", str(path), "--candidate", str(path)]) == code
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 2 and all(str(path) in line for line in lines)
    assert not list((tmp_path / "reports").glob("*"))


def test_an_unwritable_place_is_refused_before_anything_is_written(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert analyze(["--csv", str(good), "--out-dir", str(tmp_path / "file" / "x")]) == 2
    assert compare(["--baseline", str(good), "--candidate", str(good), "--out", str(tmp_path / "file" / "x")]) == 2
    assert compare(["--baseline", str(good), "--candidate", str(good), "--out", str(tmp_path)]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 3 and "--out-dir" in lines[0] and "--out" in lines[1]


def test_two_runs_are_compared_and_the_file_says_what_was_printed(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "candidate.csv"
    other.write_text(csv_of(three_weeks()[:4]))
    out = tmp_path / "new" / "comparison.md"
    assert compare(["--baseline", str(good), "--candidate", str(other), "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "| trades | 6 | 4 | -2 | -33.33 % |" in out.read_text()
    assert "|" not in printed and "**" not in printed  # a table for people, not Markdown
    assert ["trades", "6", "4", "-2", "-33.33", "%"] in [line.split() for line in printed.splitlines()]
    for text in (printed, out.read_text()):
        words = " ".join(text.split())
        assert "Too little to judge: candidate minus baseline is" in words
        assert "a verdict needs 20 weeks" in words
    printed = " ".join(printed.split())
    assert "Of 6 markets in either run, 4 were bought on the same side" in printed
