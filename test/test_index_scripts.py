"""The seven index scripts as they run: a SAMPLE day through the paper exchange, and as real processes."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal as D
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from clone import ROOT, bare_environment
from kalshi.connect import PAPER_STATE
from kalshi.exchange.models import Level, OrderBook
from kalshi.index.sample import SampleDay
from kalshi.paper.exchange import PaperExchange
from kalshi.runtime.market_days import MarketDays
from kalshi.store import Store

SCRIPTS = {
    "morning": "09:35",
    "main": "10:00",
    "nasdaq_daily_every_10_minutes": "10:10",
    "sp_daily_every_10_minutes": "10:20",
    "midday": "12:00",
    "before_close": "14:00",
    "afternoon": "15:50",
}
DAY = date(2026, 11, 24)
SESSION = MarketDays(date(2026, 11, 2), date(2026, 12, 31)).session(DAY)
EVENT = "KXINX-26NOV24H1600SAMPLE"
Start = Callable[..., str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty data directory, and no settings but those a test makes."""
    for name in list(os.environ):
        if name.startswith(("KALSHI_", "EMAIL_", "DEMO_")):
            monkeypatch.delenv(name)
    empty = tmp_path / "empty.env"
    empty.write_text("")
    monkeypatch.setenv("KALSHI_ENV_FILE", str(empty))
    monkeypatch.setenv("KALSHI_MODE", "paper")
    yield tmp_path


@pytest.fixture
def start(folder: Path, capsys: pytest.CaptureFixture[str]) -> Start:
    """Return a function that runs one script at a New York time and returns its report, on one line."""

    def run(script: str, time: str, *arguments: str, day: date = DAY, code: int = 0) -> str:
        common = ["--offline", "--date", f"{day}T{time}", "--data-dir", str(folder), "--report-dir", str(folder / "r")]
        ended = importlib.import_module(f"kalshi.{script}").main([*common, *arguments])
        said = capsys.readouterr()
        assert ended == code, said.err
        assert "Traceback" not in said.err
        return " ".join(said.out.split())

    return run


def new_york(time: str) -> datetime:
    return datetime.fromisoformat(f"{DAY}T{time}").replace(tzinfo=ZoneInfo("America/New_York"))


def paper(folder: Path, time: str) -> PaperExchange:
    return PaperExchange(folder / PAPER_STATE, lambda: new_york(time))


def buyers_of_yes(folder: Path, ticker: str, price: str, time: str, size: int = 500) -> None:
    """Let the outside world bid *price* for YES of one market, which fills NO bids at 1 - price or more."""
    assert SESSION is not None
    shown = SampleDay("KXINX", SESSION.opens_at, SESSION.closes_at, new_york(time)).snapshot()
    bid = D(price)
    book = OrderBook(yes_dollars=[Level(bid, D(size))], no_dollars=[Level(D("0.99") - bid, D(size))])
    markets = tuple(
        msgspec.structs.replace(m, yes_bid_dollars=bid, yes_ask_dollars=bid + D("0.01"), yes_bid_size_fp=D(size))
        if m.ticker == ticker
        else m
        for m in shown.markets
    )
    exchange = paper(folder, time)
    exchange.mirror(msgspec.structs.replace(shown, markets=markets, books=shown.books | {ticker: book}))
    exchange.close()


def resting(folder: Path, time: str) -> dict[str, D]:
    """Return the NO price of every own resting order by market."""
    exchange = paper(folder, time)
    with exchange.view() as world:
        found = {o.ticker.rpartition("-")[2]: D(1) - o.price for o in world.orders.values() if o.status == "resting"}
    exchange.close()
    return found


def places(folder: Path, time: str) -> dict[str, tuple[int, D]]:
    """Return the place in its queue and the size of every own resting order by market."""
    exchange = paper(folder, time)
    with exchange.view() as world:
        found = {
            o.ticker.rpartition("-")[2]: (o.priority, o.remaining)
            for o in world.orders.values()
            if o.status == "resting"
        }
    exchange.close()
    return found


