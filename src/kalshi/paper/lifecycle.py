"""The life of a market: mirrored, paused, and carried on by the clock."""

from __future__ import annotations

from datetime import datetime

import msgspec

from kalshi.exchange.models import Market, OrderBook
from kalshi.exchange.snapshot import LadderSnapshot
from kalshi.paper import outside
from kalshi.paper.allocation import allocate
from kalshi.paper.cash import complete_transfer
from kalshi.paper.endings import finish
from kalshi.paper.fee_changes import apply_fee_change
from kalshi.paper.listed import ListedEvent, ListedSeries, Listing
from kalshi.paper.market_states import AFTER_TRADING, close, market_status, resting_in
from kalshi.paper.matching import meet_displayed
from kalshi.paper.pauses import window_due
from kalshi.paper.records import CANCELED, ONE, RESTING, ZERO, Displayed
from kalshi.paper.refusals import not_found
from kalshi.paper.settlement import result_due, settle, value_of
from kalshi.paper.world import World


def mirror(world: World, snapshot: LadderSnapshot, now: datetime, *, renewed: bool = False) -> None:
    """Take over a snapshot: series, event, markets, results, and the displayed book as outside liquidity.

    A snapshot that is not later than the one before is ignored. What was taken from displayed contracts stays
    taken while they are displayed, unless all quotes are *renewed*. Resting orders that the new book reaches are
    filled at their own price.
    """
    for market in snapshot.markets:
        if market.status == "finalized" and market.result:
            value_of(market.ticker, market.result, market.settlement_value_dollars)
    series, event = snapshot.series, snapshot.event
    before = world.fees(series.ticker, event.event_ticker)
    world.keep(ListedSeries(series.ticker, series))
    world.keep(ListedEvent(event.event_ticker, msgspec.structs.replace(event, markets=None)))
    if before is not None and before != world.fees(series.ticker, event.event_ticker):
        world.refresh_reserves({one.ticker for one in world.listings.values() if one.series_ticker == series.ticker})
    for market in snapshot.markets:
        old = world.listings.get(market.ticker)
        if old is not None and (snapshot.as_of <= old.as_of or old.settled_at is not None):
            continue
        shard = market.exchange_index if market.exchange_index is not None else event.exchange_index
        listing = Listing(
            ticker=market.ticker,
            event_ticker=event.event_ticker,
            series_ticker=series.ticker,
            exchange_index=old.exchange_index if old else shard or 0,
            as_of=snapshot.as_of,
            market=market,
            paused=market.status == "inactive",
            closed=False,
        )
        if old is not None and market.status not in AFTER_TRADING:  # what was determined here stands
            listing.stage, listing.pays_at = old.stage, old.pays_at
            listing.result, listing.yes_value = old.result, old.yes_value
        _list(world, listing, old, now)
        if market_status(listing, now) == "active":
            shown = shown_levels(market, snapshot.books.get(market.ticker), snapshot.as_of)
            if renewed:
                world.show(shown)
            else:
                world.refresh(shown)
            outside.move_up(world, market.ticker)
            meet_displayed(world, listing, now)
            world.keep(world.displayed(market.ticker, snapshot.as_of))
        elif listing.market.status == "finalized" and market.result:
            settle(world, market.ticker, market.result, now, yes_value=market.settlement_value_dollars)


def _list(world: World, listing: Listing, old: Listing | None, now: datetime) -> None:
    world.keep(listing)
    if old is not None and old.paused != listing.paused:
        # A pause takes the orders that asked for it; coming back from a pause takes all that are left.
        for order in resting_in(world, listing.ticker):
            if not listing.paused or order.cancel_on_pause:
                finish(world, order, CANCELED, now)
    if market_status(listing, now) not in ("active", "inactive", "initialized"):
        close(world, listing, now)
    else:
        world.watch_close(listing)


def pause_market(world: World, ticker: str, paused: bool, now: datetime) -> None:
    """Stop or resume trading in one market, until a mirrored snapshot says otherwise. Raises Refused."""
    old = world.listings.get(ticker)
    if old is None:
        raise not_found("market")
    if old.paused != paused:
        _list(world, msgspec.structs.replace(old, paused=paused), old, now)


def shown_levels(market: Market, book: OrderBook | None, as_of: datetime) -> Displayed:
    """Return what is displayed: the book where the snapshot has it, else the best quote of the market."""
    if book is not None:
        bids = [(level.price, level.count) for level in book.yes_dollars]
        asks = [(ONE - level.price, level.count) for level in book.no_dollars]
        return Displayed(market.ticker, as_of, bids, asks)
    quote = market.quote()
    bids = [(quote.yes_bid, quote.yes_bid_size or ZERO)] if quote.yes_bid is not None else []
    asks = [(quote.yes_ask, quote.yes_ask_size or ZERO)] if quote.yes_ask is not None else []
    return Displayed(market.ticker, as_of, bids, asks)


def advance(world: World, now: datetime) -> None:
    """Do what the clock demands, in its order: each thing happens at its own time, though it is noticed at *now*.

    Orders expire at their second, inclusive.
    """
    for at, kind, name in world.take_due(now):
        match kind:
            case "order":
                order = world.orders[name]
                if order.status == RESTING and order.expires_at is not None and order.expires_at <= at:
                    finish(world, order, CANCELED, at)
            case "market":
                listing = world.listings[name]
                if not listing.closed and listing.market.close_time <= at:
                    close(world, listing, at)
            case "result":
                result_due(world, name, at)
            case "transfer":
                complete_transfer(world, name, at)
            case "fee":
                apply_fee_change(world, name)
            case "allocation":
                allocate(world, name, now)
            case _:
                window_due(world, now)
