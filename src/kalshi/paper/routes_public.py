"""Public answers: exchange state, series, events, markets, order books, trades."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from kalshi.exchange.models import Series
from kalshi.paper.lifecycle import market_status
from kalshi.paper.parsing import MAX_TIME, Request
from kalshi.paper.refusals import bad_parameter, not_found
from kalshi.paper.wire import iso, market_wire, on_the_wire, orderbook_wire, trade_wire, without_absent
from kalshi.paper.world import ListedEvent, Listing, World

Answer = tuple[int, Any]

# Filter words are not status words.
FILTERS = {
    "unopened": ("initialized",),
    "open": ("active",),
    "paused": ("inactive",),
    "closed": ("closed", "determined", "disputed", "amended"),
    "settled": ("finalized",),
}
EVENT_FILTERS = ("unopened", "open", "closed", "settled")
HISTORY = timedelta(days=90)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def exchange_status(world: World, request: Request) -> Answer:
    """Answer that everything is open, shard by shard."""
    shards = sorted({0} | {listing.exchange_index for listing in world.listings.values()})
    flags = {"exchange_active": True, "trading_active": True, "intra_exchange_transfers_active": False}
    statuses = [{"exchange_index": shard, "description": f"paper shard {shard}", **flags} for shard in shards]
    return 200, {**flags, "exchange_index_statuses": statuses}


def exchange_schedule(world: World, request: Request) -> Answer:
    """Answer that trading is open round the clock; the paper exchange keeps no maintenance."""
    whole_day = [{"open_time": "00:00", "close_time": "00:00"}]
    hours = {"start_time": iso(request.now - HISTORY), "end_time": iso(request.now + HISTORY)}
    hours.update(dict.fromkeys(WEEKDAYS, whole_day))  # type: ignore[arg-type]
    return 200, {"schedule": {"standard_hours": [hours], "maintenance_windows": []}}


def user_data_timestamp(world: World, request: Request) -> Answer:
    """Answer that reads are as fresh as now."""
    return 200, {"as_of_time": iso(request.now)}


def historical_cutoff(world: World, request: Request) -> Answer:
    """Answer a cutoff before everything this exchange has: nothing is archived."""
    cutoff = iso(request.now - 100 * HISTORY)
    names = (
        "market_settled_ts",
        "trades_created_ts",
        "orders_updated_ts",
        "market_positions_last_updated_ts",
    )
    return 200, dict.fromkeys(names, cutoff)


def series_list(world: World, request: Request) -> Answer:
    """Answer all mirrored series, or those of one category."""
    category = request.text("category")
    rows = [_wire(listed.series) for listed in world.series.values()]
    if category:
        rows = [row for row in rows if category in (row.get("category"), *row.get("categories", ()))]
    return 200, {"series": rows}


def one_series(world: World, request: Request) -> Answer:
    """Answer one series."""
    listed = world.series.get(request.names["series_ticker"])
    if listed is None:
        raise not_found("series")
    return 200, {"series": _wire(listed.series)}


def events(world: World, request: Request) -> Answer:
    """Answer a page of events; `status` matches if any market of the event does."""
    status = request.choice("status", EVENT_FILTERS)
    series, tickers = request.text("series_ticker"), request.words("tickers", 200)
    earliest = request.seconds("min_close_ts")
    chosen = []
    for ticker, listed in sorted(world.events.items()):
        markets = [world.listings[name] for name in world.event_markets[ticker]]
        if (series and listed.event.series_ticker != series) or (tickers and ticker not in tickers):
            continue
        if status and not any(market_status(one, request.now) in FILTERS[status] for one in markets):
            continue
        if earliest and not any(one.market.close_time >= earliest for one in markets):
            continue
        chosen.append(listed)
    page, cursor = request.page(chosen, most=200, default=200)
    nested = request.flag("with_nested_markets")
    return 200, {"events": [_event(world, one, request, nested) for one in page], "cursor": cursor}


def one_event(world: World, request: Request) -> Answer:
    """Answer one event with its markets, nested or beside it."""
    listed = world.events.get(request.names["event_ticker"])
    if listed is None:
        raise not_found("event")
    nested, without = request.flag("with_nested_markets"), request.flag("exclude_markets")
    if nested and without:
        raise bad_parameter("exclude_markets and with_nested_markets can not be joined")
    names = [] if nested or without else world.event_markets[listed.ticker]
    beside = [market_wire(world, world.listings[name], request.now) for name in names]
    return 200, {"event": _event(world, listed, request, nested), "markets": beside}


def markets(world: World, request: Request) -> Answer:
    """Answer a page of markets by event, series, tickers, status and close time."""
    status = request.choice("status", tuple(FILTERS))
    event, series = request.text("event_ticker"), request.text("series_ticker")
    tickers = request.words("tickers", 1000)
    low, high = request.seconds("min_close_ts"), request.seconds("max_close_ts")
    request.choice("mve_filter", ("only", "exclude"))
    chosen = [
        listing
        for ticker, listing in sorted(world.listings.items())
        if (not event or listing.event_ticker in event.split(","))
        and (not series or listing.series_ticker == series)
        and (not tickers or ticker in tickers)
        and (not status or market_status(listing, request.now) in FILTERS[status])
        and _within(listing.market.close_time, low, high)
        and _matches_other_times(listing, request)
    ]
    if request.text("mve_filter") == "only":
        chosen = []
    page, cursor = request.page(chosen, most=1000, least=0)
    return 200, {"markets": [market_wire(world, one, request.now) for one in page], "cursor": cursor}


def one_market(world: World, request: Request) -> Answer:
    """Answer one market."""
    return 200, {"market": market_wire(world, _listing(world, request), request.now)}


def orderbook(world: World, request: Request) -> Answer:
    """Answer the book of one market: what is displayed and the orders of this exchange."""
    listing = _listing(world, request)
    depth = request.integer("depth", 0, 100) or 0
    return 200, {"orderbook_fp": orderbook_wire(world, listing.ticker, depth)}


def orderbooks(world: World, request: Request) -> Answer:
    """Answer the books of up to 100 markets; unknown ones are left out."""
    tickers = request.query.get("tickers", [])
    if not 1 <= len(tickers) <= 100 or any(len(ticker) > 200 for ticker in tickers):
        raise bad_parameter("tickers: 1 to 100 names of at most 200 characters")
    known = [ticker for ticker in tickers if ticker in world.listings]
    return 200, {"orderbooks": [{"ticker": one, "orderbook_fp": orderbook_wire(world, one, 0)} for one in known]}


def trades(world: World, request: Request) -> Answer:
    """Answer the tape of this exchange, newest first."""
    ticker, low, high = request.text("ticker"), request.seconds("min_ts"), request.seconds("max_ts")
    block = request.text("is_block_trade") and request.flag("is_block_trade")
    chosen = [
        trade
        for trade in reversed(world.tape)
        if (not ticker or trade.ticker == ticker) and _within(trade.created_at, low, high) and block is not True
    ]
    page, cursor = request.page(chosen, most=1000, least=0)
    return 200, {"trades": [trade_wire(one) for one in page], "cursor": cursor}


def candlesticks(world: World, request: Request) -> Answer:
    """Answer no candles: the paper exchange keeps no price history."""
    _candle_range(request)
    return 200, {"ticker": request.names["ticker"], "candlesticks": []}


def candlesticks_batch(world: World, request: Request) -> Answer:
    """Answer an empty history for every known market."""
    _candle_range(request)
    known = [ticker for ticker in request.words("market_tickers") if ticker in world.listings]
    return 200, {"markets": [{"market_ticker": ticker, "candlesticks": []} for ticker in known]}


def candlesticks_event(world: World, request: Request) -> Answer:
    """Answer an empty history for every market of an event."""
    end = _candle_range(request)
    names = world.event_markets.get(request.names["ticker"], [])
    return 200, {"market_tickers": names, "market_candlesticks": [[] for _ in names], "adjusted_end_ts": end}


def no_fee_changes(world: World, request: Request) -> Answer:
    """Answer that no fee changes are scheduled: the mirrored series and event carry today's."""
    if request.path.endswith("/events/fee_changes"):
        return 200, {"event_fee_changes": [], "cursor": ""}
    return 200, {"series_fee_change_arr": []}