def test_a_day_with_two_fills_locks_a_profit_and_ends_flat(start: Start, folder: Path) -> None:
    said = start("morning", "09:35")
    assert "*** SAMPLE ***" in said and "12 NO bids" in said and "worst case if one leg fills $-4.95" in said
    blanket = resting(folder, "09:36")
    assert len(blanket) == 12 and set(blanket.values()) == {D("0.45")}

    again = start("morning", "09:40")
    assert "12 stay, 0 to cancel" in again
    blanket = resting(folder, "09:41")

    assert "waiting: nothing has filled" in start("sp_daily_every_10_minutes", "09:45")
    first, second = sorted(blanket)[4:6]
    buyers_of_yes(folder, f"{EVENT}-{first}", "0.56", "09:50")
    said = start("sp_daily_every_10_minutes", "09:55")
    assert "state COMPLETE: 1 NO legs, common size 11, guaranteed P&L $-4.9500" in said
    completing = resting(folder, "09:56")
    assert first not in completing and set(completing.values()) == {D("0.54")}
    assert ", 0 to cancel, " in start("sp_daily_every_10_minutes", "10:05")
    completing = resting(folder, "10:06")

    assert "sp_daily_every_10_minutes completes the set" in start("midday", "12:00")
    assert resting(folder, "12:01") == completing

    buyers_of_yes(folder, f"{EVENT}-{second}", "0.47", "12:05")
    said = start("sp_daily_every_10_minutes", "12:10")
    # 11 x (0.55 + 0.46) - 11 = 0.11
    assert "state LOCKED: 2 NO legs, common size 11, guaranteed P&L $0.1100" in said
    rolling = resting(folder, "12:11")
    assert len(rolling) == 3 and set(rolling.values()) == {D("0.80")}

    assert "no bid rests any more" in start("sp_daily_every_10_minutes", "15:40")
    assert resting(folder, "15:41") == {}
    said = start("afternoon", "15:50")
    assert "2 positions" in said
    assert "no market to decide on" in start("afternoon", "15:55")
    store = Store.open(folder / "kalshi_paper.db")
    assert {row.state for row in store.orders(event_ticker=EVENT)} == {"accepted"}
    store.close()


def test_a_partial_fill_makes_the_other_orders_smaller_and_they_keep_their_place(start: Start, folder: Path) -> None:
    start("morning", "09:35")
    first = sorted(resting(folder, "09:36"))[4]
    before = places(folder, "09:36")
    buyers_of_yes(folder, f"{EVENT}-{first}", "0.56", "09:50", size=4)
    said = start("sp_daily_every_10_minutes", "09:55", "--complete-price", "0.45")
    assert "state COMPLETE: 1 NO legs, common size 4" in said and "11 to make smaller, 1 to cancel" in said
    after = places(folder, "09:56")
    assert set(before) - set(after) == {first}
    kept = set(before) & set(after)
    assert len(kept) == 11 and all(after[name][0] == before[name][0] for name in kept)
    assert {count for _, count in after.values()} == {D(4)}
    assert "to make smaller" not in start("sp_daily_every_10_minutes", "10:05", "--complete-price", "0.45")


def test_midday_takes_an_unfilled_blanket_down(start: Start, folder: Path) -> None:
    start("morning", "09:35", "--count", "3")
    assert len(resting(folder, "09:36")) == 12
    assert "12 to cancel" in start("midday", "12:00")
    assert resting(folder, "12:01") == {}
    # Placed again on purpose: a new attempt with a new identity.
    assert "0 stay, 0 to cancel" in start("morning", "10:15", "--count", "3")
    assert len(resting(folder, "10:16")) > 5


def test_a_dry_run_decides_and_sends_nothing(start: Start, folder: Path) -> None:
    said = start("morning", "09:35", "--dry-run")
    assert "dry run: would buy 11 NO" in said and "quoted on both sides" in said
    assert resting(folder, "09:36") == {}
    start("morning", "09:36")
    assert len(resting(folder, "09:37")) > 5


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--count", "100"], "KALSHI_MAX_ORDER_COST 10.00. It fits with --count 21"),
        (["--max-event-loss", "1"], "--max-event-loss 1.00"),
        (["--max-gross", "20"], "--max-gross 20.00"),
    ],
)
def test_a_refused_blanket_is_a_reason_and_not_an_error(
    start: Start, folder: Path, arguments: list[str], words: str
) -> None:
    said = start("morning", "09:35", *arguments)
    assert f"{words}" in said and "Refused:" in said
    assert resting(folder, "09:36") == {}


def test_cheap_yes_is_bought_once(start: Start, folder: Path) -> None:
    wide = ("--max-yes-ask", "0.06", "--window-pct", "0.03", "--budget-per-market", "1")
    said = start("nasdaq_daily_every_10_minutes", "10:10", *wide)
    assert "agrees with the ladder" in said and "accepted" in said
    again = start("nasdaq_daily_every_10_minutes", "10:20", *wide)
    assert "bought or tried today already" in again
    store = Store.open(folder / "kalshi_paper.db")
    rows = store.orders()
    store.close()
    assert len({row.ticker for row in rows}) == len(rows) > 0
    assert sum(row.price * row.count + row.fee_bound for row in rows) <= 30


