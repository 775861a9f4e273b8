"""Answers with details of series and events: fee changes, metadata, and what the ladder forecasts."""

from __future__ import annotations

from typing import Any

from kalshi.paper.fee_changes import changes_of
from kalshi.paper.forecasts import forecasts
from kalshi.paper.parsing import MAX_TIME, Request
from kalshi.paper.refusals import bad_parameter, not_found
from kalshi.paper.routes_public import Answer
from kalshi.paper.wire import iso, plain_number
from kalshi.paper.world import World

MOST_PERCENTILES = 10
MOST_POINTS = 5_000


def series_fee_changes(world: World, request: Request) -> Answer:
    """Answer the changes to come of series, those of before too where history is asked for."""
    past = request.flag("show_historical")
    rows = [
        {
            "id": one.change_id,
            "series_ticker": one.series_ticker,
            "fee_type": one.fee_type,
            "fee_multiplier": plain_number(one.multiplier),
            "scheduled_ts": iso(one.scheduled_at),
        }
        for one in changes_of(world, events=False, ticker=request.text("series_ticker"), past=past)
    ]
    return 200, {"series_fee_change_arr": rows}


def event_fee_changes(world: World, request: Request) -> Answer:
    """Answer a page of the changes of events, those in force too; null takes an override away."""
    page, cursor = request.page(changes_of(world, events=True, ticker=request.text("event_ticker")), most=1000)
    rows = [
        {
            "id": one.change_id,
            "event_ticker": one.event_ticker,
            "series_ticker": one.series_ticker,
            "fee_type_override": one.fee_type,
            "fee_multiplier_override": plain_number(one.multiplier),
            "scheduled_ts": iso(one.scheduled_at),
        }
        for one in page
    ]
    return 200, {"event_fee_changes": rows, "cursor": cursor}


def event_metadata(world: World, request: Request) -> Answer:
    """Answer an event's metadata; there are no pictures here, and one colour."""
    listed = world.events.get(request.names["event_ticker"])
    if listed is None:
        raise not_found("event")
    markets: list[dict[str, Any]] = [
        {"market_ticker": ticker, "image_url": "", "color_code": "#000000"}
        for ticker in world.event_markets[listed.ticker]
    ]
    return 200, {"image_url": "", "settlement_sources": [], "market_details": markets}


def forecast_history(world: World, request: Request) -> Answer:
    """Answer percentiles of the outcome as the ladder's quotes had them at the end of each period."""
    percentiles = []
    for text in [word for words in request.query.get("percentiles", []) for word in words.split(",")]:
        if not text.isascii() or not text.isdigit() or int(text) > 9999:
            raise bad_parameter("percentiles: expected whole numbers from 0 to 9999 (hundredths of a percent)")
        percentiles.append(int(text))
    start, end = (request.integer(name, 0, MAX_TIME) for name in ("start_ts", "end_ts"))
    period = request.choice("period_interval", ("0", "1", "60", "1440"))
    if start is None or end is None or not period or not 1 <= len(percentiles) <= MOST_PERCENTILES:
        raise bad_parameter("percentiles (1 to 10), start_ts, end_ts and period_interval are required")
    minutes = max(1, int(period))
    if end < start or (end - start) // (minutes * 60) > MOST_POINTS:
        raise bad_parameter(f"end_ts is before start_ts, or the range holds more than {MOST_POINTS} points")
    listed = world.events.get(request.names["ticker"])
    if listed is None or listed.event.series_ticker != request.names["series_ticker"]:
        raise not_found("event")
    rows = [
        {
            "event_ticker": listed.ticker,
            "end_period_ts": ends,
            "period_interval": int(period),
            "percentile_points": [
                {
                    "percentile": one,
                    "raw_numerical_forecast": value,
                    "numerical_forecast": round(value, 2),
                    "formatted_forecast": f"{value:,.2f}",
                }
                for one, value in zip(percentiles, values, strict=True)
            ],
        }
        for ends, values in forecasts(world, listed.ticker, percentiles, start, end, minutes)
    ]
    return 200, {"forecast_history": rows}
