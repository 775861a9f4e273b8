"""What the page shows: one account's view of the exchange, as plain JSON. Prices are YES dollars as text."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from kalshi.paper.book import BookSide
from kalshi.paper.listed import Listing
from kalshi.paper.market_states import market_status
from kalshi.paper.pauses import pause_at
from kalshi.paper.records import ASK, BID, ONE, ZERO, Order, Position
from kalshi.paper.routes_portfolio import position_value
from kalshi.paper.wire import iso
from kalshi.paper.world import World

DEPTH = 12
NEWEST_FILLS, NEWEST_TRADES, NEWEST_EVENTS = 40, 15, 40
ORDER_OF_STATUS = ("active", "inactive", "initialized", "closed", "determined", "disputed", "amended", "finalized")
Wire = dict[str, Any]


def state_of(world: World, account_id: str, now: datetime, *, event: str, market: str) -> Wire:
    """Return everything the page shows. event, market: what is looked at; the first open one where not known."""
    events = _events(world, now)
    names = [row["ticker"] for row in events]
    chosen = event if event in world.events else (names[0] if names else "")
    listings = sorted((world.listings[name] for name in world.event_markets.get(chosen, [])), key=_strike)
    tickers = [listing.ticker for listing in listings]
    looked_at = market if market in tickers else _busiest(world, tickers)
    return {
        "now": iso(now),
        "paused": pause_at(world, now)[0],
        "account": _account(world, account_id),
        "events": events,
        "event": chosen,
        "markets": [_market(world, listing, account_id, now) for listing in listings],
        "market": looked_at,
        "book": _book(world, looked_at, account_id),
        "trades": _trades(world, looked_at),
        "orders": [_order(order) for order in _resting(world, account_id)],
        "positions": [_position(world, one) for one in _held(world, account_id)],
        "fills": _fills(world, account_id),
    }


def _events(world: World, now: datetime) -> list[Wire]:
    rows = []
    for ticker, listed in world.events.items():
        markets = [world.listings[name] for name in world.event_markets[ticker]]
        if markets:
            status = min((market_status(one, now) for one in markets), key=ORDER_OF_STATUS.index)
            closes = max(one.market.close_time for one in markets)
            rows.append(
                {"ticker": ticker, "title": listed.event.title, "status": status, "closes": iso(closes),
                 "markets": len(markets)}
            )  # fmt: skip
    over = ORDER_OF_STATUS.index("closed")
    rows.sort(key=lambda row: (row["closes"], row["ticker"]))
    alive = [row for row in rows if ORDER_OF_STATUS.index(row["status"]) < over]
    ended = [row for row in reversed(rows) if ORDER_OF_STATUS.index(row["status"]) >= over]
    return (alive + ended)[:NEWEST_EVENTS]


def _strike(listing: Listing) -> tuple[Decimal, Decimal, str]:
    market = listing.market
    low = market.floor_strike if market.floor_strike is not None else Decimal("-Infinity")
    return low, market.cap_strike if market.cap_strike is not None else Decimal("Infinity"), listing.ticker


def _busiest(world: World, tickers: list[str]) -> str:
    """Return the market whose price is nearest to even: there is most to see."""

    def distance(ticker: str) -> Decimal:
        bid, ask = world.books[ticker].best_yes_bid() or ZERO, world.books[ticker].best_yes_ask()
        return abs(bid + (ONE if ask is None else ask) - ONE)

    return min(tickers, key=distance, default="")


def _market(world: World, listing: Listing, account_id: str, now: datetime) -> Wire:
    book, last = world.books[listing.ticker], world.last_trade.get(listing.ticker)
    bid, ask = book.sides[BID].best(), book.sides[ASK].best()
    return {
        "ticker": listing.ticker,
        "label": listing.market.yes_sub_title or listing.market.title or listing.ticker,
        "status": market_status(listing, now),
        "bid": _text(bid.own_price if bid else None),
        "bid_size": _text(bid.count if bid else None),
        "ask": _text(ONE - ask.own_price if ask else None),
        "ask_size": _text(ask.count if ask else None),
        "last": _text(last.price if last else None),
        "result": listing.result or listing.market.result,
        "held": str(world.quantity(account_id, listing.ticker)),
    }


def _book(world: World, ticker: str, account_id: str) -> Wire:
    if not ticker:
        return {"bids": [], "asks": []}
    sides = world.books[ticker].sides
    return {"bids": _levels(sides[BID], account_id), "asks": _levels(sides[ASK], account_id)}


def _levels(side: BookSide, account_id: str) -> list[list[str]]:
    """Return [YES price, contracts, own contracts among them], best first."""
    rows = []
    for level in islice(side.best_first(), DEPTH):
        own = sum((one.remaining for one in level.orders.values() if one.account_id == account_id), ZERO)
        price = level.own_price if side.side == BID else ONE - level.own_price
        rows.append([str(price), str(level.count), str(own)])
    return rows


def _trades(world: World, ticker: str) -> list[Wire]:
    """Return the market's newest trades, newest first; only the end of the tape is looked through."""
    recent = (trade for trade in islice(reversed(world.tape), 2000) if trade.ticker == ticker)
    return [
        {"id": trade.trade_id, "at": iso(trade.created_at), "price": str(trade.price), "count": str(trade.count),
         "side": trade.taker_side}
        for trade in islice(recent, NEWEST_TRADES)
    ]  # fmt: skip


def _resting(world: World, account_id: str) -> list[Order]:
    return sorted(world.open_orders[account_id].values(), key=lambda order: -order.priority)


def _order(order: Order) -> Wire:
    return {
        "id": order.order_id,
        "ticker": order.ticker,
        "side": order.side,
        "price": str(order.price),
        "left": str(order.remaining),
        "filled": str(order.filled),
        "at": iso(order.created_at),
    }


def _held(world: World, account_id: str) -> list[Position]:
    rows = [one for (owner, _), one in world.positions.items() if owner == account_id and one.quantity]
    return sorted(rows, key=lambda one: one.ticker)


def _position(world: World, position: Position) -> Wire:
    value = position_value(world, position)
    return {
        "ticker": position.ticker,
        "held": str(position.quantity),
        "cost": str(position.cost),
        "value": str(value),
        "open": str(value - position.cost),
        "realized": str(position.realized),
        "fees": str(position.fees),
    }


def _fills(world: World, account_id: str) -> list[Wire]:
    return [
        {"id": f"{fill.number}", "at": iso(fill.created_at), "ticker": fill.ticker, "side": fill.side,
         "price": str(fill.price), "count": str(fill.count), "fee": str(fill.fee), "taker": fill.is_taker}
        for fill in islice(reversed(world.fills[account_id]), NEWEST_FILLS)
    ]  # fmt: skip


def _account(world: World, account_id: str) -> Wire:
    account = world.accounts[account_id]
    cash = sum(account.cash.values(), ZERO)
    free = sum((world.available(account_id, shard) for shard in account.cash), ZERO)
    returned = sum((one[account_id].dollars for one in world.returns.values() if account_id in one), ZERO)
    mine = [one for (owner, _), one in world.positions.items() if owner == account_id]
    value = sum((position_value(world, one) for one in mine if one.quantity), ZERO)
    return {
        "free": str(free),
        "reserved": str(cash - free),
        "value": str(value),
        "fees": str(sum((one.fees for one in mine), ZERO)),
        "result": str(cash - returned + value - account.deposited),
    }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)
