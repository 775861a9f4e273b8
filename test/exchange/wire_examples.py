"""Answers of the exchange as JSON objects, for tests to change one thing in."""

from __future__ import annotations

import json
from typing import Any

JsonObject = dict[str, Any]


def encoded(value: Any) -> bytes:
    """Return *value* as the bytes of an answer."""
    return json.dumps(value).encode()


def market(**changes: Any) -> JsonObject:
    """Return a quoted market of a weekly ladder; a change to `...` leaves the field out."""
    fields: JsonObject = {
        "ticker": "KXTSAW-26JUN14-A2.60",
        "event_ticker": "KXTSAW-26JUN14",
        "market_type": "binary",
        "title": "",
        "yes_sub_title": "Above 2,600,000",
        "no_sub_title": "Above 2,600,000",
        "created_time": "2026-06-02T14:00:12.345678Z",
        "updated_time": "2026-06-10T08:15:30Z",
        "open_time": "2026-06-08T14:00:00Z",
        "close_time": "2026-06-15T03:59:00Z",
        "latest_expiration_time": "2026-06-22T14:00:00Z",
        "settlement_timer_seconds": 3600,
        "settlement_bounds_type": "default",
        "status": "active",
        "result": "",
        "can_close_early": True,
        "expiration_value": "",
        "notional_value_dollars": "1.0000",
        "yes_bid_dollars": "0.4100",
        "yes_bid_size_fp": "120.00",
        "yes_ask_dollars": "0.4400",
        "yes_ask_size_fp": "35.50",
        "no_bid_dollars": "0.5600",
        "no_ask_dollars": "0.5900",
        "last_price_dollars": "0.4200",
        "previous_yes_bid_dollars": "0.4000",
        "previous_yes_ask_dollars": "0.4300",
        "previous_price_dollars": "0.4000",
        "volume_fp": "1234.00",
        "volume_24h_fp": "99.00",
        "open_interest_fp": "800.00",
        "price_level_structure": "linear_cent",
        "price_ranges": [{"start": "0.0000", "end": "1.0000", "step": "0.0100"}],
        "strike_type": "greater",
        "floor_strike": 2600000,
        "rules_primary": "Prose.",
        "rules_secondary": "More prose.",
        "exchange_index": 0,
    }
    return changed(fields, changes)


def order(**changes: Any) -> JsonObject:
    """Return a resting order."""
    fields: JsonObject = {
        "order_id": "9d9d",
        "user_id": "u",
        "client_order_id": "c",
        "ticker": "KXTSAW-26JUN14-A2.60",
        "outcome_side": "yes",
        "book_side": "bid",
        "type": "limit",
        "status": "resting",
        "yes_price_dollars": "0.4100",
        "no_price_dollars": "0.5900",
        "fill_count_fp": "2.00",
        "remaining_count_fp": "8.00",
        "initial_count_fp": "10.00",
        "taker_fill_cost_dollars": "0.8200",
        "maker_fill_cost_dollars": "0.0000",
        "taker_fees_dollars": "0.0340",
        "maker_fees_dollars": "0.0000",
        "created_time": "2026-06-08T14:00:01Z",
    }
    return changed(fields, changes)


def event(markets: list[JsonObject] | None = None, **changes: Any) -> JsonObject:
    """Return an event with *markets*."""
    fields: JsonObject = {
        "event_ticker": "KXTSAW-26JUN14",
        "series_ticker": "KXTSAW",
        "title": "Passengers this week",
        "sub_title": "June 8 to 14",
        "collateral_return_type": "",
        "mutually_exclusive": False,
        "settlement_sources": None,
        "markets": markets,
    }
    return changed(fields, changes)


def live_candle(end: int = 60, **changes: Any) -> JsonObject:
    """Return a candle in the names of live markets."""
    quotes = {f"{name}_dollars": "0.4100" for name in ("open", "low", "high", "close")}
    fields: JsonObject = {
        "end_period_ts": end,
        "yes_bid": dict(quotes),
        "yes_ask": dict.fromkeys(quotes, "0.4400"),
        "price": quotes | {"mean_dollars": "0.4150", "previous_dollars": "0.4000"},
        "volume_fp": "12.00",
        "open_interest_fp": "800.00",
    }
    return changed(fields, changes)


def archived_candle(end: int = 60, **changes: Any) -> JsonObject:
    """Return the same candle in the names of the archive."""
    quotes = dict.fromkeys(("open", "low", "high", "close"), "0.4100")
    fields: JsonObject = {
        "end_period_ts": end,
        "yes_bid": dict(quotes),
        "yes_ask": dict.fromkeys(quotes, "0.4400"),
        "price": quotes | {"mean": "0.4150", "previous": "0.4000"},
        "volume": "12.00",
        "open_interest": "800.00",
    }
    return changed(fields, changes)


def changed(fields: JsonObject, changes: JsonObject) -> JsonObject:
    """Return *fields* with *changes*; `...` leaves a field out."""
    return {name: value for name, value in (fields | changes).items() if value is not ...}
