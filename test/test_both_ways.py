"""The same script over the engine in its own process, and over HTTP with a replay clock: identical fills."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal as D
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from clone import ROOT
from kalshi.connect import PAPER_STATE
from kalshi.exchange.models import Level, OrderBook
from kalshi.index.sample import SampleDay
from kalshi.paper.exchange import PaperExchange
from kalshi.runtime.market_days import MarketDays
from test_tsa_trading_bot import World, run_bot, world

__all__ = ["world"]

DAY = date(2026, 11, 24)
SESSION = MarketDays(date(2026, 11, 2), date(2026, 12, 31)).session(DAY)
EVENT = "KXINX-26NOV24H1600SAMPLE"


def new_york(time: str) -> datetime:
    return datetime.fromisoformat(f"{DAY}T{time}").replace(tzinfo=ZoneInfo("America/New_York"))


def show(folder: Path, time: str, bought: dict[str, str]) -> None:
    """Show the SAMPLE ladder in a state file; in the markets *bought* somebody bids this price for 500 YES."""
    assert SESSION is not None
    shown = SampleDay("KXINX", SESSION.opens_at, SESSION.closes_at, new_york(time)).snapshot()
    books, markets = dict(shown.books), []
    for market in shown.markets:
        bid = D(bought.get(market.ticker.rpartition("-")[2], "0"))
        if bid:
            books[market.ticker] = OrderBook(
                yes_dollars=[Level(bid, D(500))], no_dollars=[Level(D("0.99") - bid, D(500))]
            )
        changed = {"yes_bid_dollars": bid, "yes_ask_dollars": bid + D("0.01"), "yes_bid_size_fp": D(500)} if bid else {}
        markets.append(msgspec.structs.replace(market, **changed))
    exchange = PaperExchange(folder / PAPER_STATE, lambda: new_york(time))
    exchange.mirror(msgspec.structs.replace(shown, markets=tuple(markets), books=books))
    exchange.close()


def outcome(state: Path, owner: str | None = None) -> dict[str, Any]:
    """Return fills, orders, positions and cash of the one member, without ids and times."""
    exchange = PaperExchange(state, lambda: new_york("15:00"))
    with exchange.view() as world:
        (name,) = {key.account_id for key in world.keys.values()} if owner is None else {owner}
        fills = [(f.ticker, f.side, f.price, f.count, f.fee, f.is_taker) for f in world.fills[name]]
        orders = sorted((o.ticker, o.side, o.price, o.filled, o.remaining, o.status) for o in world.orders.values())
        held = sorted((p.ticker, p.quantity, p.cost) for (who, _), p in world.positions.items() if who == name)
        cash = world.accounts[name].cash
    exchange.close()
    return {"fills": fills, "orders": orders, "positions": held, "cash": cash}


@pytest.fixture
def quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """No settings but those a test makes."""
    for name in list(os.environ):
        if name.startswith(("KALSHI_", "EMAIL_", "DEMO_")):
            monkeypatch.delenv(name)
    (tmp_path / "empty.env").touch()
    monkeypatch.setenv("KALSHI_ENV_FILE", str(tmp_path / "empty.env"))
    monkeypatch.setenv("KALSHI_MODE", "paper")
    yield monkeypatch


def start(script: str, time: str, folder: Path, said: pytest.CaptureFixture[str]) -> str:
    words = ["--offline", "--date", f"{DAY}T{time}", "--data-dir", str(folder), "--report-dir", str(folder / "reports")]
    ended = importlib.import_module(f"kalshi.{script}").main(words)
    told = said.readouterr()
    assert ended == 0, told.err
    assert "PAPER" in told.out
    return " ".join(told.out.split())


class Replay:
    """A served exchange whose clock stands until it is told to move."""

    def __init__(self, folder: Path, time: str) -> None:
        self.process = subprocess.Popen(
            [
                sys.executable, "-m", "kalshi.paper", "--state", str(folder / PAPER_STATE), "--port", "0",
                "--clock", "stepped", "--date", f"{DAY}T{time}", "--tier", "none",
            ],
            env=os.environ | {"PYTHONPATH": str(ROOT / "src")}, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.base = self.process.stdout.readline().split()[-1]

    def move(self, time: str) -> None:
        body = json.dumps({"do": "clock", "to": new_york(time).isoformat()}).encode()
        place = self.base.removesuffix("/trade-api/v2") + "/control"
        urllib.request.urlopen(urllib.request.Request(place, body, {"Content-Type": "application/json"}), timeout=10)


def index_day(folder: Path, said: pytest.CaptureFixture[str], replay: Replay | None) -> dict[str, Any]:
    """A blanket, a fill, its completion, another fill, and the bot's next look at it."""
    start("morning", "09:35", folder, said)
    blanket = sorted({row[0].rpartition("-")[2] for row in outcome(folder / PAPER_STATE)["orders"]})
    for script, time, bought in [
        ("sp_daily_every_10_minutes", "09:55", {blanket[4]: "0.56"}),
        ("sp_daily_every_10_minutes", "12:10", {blanket[5]: "0.47"}),
        ("midday", "12:15", {}),
    ]:
        show(folder, time, bought)
        if replay is not None:
            replay.move(time)
        start(script, time, folder, said)
    return outcome(folder / PAPER_STATE)


def test_the_index_scripts_get_the_same_fills_both_ways(
    tmp_path: Path, quiet: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    in_process = index_day(inside, capsys, None)
    show(outside, "09:35", {})
    replay = Replay(outside, "09:35")
    try:
        quiet.setenv("KALSHI_API_BASE", replay.base)
        over_http = index_day(outside, capsys, replay)
    finally:
        replay.process.terminate()
        replay.process.wait(30)
    assert len(in_process["fills"]) >= 2 and in_process == over_http


def test_the_tsa_bot_gets_the_same_fills_both_ways(world: World, tmp_path: Path) -> None:
    paper = {"KALSHI_MODE": "paper"}
    ended = run_bot(world, tmp_path, **paper)
    assert ended.returncode == 0 and "PAPER" in ended.stdout, ended.stderr
    outside = outcome(tmp_path / "served.sqlite", "11111111-2222-3333-4444-555555555555")

    # The same counts and the same ladder, which the first run kept, and an exchange in the bot's own process.
    inside = tmp_path / "inside"
    inside.mkdir()
    for kept in (tmp_path / "data").iterdir():
        if kept.is_file() and "sqlite" not in kept.name and ".db" not in kept.name:
            shutil.copy(kept, inside / kept.name)
    ended = run_bot(
        world, tmp_path, "--offline", KALSHI_API_BASE="", KALSHI_KEY_ID="", KALSHI_PRIVATE_KEY_PATH="",
        KALSHI_DATA_DIR=str(inside), KALSHI_PAPER_BALANCE="500", **paper,
    )  # fmt: skip
    assert ended.returncode == 0 and "PAPER" in ended.stdout and "saved" in ended.stdout, ended.stdout + ended.stderr
    within = outcome(inside / PAPER_STATE)
    assert outside["fills"] or outside["orders"]
    assert within == outside