def no_archive(world: World, request: Request) -> Answer:
    """Answer an empty archive: nothing ever leaves the live lists."""
    name = request.path.rsplit("/", 1)[-1]
    empty: dict[str, Any] = {name: [], "cursor": ""}
    return 200, empty if name != "positions" else {
        "market_positions": [],
        "event_positions": [],
        "cursor": "",
    }


def no_archived_market(world: World, request: Request) -> Answer:
    """Answer 404: no market is archived."""
    raise not_found("market")


def _candle_range(request: Request) -> int:
    bounds = [request.integer(name, 0, MAX_TIME) for name in ("start_ts", "end_ts")]
    if None in bounds or request.choice("period_interval", ("1", "60", "1440")) == "":
        raise bad_parameter("start_ts, end_ts and period_interval are required")
    return bounds[1] or 0


def _listing(world: World, request: Request) -> Listing:
    listing = world.listings.get(request.names["ticker"])
    if listing is None:
        raise not_found("market")
    return listing


def _event(world: World, listed: ListedEvent, request: Request, nested: bool) -> dict[str, Any]:
    wire = _wire(listed.event)
    wire.pop("markets", None)
    if nested:
        names = world.event_markets[listed.ticker]
        wire["markets"] = [market_wire(world, world.listings[name], request.now) for name in names]
    return wire


def _wire(model: msgspec.Struct) -> dict[str, Any]:
    wire: dict[str, Any] = msgspec.to_builtins(model, builtin_types=(Decimal, datetime))
    wire = {"settlement_sources": None} | on_the_wire(without_absent(wire))
    if isinstance(model, Series):
        wire = {"categories": [model.category], "tags": None, "additional_prohibitions": None} | wire
    return wire


def _matches_other_times(listing: Listing, request: Request) -> bool:
    market = listing.market
    return (
        _within(market.created_time, request.seconds("min_created_ts"), request.seconds("max_created_ts"))
        and _within(market.updated_time, request.seconds("min_updated_ts"), request.seconds("max_updated_ts"))
        and _within(listing.settled_at, request.seconds("min_settled_ts"), request.seconds("max_settled_ts"))
    )


def _within(at: datetime | None, low: datetime | None, high: datetime | None) -> bool:
    if low is None and high is None:
        return True
    return at is not None and (low is None or at >= low) and (high is None or at <= high)
