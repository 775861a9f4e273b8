"""Public answers: exchange state, series, events, markets, order books, trades."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import takewhile
from typing import Any

import msgspec

from kalshi.exchange.models import Series
from kalshi.paper.archive import cutoff, is_archived, orders_cutoff
from kalshi.paper.listed import ListedEvent, Listing
from kalshi.paper.market_states import market_status
from kalshi.paper.parsing import Request
from kalshi.paper.pauses import EXCHANGE, pause_at, window_after, window_before
from kalshi.paper.refusals import bad_parameter, not_found
from kalshi.paper.wire import iso, market_wire, on_the_wire, orderbook_wire, trade_wire, without_absent
from kalshi.paper.world import World

Answer = tuple[int, Any]

# Filter words are not status words.
FILTERS = {
    "unopened": ("initialized",),
    "open": ("active",),
    "paused": ("inactive",),
    "closed": ("closed", "determined", "disputed", "amended"),
    "settled": ("finalized",),
}
# Other times by which markets can be asked for.
OTHER_TIMES: dict[str, Callable[[Listing], datetime | None]] = {
    "created": lambda listing: listing.market.created_time,
    "updated": lambda listing: listing.market.updated_time,
    "settled": lambda listing: listing.settled_at,
}
EVENT_FILTERS = ("unopened", "open", "closed", "settled")
HISTORY = timedelta(days=90)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def exchange_status(world: World, request: Request) -> Answer:
    """Answer what is open, shard by shard; pauses are for all shards at once."""
    shards = sorted(world.shards)
    what, until = pause_at(world, request.now)
    flags: dict[str, Any] = {
        "exchange_active": what != EXCHANGE,
        "trading_active": not what,
        "intra_exchange_transfers_active": what != EXCHANGE,
    }
    statuses = [{"exchange_index": shard, "description": f"paper shard {shard}", **flags} for shard in shards]
    resume = {"exchange_estimated_resume_time": iso(until)} if until else {}
    return 200, {**flags, **resume, "exchange_index_statuses": statuses}


def exchange_schedule(world: World, request: Request) -> Answer:
    """Answer that trading is open round the clock, but for the maintenance windows where they are kept."""
    whole_day = [{"open_time": "00:00", "close_time": "00:00"}]
    hours = {"start_time": iso(request.now - HISTORY), "end_time": iso(request.now + HISTORY)}
    hours.update(dict.fromkeys(WEEKDAYS, whole_day))  # type: ignore[arg-type]
    windows = []
    if world.ledger.maintenance:
        now_or_next = window_before(request.now)
        if now_or_next[1] <= request.now:
            now_or_next = window_after(request.now)
        for start, end in (now_or_next, window_after(now_or_next[0])):
            windows.append({"start_datetime": iso(start), "end_datetime": iso(end)})
    return 200, {"schedule": {"standard_hours": [hours], "maintenance_windows": windows}}


def user_data_timestamp(world: World, request: Request) -> Answer:
    """Answer that reads are as fresh as now."""
    return 200, {"as_of_time": iso(request.now)}


def historical_cutoff(world: World, request: Request) -> Answer:
    """Answer the boundaries between the live lists and the archive."""
    others = iso(cutoff(request.now))
    return 200, {
        "market_settled_ts": others,
        "trades_created_ts": others,
        "orders_updated_ts": iso(orders_cutoff(request.now)),
        "market_positions_last_updated_ts": others,
    }


def series_list(world: World, request: Request) -> Answer:
    """Answer all mirrored series, or those of one category."""
    category = request.text("category")
    for name in ("include_product_metadata", "include_volume"):
        request.flag(name)
    request.seconds("min_updated_ts")
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
    request.flag("with_milestones")
    request.seconds("min_updated_ts")
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


def multivariate_events(world: World, request: Request) -> Answer:
    """Answer no combos: there are none here."""
    request.page([], most=200)
    request.flag("with_nested_markets")
    return 200, {"events": [], "cursor": ""}


def markets(world: World, request: Request) -> Answer:
    """Answer a page of markets by event, series, tickers, status and close time."""
    status = request.choice("status", tuple(FILTERS))
    event, series = request.text("event_ticker"), request.text("series_ticker")
    tickers = request.words("tickers", 1000)
    low, high = request.seconds("min_close_ts"), request.seconds("max_close_ts")
    request.choice("mve_filter", ("only", "exclude"))
    spans = [
        (time_of, (request.seconds(f"min_{name}_ts"), request.seconds(f"max_{name}_ts")))
        for name, time_of in OTHER_TIMES.items()
    ]
    chosen = [
        listing
        for ticker, listing in sorted(world.listings.items())
        if (not event or listing.event_ticker in event.split(","))
        and (not series or listing.series_ticker == series)
        and (not tickers or ticker in tickers)
        and (not status or market_status(listing, request.now) in FILTERS[status])
        and _within(listing.market.close_time, low, high)
        and all(_within(time_of(listing), *span) for time_of, span in spans)
        and not is_archived(listing, request.now)
    ]
    if request.text("mve_filter") == "only":
        chosen = []
    page, cursor = request.page(chosen, most=1000, least=0)
    return 200, {"markets": [market_wire(world, one, request.now) for one in page], "cursor": cursor}


def archived_markets(world: World, request: Request) -> Answer:
    """Answer a page of archived markets; the filters exclude one another."""
    filters = [request.text(name) for name in ("tickers", "event_ticker", "series_ticker")]
    if sum(map(bool, filters)) > 1:
        raise bad_parameter("tickers, event_ticker and series_ticker exclude one another")
    request.choice("mve_filter", ("exclude",))
    tickers, event, series = request.words("tickers", 1000), filters[1], filters[2]
    chosen = [
        listing
        for ticker, listing in sorted(world.listings.items())
        if is_archived(listing, request.now)
        and (not tickers or ticker in tickers)
        and (not event or listing.event_ticker == event)
        and (not series or listing.series_ticker == series)
    ]
    page, cursor = request.page(chosen, most=1000, least=0)
    return 200, {"markets": [market_wire(world, one, request.now) for one in page], "cursor": cursor}


def one_market(world: World, request: Request) -> Answer:
    """Answer one live market."""
    return _one_market(world, request, archived=False)


def archived_market(world: World, request: Request) -> Answer:
    """Answer one archived market."""
    return _one_market(world, request, archived=True)


def _one_market(world: World, request: Request, *, archived: bool) -> Answer:
    listing = _listing(world, request)
    if is_archived(listing, request.now) != archived:
        raise not_found("market")
    return 200, {"market": market_wire(world, listing, request.now)}


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
    """Answer the live tape of this exchange, newest first."""
    return _trades(world, request, archived=False)


def archived_trades(world: World, request: Request) -> Answer:
    """Answer the archived tape, newest first."""
    return _trades(world, request, archived=True)


def _trades(world: World, request: Request, *, archived: bool) -> Answer:
    ticker, low, high = request.text("ticker"), request.seconds("min_ts"), request.seconds("max_ts")
    block = request.text("is_block_trade") and request.flag("is_block_trade")
    since_low = takewhile(lambda trade: low is None or trade.created_at >= low, reversed(world.tape))
    chosen = (
        trade
        for trade in since_low
        if (not ticker or trade.ticker == ticker)
        and (high is None or trade.created_at <= high)
        and block is not True
        and is_archived(trade, request.now) == archived
    )
    page, cursor = request.page(chosen, most=1000, least=0)
    return 200, {"trades": [trade_wire(one) for one in page], "cursor": cursor}


def _listing(world: World, request: Request) -> Listing:
    listing = world.listings.get(request.names["ticker"])
    if listing is None:
        raise not_found("market")
    return listing


def _event(world: World, listed: ListedEvent, request: Request, nested: bool) -> dict[str, Any]:
    wire = _wire(listed.event)
    wire.pop("markets", None)
    if nested:
        listings = [world.listings[name] for name in world.event_markets[listed.ticker]]
        live = [one for one in listings if not is_archived(one, request.now)]
        wire["markets"] = [market_wire(world, one, request.now) for one in live]
    return wire


def _wire(model: msgspec.Struct) -> dict[str, Any]:
    wire: dict[str, Any] = msgspec.to_builtins(model, builtin_types=(Decimal, datetime))
    wire = {"settlement_sources": None} | on_the_wire(without_absent(wire))
    if isinstance(model, Series):
        wire = {"categories": [model.category], "tags": None, "additional_prohibitions": None} | wire
    return wire


def _within(at: datetime | None, low: datetime | None, high: datetime | None) -> bool:
    if low is None and high is None:
        return True
    return at is not None and (low is None or at >= low) and (high is None or at <= high)
