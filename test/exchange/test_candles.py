"""Four answers with candles, one shape."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from exchange.wire_examples import archived_candle, encoded, live_candle
from kalshi.errors import ResponseError
from kalshi.exchange.candles import (
    decode_archived_candles,
    decode_batch_candles,
    decode_candles,
    decode_event_candles,
)
from kalshi.exchange.models import OHLC, Candle, Price

D = Decimal
LIVE, OLD = "GET live candles of T", "GET archived candles of T"
EXPECTED = Candle(
    end_period_ts=60,
    yes_bid=OHLC(open=D("0.41"), high=D("0.41"), low=D("0.41"), close=D("0.41")),
    yes_ask=OHLC(open=D("0.44"), high=D("0.44"), low=D("0.44"), close=D("0.44")),
    price=Price(
        open=D("0.41"), high=D("0.41"), low=D("0.41"), close=D("0.41"), mean=D("0.415"), previous=D("0.4")
    ),
    volume=D(12),
    open_interest=D(800),
)


def live(*candles: Any) -> bytes:
    return encoded({"ticker": "T", "candlesticks": list(candles)})


def test_all_four_forms_are_one_shape() -> None:
    assert decode_candles(live(live_candle()), LIVE) == [EXPECTED]
    assert decode_archived_candles(live(archived_candle()), OLD) == [EXPECTED]
    batch = {"markets": [{"market_ticker": "T", "candlesticks": [live_candle()]},
                         {"market_ticker": "IDLE", "candlesticks": []}]}
    assert decode_batch_candles(encoded(batch), "GET batch") == {"T": [EXPECTED], "IDLE": []}
    event = {"market_tickers": ["T", "U"], "market_candlesticks": [[live_candle()], []], "adjusted_end_ts": 99}
    assert decode_event_candles(encoded(event), "GET event") == ({"T": [EXPECTED], "U": []}, 99)


@pytest.mark.parametrize("price", [{}, {"open_dollars": None, "close_dollars": None}, {"previous_dollars": "0.40"}])
def test_a_live_period_without_trades_has_no_prices(price: dict[str, Any]) -> None:
    [candle] = decode_candles(live(live_candle(price=price)), LIVE)
    assert candle.price.close is None and candle.price.open is None
    assert candle.yes_bid.close == D("0.41")


def test_null_quotes_are_allowed_and_an_archived_period_without_trades_too() -> None:
    nothing: dict[str, Any] = dict.fromkeys(("open", "low", "high", "close"))
    [candle] = decode_archived_candles(live(archived_candle(yes_bid=nothing, price=nothing)), OLD)
    assert candle.yes_bid == OHLC() and candle.price == Price()


def test_the_names_of_the_other_kind_are_an_error_and_never_no_quotes() -> None:
    with pytest.raises(ResponseError, match=r"answer for T: field candlesticks\[0\]\.yes_bid\.open_dollars"):
        decode_candles(live(archived_candle(volume_fp="1", open_interest_fp="1")), LIVE)
    with pytest.raises(ResponseError, match=r"candlesticks\[0\]\.yes_bid\.open: .*missing"):
        decode_archived_candles(live(live_candle(volume="1", open_interest="1")), OLD)
    with pytest.raises(ResponseError, match=r"candlesticks\[0\]\.price\.close: the name is of the other kind"):
        decode_candles(live(live_candle(price={"close": "0.41"})), LIVE)
    with pytest.raises(ResponseError, match=r"price\.close_dollars: the name is of the other kind"):
        decode_archived_candles(live(archived_candle(price={"close_dollars": "0.41"})), OLD)


def test_both_names_at_once_are_only_an_unknown_field() -> None:
    both = live_candle(price={"close": "0.5", "close_dollars": "0.41"})
    assert decode_candles(live(both), LIVE)[0].price.close == D("0.41")


@pytest.mark.parametrize("value", ["NaN", "-0.01", "1.01", "Infinity", "", "x", True])
@pytest.mark.parametrize("side", ["yes_bid", "yes_ask", "price"])
def test_an_impossible_price_names_the_candle_and_the_side(side: str, value: Any) -> None:
    candle = live_candle(120)
    candle[side] = candle[side] | {"high_dollars": value}
    with pytest.raises(ResponseError, match=rf"answer for T: field candlesticks\[1\]\.{side}\.high_dollars: "):
        decode_candles(live(live_candle(), candle), LIVE)


@pytest.mark.parametrize("field", ["end_period_ts", "yes_bid", "yes_ask", "price", "volume_fp", "open_interest_fp"])
def test_a_missing_field_of_a_live_candle_is_named(field: str) -> None:
    with pytest.raises(ResponseError, match=rf"GET live candles of T: answer for T: field candlesticks\[0\]\.{field}"):
        decode_candles(live(live_candle(**{field: ...})), LIVE)


@pytest.mark.parametrize("field", ["end_period_ts", "yes_bid", "yes_ask", "price", "volume", "open_interest"])
def test_a_missing_field_of_an_archived_candle_is_named(field: str) -> None:
    with pytest.raises(ResponseError, match=rf"candlesticks\[0\]\.{field}"):
        decode_archived_candles(live(archived_candle(**{field: ...})), OLD)


def test_an_endless_volume_is_malformed() -> None:
    with pytest.raises(ResponseError, match=r"candlesticks\[0\]\.volume_fp: NaN is no number"):
        decode_candles(live(live_candle(volume_fp="NaN")), LIVE)


def test_an_event_whose_lists_do_not_pair_is_an_error() -> None:
    event = {"market_tickers": ["T", "U"], "market_candlesticks": [[]], "adjusted_end_ts": 99}
    with pytest.raises(ResponseError, match="1 lists for 2 market_tickers"):
        decode_event_candles(encoded(event), "GET event")


def test_unknown_fields_pass() -> None:
    extra = live_candle(brand_new={"x": 1})
    extra["yes_bid"] = extra["yes_bid"] | {"median_dollars": "0.4"}
    assert decode_candles(live(extra), LIVE) == [EXPECTED]