def test_yesterdays_positions_are_paid_before_today_begins(start: Start, folder: Path) -> None:
    wide = ("--max-yes-ask", "0.06", "--window-pct", "0.03", "--budget-per-market", "1")
    assert "accepted" in start("nasdaq_daily_every_10_minutes", "10:10", *wide)
    said = start("nasdaq_daily_every_10_minutes", "10:10", day=DAY + timedelta(days=1))
    assert "KXNASDAQ100-26NOV24H1600SAMPLE" in said and "was settled" in said


@pytest.mark.parametrize(
    "time, words",
    [
        ("09:45", "of a day's variance is left"),
        ("15:45", "no open KXNASDAQ100 event closes at 2026-11-25 16:00 EST"),
        ("22:45", "report only"),
    ],
)
def test_the_valuation_in_each_of_its_slots(start: Start, time: str, words: str) -> None:
    assert words in start("before_close", time)


def test_the_valuation_takes_a_file_and_refuses_one_with_a_hole(start: Start, folder: Path) -> None:
    file = folder / "closes.csv"
    file.write_text("date,close\n2026-11-19,26000\n2026-11-20,26100\n")
    arguments = ("--history", str(file), "--history-start", "2026-11-19")
    start("before_close", "10:00", *arguments, code=3)
    file.write_text("date,close\n2026-11-19,26000\n2026-11-20,26100\n2026-11-23,27000\n")
    start("before_close", "10:00", *arguments, code=3)  # two moves are fewer than --min-n
    said = start("before_close", "10:00", *arguments, "--min-n", "2", "--model", "empirical")
    assert "3 closes from 2026-11-19 to 2026-11-23, closes.csv" in said


def test_with_trade_the_valuation_passes_the_desk(start: Start) -> None:
    said = start("before_close", "14:00", "--trade", "--min-edge", "0", "--dry-run")
    assert "Own orders" in said and "--trade was not given" not in said


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize(
    "day, time, words",
    [
        (date(2026, 11, 26), "10:30", "no session on Thursday, 2026-11-26"),
        (date(2026, 11, 28), "10:30", "no session on Saturday"),
        (date(2026, 11, 24), "08:00", "08:00 is outside of its window"),
    ],
)
def test_outside_of_session_and_window_nothing_is_done(
    start: Start, script: str, day: date, time: str, words: str
) -> None:
    assert words in start(script, time, day=day)


def test_a_half_day_ends_three_hours_earlier(start: Start) -> None:
    half = date(2026, 11, 27)
    assert "no market to decide on" in start("afternoon", "12:50", day=half)
    assert "outside of its window" in start("afternoon", "15:50", day=half)
    assert "0 own orders rest" in start("midday", "11:30", day=half)


def test_the_list_of_cheap_no(start: Start) -> None:
    assert "NO contracts below 0.15" in start("main", "10:00")
    said = start("main", "10:00", "--max-no-ask", "0.95")
    assert "cheap NO" in said


@pytest.mark.parametrize("arguments", [["--no-price", "1.5"], ["--no-price", "x"], ["--count", "0.5"]])
def test_impossible_parameters_are_a_usage_error(start: Start, arguments: list[str]) -> None:
    start("morning", "09:35", *arguments, code=2)


@pytest.mark.parametrize("script", SCRIPTS)
def test_each_script_starts_by_path(script: str, tmp_path: Path) -> None:
    started(tmp_path, script, [str(ROOT / "src" / "kalshi" / f"{script}.py")])


@pytest.mark.parametrize("script", ["morning", "before_close"])
def test_scripts_start_as_modules(script: str, tmp_path: Path) -> None:
    started(tmp_path, script, ["-m", f"kalshi.{script}"], PYTHONPATH=str(ROOT / "src"))


def started(folder: Path, script: str, command: list[str], **more: str) -> None:
    """Start a script from another folder, with an almost empty environment, as cron would."""
    (folder / "env").write_text("")
    env = bare_environment(folder / "home", KALSHI_ENV_FILE=str(folder / "env"), **more)
    arguments = ["--mode", "paper", "--offline", "--date", f"{DAY}T{SCRIPTS[script]}", "--no-email"]
    arguments += ["--data-dir", str(folder), "--report-dir", str(folder / "reports")]
    ended = subprocess.run(
        [sys.executable, *command, *arguments],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "*** SAMPLE ***" in ended.stdout and "Traceback" not in ended.stderr
