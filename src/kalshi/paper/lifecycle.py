"""The life of a market: mirrored, opened and closed by the clock, paused, settled."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec

from kalshi.exchange.models import Market, OrderBook
from kalshi.exchange.snapshot import LadderSnapshot
from kalshi.paper.cash import complete_transfer
from kalshi.paper.endings import finish
from kalshi.paper.funds import payout
from kalshi.paper.matching import meet_displayed
from kalshi.paper.pauses import window_due
from kalshi.paper.records import CANCELED, ONE, RESTING, ZERO, Displayed, Order, Settlement
from kalshi.paper.refusals import not_found, refused
from kalshi.paper.world import ListedEvent, ListedSeries, Listing, World
from kalshi.pricing.fees import charge

AFTER_TRADING = ("determined", "disputed", "amended", "finalized")
YES_VALUES = {"yes": ONE, "no": ZERO}


def market_status(listing: Listing, now: datetime) -> str:
    """Return the status word of a market at *now*; opening and closing are by the clock."""
    if listing.settled_at is not None:
        return "finalized"
    if listing.market.status in AFTER_TRADING:
        return listing.market.status
    if listing.closed or now >= listing.market.close_time or listing.market.status == "closed":
        return "closed"
    if now < listing.market.open_time:
        return "initialized"
    return "inactive" if listing.paused else "active"


def mirror(world: World, snapshot: LadderSnapshot, now: datetime) -> None:
    """Take over a snapshot: series, event, markets, results, and the displayed book as outside liquidity.

    What was taken from a displayed book stays taken until a snapshot with a later `as_of` arrives; an older
    one is ignored. Resting orders that the new book reaches are filled at their own price.
    """
    for market in snapshot.markets:
        if market.status == "finalized" and market.result:
            value_of(market.ticker, market.result, market.settlement_value_dollars)
    series, event = snapshot.series, snapshot.event
    world.keep(ListedSeries(series.ticker, series))
    world.keep(ListedEvent(event.event_ticker, msgspec.structs.replace(event, markets=None)))
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
        _list(world, listing, old, now)
        if market_status(listing, now) == "active":
            shown = shown_levels(market, snapshot.books.get(market.ticker), snapshot.as_of)
            world.show(shown)
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
    """Do what the clock demands: expire orders (at their second, inclusive) and close markets."""
    for kind, name in world.take_due(now):
        if kind == "order":
            order = world.orders[name]
            if order.status == RESTING and order.expires_at is not None and order.expires_at <= now:
                finish(world, order, CANCELED, now)
        elif kind == "transfer":
            complete_transfer(world, name, now)
        elif kind == "window":
            window_due(world, now)
        elif not world.listings[name].closed and now >= world.listings[name].market.close_time:
            close(world, world.listings[name], now)


def close(world: World, listing: Listing, now: datetime) -> None:
    """End trading in a market: resting orders are cancelled, the displayed book is gone."""
    for order in resting_in(world, listing.ticker):
        finish(world, order, CANCELED, now)
    world.show(Displayed(listing.ticker, listing.as_of, [], []))
    world.keep(world.displayed(listing.ticker, listing.as_of))
    listing.closed = True
    world.keep(listing)


def resting_in(world: World, ticker: str) -> list[Order]:
    """Return the resting orders of one market."""
    sides = world.books[ticker].sides.values()
    return [order for side in sides for level in side.levels.values() for order in level.orders.values()]


def value_of(ticker: str, result: str, yes_value: Decimal | None) -> Decimal:
    """Return what one YES contract is paid; refuses an unknown result and a scalar one without a value."""
    value = YES_VALUES.get(result, yes_value if result == "scalar" else None)
    if value is None or not ZERO <= value <= ONE:
        raise refused(400, "invalid_parameters", f"result {result!r} of {ticker} has no value between 0 and 1")
    return value


def settle(world: World, ticker: str, result: str, now: datetime, *, yes_value: Decimal | None = None) -> None:
    """Pay every position in a market and finish it; paying twice changes nothing.

    result: yes, no or scalar. yes_value: dollars of one YES contract, needed for scalar only (0 to 1).
    Raises Refused for an unknown market or result.
    """
    listing = world.listings.get(ticker)
    if listing is None:
        raise not_found("market")
    value = value_of(ticker, result, yes_value)
    if listing.settled_at is not None:
        return
    close(world, listing, now)
    listing.result, listing.yes_value, listing.settled_at = result, value, now
    world.keep(listing)
    for (account_id, held_ticker), position in list(world.positions.items()):
        if held_ticker == ticker and not position.settled:
            _pay(world, account_id, listing, value, now)


def _pay(world: World, account_id: str, listing: Listing, value: Decimal, now: datetime) -> None:
    position, account = world.positions[account_id, listing.ticker], world.accounts[account_id]
    revenue = payout(position.quantity, value)
    paid = charge(revenue, ZERO, precision=account.precision)
    if position.quantity:
        number = world.next_number()
        world.keep(
            Settlement(
                number,
                account_id,
                listing.ticker,
                listing.event_ticker,
                listing.exchange_index,
                listing.result,
                value,
                position.quantity,
                position.cost,
                position.fees,
                paid.change,
                now,
            )
        )
        shard = listing.exchange_index
        account.cash[shard] = account.cash.get(shard, ZERO) + paid.change
        account.updated_at = now
        world.keep(account)
        world.ledger.fees += paid.fee
        world.keep(world.ledger)
    position.realized += paid.change - position.cost
    position.quantity = position.cost = ZERO
    position.settled, position.updated_at = True, now
    world.keep(position)
