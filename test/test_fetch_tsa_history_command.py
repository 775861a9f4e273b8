"""fetch_tsa_history as a process: killed in the middle, started again, and used by the backtest."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from clone import ROOT
from history_exchange import HistoryExchange
from kalshi.tsa.candle_store import TsaCandleStore
from kalshi.tsa.sample_counts import sample_counts
from kalshi.tsa.vintages import Vintages

WEEKS = (date(2026, 1, 11), date(2026, 4, 19))
PERIOD = ["--start", "2026-01-01", "--end", "2026-04-30", "--interval", "1440"]


@pytest.fixture
def exchange() -> Iterator[HistoryExchange]:
    with HistoryExchange().serve() as running:
        for sunday in WEEKS:
            running.add_week(sunday)
        yield running


def command(
    script: str, exchange: HistoryExchange | None, folder: Path, *words: str, mode: str = "live"
) -> subprocess.Popen[str]:
    """Start a script by its path, with the loopback exchange for Kalshi."""
    (folder / "empty.env").touch()
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "KALSHI_ENV_FILE": str(folder / "empty.env"),
        "KALSHI_MODE": mode,
    }
    if exchange is not None:
        env["KALSHI_API_BASE"] = exchange.base
    where = ["--data-dir", str(folder / "data"), "--report-dir", str(folder / "reports")]
    return subprocess.Popen(
        [sys.executable, str(ROOT / "src" / "kalshi" / script), *PERIOD, *words, *where],
        env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def test_a_killed_fetch_goes_on_where_it_was(exchange: HistoryExchange, tmp_path: Path) -> None:
    exchange.hold_after = 6  # three archived markets take two requests each: live first, then the archive
    process = command("fetch_tsa_history.py", exchange, tmp_path)
    assert exchange.held.wait(60)
    process.send_signal(signal.SIGKILL)
    finish(process)
    store = TsaCandleStore(tmp_path / "data" / "kxtsaw_history")
    kept = list((store.root / "candles").glob("*.parquet"))
    assert len(kept) == 3
    before = {path: path.stat().st_mtime_ns for path in kept}
    exchange.hold_after = None

    code, out, err = finish(command("fetch_tsa_history.py", exchange, tmp_path))
    assert code == 0, err
    assert "2 events, 6 markets: 3 fetched now (21 candles), 3 were there" in " ".join(out.split())
    assert "1/2 KXTSAW-26JAN11" in out and "2/2 KXTSAW-26APR19" in out
    assert {path: path.stat().st_mtime_ns for path in kept} == before
    assert len(store.history(*WEEKS, 1440)) == 2

    asked = len(exchange.paths)
    code, out, _ = finish(command("fetch_tsa_history.py", exchange, tmp_path))
    assert code == 0 and "0 fetched now" in " ".join(out.split())
    assert not exchange.paths[asked:] or not any(path.endswith("candlesticks") for path in exchange.paths[asked:])


def test_the_backtest_uses_what_was_fetched(exchange: HistoryExchange, tmp_path: Path) -> None:
    assert finish(command("fetch_tsa_history.py", exchange, tmp_path))[0] == 0
    counts = sample_counts(date(2026, 5, 10), seed=7)  # not the SAMPLE, which a backtest would know
    (tmp_path / "data").mkdir(exist_ok=True)
    Vintages.from_counts(counts).save(tmp_path / "data" / "tsa_vintages.csv")
    code, out, err = finish(command("backtest_tsa.py", None, tmp_path, "--offline"))
    assert code == 0, err
    assert "2 events; 6 markets" in out and "SAMPLE" not in out
    text = next((tmp_path / "reports").glob("*.md")).read_text()
    assert "fetched history" in text and "tsa_vintages.csv" in (next((tmp_path / "reports").glob("*.json"))).read_text()


def test_the_backtest_fetches_by_itself(exchange: HistoryExchange, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    Vintages.from_counts(sample_counts(date(2026, 5, 10), seed=7)).save(tmp_path / "data" / "tsa_vintages.csv")
    code, out, err = finish(command("backtest_tsa.py", exchange, tmp_path))
    assert code == 0, err
    assert "2 events; 6 markets" in out


def test_without_network_live_mode_says_what_is_kept(tmp_path: Path) -> None:
    code, _, err = finish(command("fetch_tsa_history.py", None, tmp_path, "--offline"))
    assert code == 3
    assert len(err.strip().splitlines()) == 1 and "run it again with network" in err


def test_without_network_paper_mode_ends_well(tmp_path: Path) -> None:
    code, out, _ = finish(command("fetch_tsa_history.py", None, tmp_path, "--offline", mode="paper"))
    assert code == 0 and "0 events" in out and "SAMPLE" in out


def test_wrong_dates_are_refused_in_one_line(tmp_path: Path) -> None:
    code, _, err = finish(command("fetch_tsa_history.py", None, tmp_path, "--start", "2027-01-01"))
    assert code == 2 and "is after --end" in err and "Traceback" not in err
