"""backtest_tsa as a command: where its data come from, what it writes, what bad input gets."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from clone import ROOT
from kalshi.analyze_backtest_sanity import main as analyze
from kalshi.backtest_options import MODEL_NAMES
from kalshi.backtest_tsa import main
from kalshi.research.trades import REQUIRED
from kalshi.tsa.models import MODELS
from kalshi.tsa.weeks import event_ticker, new_york

DATA = Path(os.environ.get("KALSHI_SHARED_DATA") or ROOT.parent / "shared" / "data")
PERIOD = ["--start", "2026-01-01", "--end", "2026-02-01", "--interval", "1440", "--model", "yoy_hol"]
BASELINE = ROOT / "src" / "kalshi" / "configs" / "tsa_backtest_baseline.json"
Backtest = Callable[..., int]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "reports"


@pytest.fixture
def backtest(tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> Backtest:
    """Run the command in this process, offline, in paper mode unless told otherwise."""
    (tmp_path / "empty.env").touch()
    for name in [name for name in os.environ if name.startswith("KALSHI_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("KALSHI_ENV_FILE", str(tmp_path / "empty.env"))

    def run(*words: str, mode: str = "paper") -> int:
        monkeypatch.setenv("KALSHI_MODE", mode)
        where = ["--offline", "--data-dir", str(tmp_path / "data"), "--report-dir", str(out)]
        return main([*words, *where])

    return run


def only(folder: Path, pattern: str) -> Path:
    [path] = folder.glob(pattern)
    return path


def error_line(captured: pytest.CaptureFixture[str]) -> str:
    lines = captured.readouterr().err.strip().splitlines()
    assert len(lines) == 1, lines
    return lines[0]


def test_paper_mode_without_data_runs_on_the_sample_and_says_so(
    backtest: Backtest, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert backtest(*PERIOD) == 0
    printed = capsys.readouterr().out
    assert "*** SAMPLE ***" in printed and "made-up" in printed
    rows = list(csv.DictReader(only(out, "*.csv").open()))
    assert list(rows[0])[:10] == list(REQUIRED)
    assert {row["data"] for row in rows} == {"SAMPLE"}
    text = only(out, "*.md").read_text()
    assert "**SAMPLE**" in text and "settled by: the exchange's results" in text
    metadata = json.loads(only(out, "*.json").read_text())
    assert metadata["sample"] is True and metadata["inputs"] == []
    assert only(out, "*.png").read_bytes().startswith(b"\x89PNG")
    assert metadata["outputs"] == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in out.iterdir() if path.suffix != ".json"
    }


def test_its_csv_passes_the_sanity_check(backtest: Backtest, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert backtest(*PERIOD, "--count", "10", "--entry", "fri") == 0
    assert analyze(["--csv", str(only(out, "*.csv")), "--out-dir", str(out)]) == 0
    assert "broken invariants: 0" in capsys.readouterr().out
    stem = only(out, "tsa_backtest_2*.csv").stem.removeprefix("tsa_backtest_")
    assert (out / f"tsa_backtest_sanity_{stem}.md").exists() and (out / f"tsa_backtest_sanity_{stem}.json").exists()


def test_the_same_run_gives_the_same_trades(backtest: Backtest, out: Path, tmp_path: Path) -> None:
    for _ in range(2):
        assert backtest(*PERIOD, "--sample") == 0
    first, second = sorted(out.glob("*.csv"))
    assert first.read_bytes() == second.read_bytes()


def test_live_mode_without_data_ends_with_code_3_and_what_to_do(
    backtest: Backtest, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert backtest(*PERIOD, mode="live") == 3
    line = error_line(capsys)
    assert "fetch_tsa_history" in line and "--sample" in line
    assert not list(out.glob("*"))


def test_fills_at_the_mid_are_marked(backtest: Backtest, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert backtest(*PERIOD, "--sample", "--fill", "mid") == 0
    assert "MID FILLS" in capsys.readouterr().out
    assert "MID FILLS" in only(out, "*.md").read_text()
    assert {row["fill"] for row in csv.DictReader(only(out, "*.csv").open())} == {"mid"}


def test_a_run_without_trades_is_a_result(backtest: Backtest, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert backtest(*PERIOD, "--sample", "--entry", "sun") == 0
    assert "No trade was made" in capsys.readouterr().out
    assert only(out, "*.csv").read_text().count("\n") == 1
    assert "no candle between decision and close" in only(out, "*.md").read_text()


def test_the_baseline_configuration_runs(backtest: Backtest, out: Path) -> None:
    assert backtest("--config", str(BASELINE)) == 0
    parameters = json.loads(only(out, "*.json").read_text())["parameters"]
    given = json.loads(BASELINE.read_text())
    assert {key: str(parameters[key]) for key in parameters if key in given} == {
        key: str(value) for key, value in given.items() if key != "description"
    }


def test_the_command_line_wins_over_the_configuration(backtest: Backtest, out: Path) -> None:
    assert backtest("--config", str(BASELINE), "--entry", "fri", "--end", "2026-01-31") == 0
    parameters = json.loads(only(out, "*.json").read_text())["parameters"]
    assert (parameters["entry"], parameters["end"], parameters["start"]) == ("fri", "2026-01-31", "2026-01-01")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"modle": "yoy_hol"}', "unknown key 'modle': did you mean model?"),
        ("[1]", "must hold one object"),
        ("{", "is not JSON"),
        ('{"start": "2026-13-01", "end": "2026-12-31"}', "is not a date"),
        ('{"start": "2026-01-01", "end": "2026-12-31", "sample": "yes"}', "must be true or false"),
    ],
)
def test_a_wrong_configuration_is_refused(
    backtest: Backtest, tmp_path: Path, text: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run.json").write_text(text)
    assert backtest("--config", str(tmp_path / "run.json")) == 2
    assert said in error_line(capsys)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--start", "2026-02-01", "--end", "2026-01-01"], "is after --end"),
        (["--start", "yesterday", "--end", "2026-01-01"], "is not a date"),
        (["--end", "2026-01-01"], "--start and --end are needed"),
        (["--start", "2030-01-01", "--end", "2030-02-01"], "--end 2030-02-01 is in the future"),
        ([*PERIOD[:4], "--interval", "7"], "use 1, 60 or 1440"),
        ([*PERIOD, "--model", "oracle"], "unknown model 'oracle'"),
        ([*PERIOD, "--entry", "noon"], "entry 'noon' is unknown"),
        ([*PERIOD, "--count", "0"], "at least 1"),
        ([*PERIOD, "--count", "many"], "is not a number of contracts"),
        ([*PERIOD, "--candles", "/nowhere/c.csv"], "/nowhere/c.csv is no file"),
        ([*PERIOD, "--markets", "m.csv"], "--markets needs --candles"),
        ([*PERIOD, "--first-prints", "f.csv"], "--first-prints needs --counts"),
        ([*PERIOD, "--sample", "--counts", "c.csv"], "exclude each other"),
        ([*PERIOD, "--config", "/nowhere/run.json"], "can not be read"),
    ],
)
def test_wrong_arguments_get_one_line_and_code_2(
    backtest: Backtest, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert backtest(*words) == 2
    assert said in error_line(capsys)


def test_a_report_directory_that_can_not_be_written_is_refused(
    backtest: Backtest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert backtest(*PERIOD, "--sample", "--out-dir", str(tmp_path / "file" / "reports")) == 2
    assert "--out-dir" in error_line(capsys)


def test_a_malformed_candle_file_is_named(
    backtest: Backtest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "candles.csv"
    path.write_text("ticker,end_period_ts,yes_bid_close_dollars,yes_ask_close_dollars\nKXTSAW-26JAN04-A2.2,1,2,3\n")
    assert backtest(*PERIOD, "--candles", str(path)) == 3
    line = error_line(capsys)
    assert "candles.csv: line 2: yes_bid_close_dollars" in line


def write_candles(path: Path, sundays: int, first: date = date(2025, 12, 7)) -> Path:
    """Write invented candles of 0.40 / 0.50 on the first days of some weeks."""
    rows = ["ticker,end_period_ts,yes_bid_close_dollars,yes_ask_close_dollars"]
    for sunday in (first + timedelta(weeks=number) for number in range(sundays)):
        end = int(new_york(sunday - timedelta(days=5), 0).timestamp())
        rows += [f"{event_ticker(sunday)}-A{strike},{end},.4,.5" for strike in ("2.0", "2.2", "2.6")]
    path.write_text("\n".join(rows) + "\n")
    return path


WEEKS = ["--start", "2025-12-01", "--end", "2025-12-14", "--model", "yoy_hol"]


def test_made_up_counts_by_file_are_marked_and_prove_nothing(
    backtest: Backtest, out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    candles = write_candles(tmp_path / "candles.csv", 2)
    counts = ROOT / "src" / "data" / "historical_data.csv"
    assert backtest(*WEEKS, "--candles", str(candles), "--counts", str(counts)) == 0
    printed = capsys.readouterr().out
    assert "*** SAMPLE ***" in printed and "no evidence of anything" in printed
    assert "Evidence of" not in printed
    assert "**SAMPLE**" in only(out, "*.md").read_text()
    assert json.loads(only(out, "*.json").read_text())["sample"] is True
    assert {row["data"] for row in csv.DictReader(only(out, "*.csv").open())} == {"SAMPLE"}


def test_other_counts_are_not_marked_and_two_weeks_are_too_little(
    backtest: Backtest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    candles = write_candles(tmp_path / "candles.csv", 2)
    lines = (ROOT / "src" / "data" / "historical_data.csv").read_text().splitlines()
    changed = [f"{day},{int(count) + 17}" for day, count in (line.split(",") for line in lines[1:])]
    (tmp_path / "counts.csv").write_text("\n".join([lines[0], *changed]) + "\n")
    assert backtest(*WEEKS, "--candles", str(candles), "--counts", str(tmp_path / "counts.csv")) == 0
    printed = capsys.readouterr().out
    assert "SAMPLE" not in printed
    assert "Too little to judge after fees" in printed and "a verdict needs 20 weeks" in " ".join(printed.split())


def test_missing_counts_are_fetched_with_another_command_than_candles(
    backtest: Backtest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert backtest(*WEEKS, "--candles", str(write_candles(tmp_path / "candles.csv", 2))) == 3
    line = error_line(capsys)
    assert "get_recent_tsa_data" in line and "--counts" in line and "fetch_tsa_history" not in line


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("date,passengers\n2024-09-21,2300000\n2024-09-22,262", "line 3: 2024-09-22: 262 passengers can not be"),
        ("date,passengers\n2024-09-21,2300000\n2024-0", "line 3: cut off"),
        ("day,travellers\n2024-09-21,2300000\n", "expected columns date and passengers: name them so"),
        ("", "holds no rows"),
    ],
)
def test_bad_counts_are_named_with_or_without_candles(
    backtest: Backtest, tmp_path: Path, text: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "counts.csv").write_text(text)
    words = [*WEEKS, "--counts", str(tmp_path / "counts.csv")]
    for more in ([], ["--candles", str(write_candles(tmp_path / "candles.csv", 2))]):
        assert backtest(*words, *more) == 3
        line = error_line(capsys)
        assert "counts.csv" in line and said in line


def test_help_names_the_models(backtest: Backtest, capsys: pytest.CaptureFixture[str]) -> None:
    assert tuple(MODELS) == MODEL_NAMES
    assert backtest("--help") == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert all(name in printed for name in MODELS)


def test_runs_at_once_keep_all_their_files(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src"), "HOME": str(tmp_path)}
    words = [sys.executable, "-m", "kalshi.backtest_tsa", *WEEKS, "--sample", "--report-dir", str(tmp_path / "out")]
    running = [subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL) for _ in range(3)]
    assert [one.wait(timeout=120) for one in running] == [0, 0, 0]
    stems = {path.stem for path in (tmp_path / "out").iterdir()}
    assert len(stems) == 3 and len(list((tmp_path / "out").iterdir())) == 15


def test_the_real_history_by_files(tmp_path: Path) -> None:
    """The documented command, as a module, in its own process."""
    names = ("kxtsaw_candles_1d.csv", "kxtsaw_markets.csv", "tsa_counts.csv", "tsa_first_print.csv")
    if not all((DATA / name).exists() for name in names):
        pytest.skip("the real history is not on this machine (KALSHI_SHARED_DATA)")
    options = ("--candles", "--markets", "--counts", "--first-prints")
    files = [word for option, name in zip(options, names, strict=True) for word in (option, str(DATA / name))]
    ended = subprocess.run(
        [sys.executable, "-m", "kalshi.backtest_tsa", "--start", "2026-01-01", "--end", "2026-06-30",
         "--interval", "1440", *files, "--report-dir", str(tmp_path)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src"), "HOME": str(tmp_path)},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert "357 with a result; 126 quoted" in ended.stdout
    assert "SAMPLE" not in ended.stdout
    metadata = json.loads(only(tmp_path, "*.json").read_text())
    assert [Path(one["path"]).name for one in metadata["inputs"]] == list(names)
    for one in metadata["inputs"]:
        assert one["sha256"] == hashlib.sha256(Path(one["path"]).read_bytes()).hexdigest()
    for row in csv.DictReader(only(tmp_path, "*.csv").open()):
        price = row["ask"] if row["side"] == "yes" else row["bid"]
        assert float(row["fill_price"]) == float(price) and 0 < float(price) < 1
        assert row["as_of"] < row["candle_end"] and row["known_days"] in ("0", "1")
        assert row["settlement_check"] == "agrees"
