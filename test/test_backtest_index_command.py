"""The index backtest from fetching to judging, on recordings made by the simulated exchange over a real socket."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clone import ROOT
from index.served import served
from kalshi.paper.exchange import PaperExchange
from kalshi.paper.feed import SimulatedFeed, kinds_of

EVERY = timedelta(minutes=5)
PERIOD = ("--series", "KXINX", "--start", "2026-10-05", "--end", "2026-10-06")


@pytest.fixture(scope="module")
def exchange() -> Iterator[tuple[str, list[str]]]:
    """Two sessions that were quoted, traded and paid, behind a socket."""
    now = [datetime(2026, 10, 5, 13, 20, tzinfo=UTC)]
    house = PaperExchange(None, lambda: now[0])
    feed = SimulatedFeed(house, lambda: now[0], seed=5, kinds=kinds_of("inx"), every=EVERY)
    for start in (now[0], now[0] + timedelta(days=1)):
        now[0] = start
        while now[0] < start + timedelta(hours=7, minutes=20):
            feed.step()
            now[0] += EVERY
    with served(house) as (base, seen):
        yield base, seen
    house.close()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


def run(home: Path, module: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(ROOT / "src"), "KALSHI_MODE": "paper",
           "KALSHI_ENV_FILE": os.devnull, "KALSHI_DATA_DIR": str(home / "data"),
           "KALSHI_REPORT_DIR": str(home / "reports"), **more}  # fmt: skip
    return subprocess.run(
        [sys.executable, "-m", f"kalshi.{module}", *arguments],
        env=env, capture_output=True, text=True, timeout=240, check=False, cwd=home,
    )  # fmt: skip


@pytest.fixture(scope="module")
def fetched(exchange: tuple[str, list[str]], home: Path) -> tuple[Path, subprocess.CompletedProcess[str]]:
    return home, run(home, "fetch_index_candles", *PERIOD, KALSHI_API_BASE=exchange[0])


def test_what_was_fetched_is_not_asked_for_again(
    exchange: tuple[str, list[str]], fetched: tuple[Path, subprocess.CompletedProcess[str]]
) -> None:
    home, first = fetched
    assert first.returncode == 0, first.stderr
    assert "2 events, 60 markets: 60 fetched now" in first.stdout
    before = sum("candlesticks" in path for path in exchange[1])
    again = run(home, "fetch_index_candles", *PERIOD, KALSHI_API_BASE=exchange[0])
    assert "60 were there" in again.stdout
    assert sum("candlesticks" in path for path in exchange[1]) == before


def test_the_backtest_is_judged_by_the_commands_of_the_tsa_backtest(
    fetched: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    home = fetched[0]
    options = (*PERIOD, "--no-price", "0.85", "--skip", "midday")
    kind = run(home, "backtest_index", *options, "--maker", "touch", "--out", str(home / "touch"))
    careful = run(home, "backtest_index", *options, "--out", str(home / "through"))
    assert kind.returncode == careful.returncode == 0, kind.stderr + careful.stderr
    assert "SAMPLE" in kind.stdout  # made-up recordings are no evidence, whatever they say
    assert "By event: mean" in kind.stdout
    tables = [next((home / name).glob("index_backtest_*.csv")) for name in ("touch", "through")]
    rows = [list(csv.DictReader(path.open(encoding="utf-8"))) for path in tables]
    assert len(rows[0]) >= len(rows[1]) > 0
    for row in [*rows[0], *rows[1]]:
        cost = 1 - float(row["fill_price"])
        expected = float(row["count"]) * (float(row["outcome"]) - cost) - float(row["fee"])
        assert float(row["pnl"]) == pytest.approx(expected)
        assert (row["side"], row["data"], row["role"]) == ("no", "SAMPLE", "maker")
    sanity = run(home, "analyze_backtest_sanity", "--csv", str(tables[0]))
    assert sanity.returncode == 0, sanity.stdout + sanity.stderr
    compared = run(home, "compare_backtests", "--baseline", str(tables[1]), "--candidate", str(tables[0]))
    assert compared.returncode == 0, compared.stdout + compared.stderr
    about = json.loads(tables[0].with_suffix(".json").read_text(encoding="utf-8"))
    assert about["kpis"]["trades"] == len(rows[0])
    cut = tables[0].read_text(encoding="utf-8").splitlines(keepends=True)
    tables[0].write_text("".join(cut[:-1]), encoding="utf-8")
    assert run(home, "analyze_backtest_sanity", "--csv", str(tables[0])).returncode == 1


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--series", "KXINXY", "--start", "2026-10-05", "--end", "2026-10-06"), 2, "no script trades it"),
        (("--start", "2026-10-07", "--end", "2026-10-06"), 2, "exchange the two"),
        (("--start", "2026-01-05", "--end", "2026-01-06"), 3, "run fetch_index_candles"),
        (("--start", "2026-01-05", "--end", "2026-01-06", "--maker", "hope"), 2, "--maker"),
    ],
)
def test_what_can_not_be_replayed_is_one_line(tmp_path: Path, options: tuple[str, ...], code: int, said: str) -> None:
    ended = run(tmp_path, "backtest_index", *options)
    assert ended.returncode == code, ended.stderr
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_without_network_the_fetch_says_so(tmp_path: Path) -> None:
    ended = run(tmp_path, "fetch_index_candles", *PERIOD, KALSHI_OFFLINE="true")
    assert ended.returncode == 0
    assert "0 events" in ended.stdout
