"""History files: read exactly, refused with file, line and column."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from kalshi.errors import ConfigError, DataError, KalshiError
from kalshi.tsa.backtest import Settings, run_backtest
from kalshi.tsa.quotes import EventHistory, read_history
from kalshi.tsa.vintages import Vintages

CANDLES = "ticker,end_period_ts,yes_bid_close_dollars,yes_ask_close_dollars\n"
MARKETS = "ticker,result,floor_strike,close_time_utc,strike_type\n"
TICKER = "KXTSAW-26APR19-A2.25"
SPAN = {"start": date(2026, 1, 1), "end": date(2026, 12, 31)}


def read(folder: Path, candles: str, markets: str | None = None, **options: object) -> list[EventHistory]:
    (folder / "candles.csv").write_text(CANDLES + candles)
    if markets is not None:
        (folder / "markets.csv").write_text(MARKETS + markets)
    path = folder / "markets.csv" if markets is not None else None
    return read_history(folder / "candles.csv", path, **{**SPAN, **options})  # type: ignore[arg-type]


def test_candles_and_results_are_joined(tmp_path: Path) -> None:
    [event] = read(
        tmp_path,
        f"{TICKER},1776225600,0.41,0.44\n{TICKER},1776139200,,\n",
        f"{TICKER},yes,2250000,2026-04-20T03:59:00Z,greater\nKXTSAW-26APR19-A2.30,no,2300000,,greater\n",
    )
    assert (event.event_ticker, event.sunday, event.has_results) == ("KXTSAW-26APR19", date(2026, 4, 19), True)
    assert event.close_at == datetime(2026, 4, 20, 3, 59, tzinfo=UTC)
    first, second = event.markets
    assert [(c.end_ts, c.bid, c.ask) for c in first.candles] == [
        (1776139200, None, None),
        (1776225600, Decimal("0.41"), Decimal("0.44")),
    ]
    assert first.candles[0].is_null and (second.strike, second.result, second.candles) == (2_300_000, "no", ())


def test_the_extremes_of_a_period_are_read_where_the_file_has_them(tmp_path: Path) -> None:
    path = tmp_path / "candles.csv"
    names = "yes_bid_high_dollars,yes_ask_low_dollars,price_low_dollars,price_high_dollars"
    path.write_text(
        CANDLES.strip() + f",{names}\n{TICKER},1776139200,0.41,0.44,0.43,0.42,0.40,0.45\n"
        f"{TICKER},1776225600,0.00,1.00,0.98,0.00,,\n{TICKER},1776312000,,,,,,\n"
    )
    [event] = read_history(path, None, **SPAN)
    reach = [(candle.cheapest, candle.dearest) for candle in event.markets[0].candles]
    assert reach == [(Decimal("0.40"), Decimal("0.45")), (None, Decimal("0.98")), (None, None)]


def test_without_extremes_the_close_is_all_that_is_known(tmp_path: Path) -> None:
    [event] = read(tmp_path, f"{TICKER},1776225600,0.41,0.44\n")
    [candle] = event.markets[0].candles
    assert (candle.cheapest, candle.dearest) == (Decimal("0.44"), Decimal("0.41"))


def test_without_markets_the_candles_name_them(tmp_path: Path) -> None:
    [event] = read(tmp_path, f"{TICKER},1776225600,0.41,0.44\n")
    assert not event.has_results and [m.result for m in event.markets] == [""]


def test_only_weeks_of_the_period_are_returned(tmp_path: Path) -> None:
    rows = f"{TICKER},1776225600,0.41,0.44\n"
    assert read(tmp_path, rows, start=date(2026, 4, 19), end=date(2026, 4, 19))
    assert not read(tmp_path, rows, end=date(2026, 4, 18))
    assert not read(tmp_path, rows, start=date(2026, 4, 20))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (f"{TICKER},1776225600,1.41,0.44", r"line 2: yes_bid_close_dollars is '1.41'"),
        (f"{TICKER},1776225600,0.41,cheap", r"line 2: yes_ask_close_dollars is 'cheap'"),
        (f"{TICKER},1776225600,0.41,NaN", r"line 2: yes_ask_close_dollars is 'NaN'"),
        (f"{TICKER},noon,0.41,0.44", r"line 2: end_period_ts is 'noon'"),
        ("KXBTC-26APR19-B1,1776225600,0.41,0.44", r"line 2: .*KXBTC"),
        ("KXTSAW-26APR18-A2.25,1776225600,0.41,0.44", r"line 2: .*Saturday"),
        (f"{TICKER},1776225600,0.41", r"line 2: not as many cells"),
        (f"{TICKER},1776225600,0.41,0.44\n{TICKER},1776225600,0.41,0.44", r"line 3: .*two candles"),
        ("", r"holds no candles"),
    ],
)
def test_bad_candles_are_named(tmp_path: Path, row: str, said: str) -> None:
    with pytest.raises(DataError, match=said) as caught:
        read(tmp_path, f"{row}\n" if row else "")
    assert "candles.csv" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (f"{TICKER},yes,2300000,,greater", "contradicts the ticker"),
        (f"{TICKER},yes,2250000,,between", "strike_type is 'between'"),
        (f"{TICKER},yes,2250000,soon,greater", "close_time_utc is 'soon'"),
        (f"{TICKER},yes,many,,greater", "floor_strike is 'many'"),
        (f"{TICKER},yes,2250000,,greater\n{TICKER},no,2250000,,greater", "occurs twice"),
    ],
)
def test_bad_markets_are_named(tmp_path: Path, row: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        read(tmp_path, f"{TICKER},1776225600,0.41,0.44\n", f"{row}\n")


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    path = tmp_path / "short.csv"
    path.write_text("ticker,end_period_ts\n")
    with pytest.raises(DataError, match="column yes_bid_close_dollars is missing"):
        read_history(path, None, **SPAN)


@pytest.mark.parametrize("text", ["", "\n\n"])
def test_an_empty_file_is_called_empty(tmp_path: Path, text: str) -> None:
    path = tmp_path / "empty.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=r"empty\.csv is empty: expected a first line with ticker"):
        read_history(path, None, **SPAN)


def test_files_that_are_none_are_refused(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for path, kind in ((tmp_path / "absent", ConfigError), (tmp_path, ConfigError), (tmp_path / "binary", DataError)):
        with pytest.raises(KalshiError) as caught:
            read_history(path, None, **SPAN)
        assert type(caught.value) is kind


@pytest.mark.parametrize(("gap", "interval", "fits"), [
    (86400, 1440, True), (82800, 1440, True), (3600, 60, True), (7200, 60, True), (60, 1, True),
    (3600, 1440, False), (86400, 60, False), (86400, 1, False), (5400, 60, False),
])  # fmt: skip
def test_candles_of_another_length_are_refused(tmp_path: Path, gap: int, interval: int, fits: bool) -> None:
    rows = "".join(f"{TICKER},{1776139200 + i * gap},0.41,0.44\n" for i in range(3))
    if fits:
        assert read(tmp_path, rows, interval=interval)
    else:
        with pytest.raises(DataError, match="change --interval"):
            read(tmp_path, rows, interval=interval)


def test_the_real_history(real_candles: Path, real_markets: Path, real_vintages: Vintages) -> None:
    events = read_history(real_candles, real_markets, start=date(2026, 1, 1), end=date(2026, 6, 30))
    assert len(events) == 17 and {len(event.markets) for event in events} == {21}
    result = run_backtest(events, real_vintages, Settings(model="yoy_hol"))
    assert result.mismatches == []
    assert result.funnel()[:3] == [("markets", 357), ("of events that could be decided", 357), ("with a result", 357)]
    assert result.left["quote", "the exchange gives no quotes for this candle (old event)"] == 231
    assert result.trades and {t.settlement_check for t in result.trades} == {"agrees"}
    for trade in result.trades:
        expected = trade.quote.ask if trade.side == "yes" else trade.quote.bid
        assert trade.fill_price == expected and 0 < trade.fill_price < 1
        assert trade.event.open_at <= trade.forecast.as_of < datetime.fromtimestamp(trade.quote.end_ts, UTC)
        assert datetime.fromtimestamp(trade.quote.end_ts, UTC) <= trade.event.close_at
