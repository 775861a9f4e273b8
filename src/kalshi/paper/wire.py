"""From records to the JSON objects of the exchange's answers."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_FLOOR, Decimal
from typing import Any

import msgspec

from kalshi.exchange.money import count_text, dollars_text
from kalshi.paper.accounts import number_of
from kalshi.paper.book import BookSide
from kalshi.paper.listed import Listing
from kalshi.paper.market_states import market_status
from kalshi.paper.orders import Progress
from kalshi.paper.records import ASK, BID, ONE, RESTING, ZERO, Fill, Order, Position, Settlement, TapeTrade
from kalshi.paper.world import World

JsonObject = dict[str, Any]
CENTS = Decimal(100)
# Fields that the specification demands of a market and our model does not carry.
TEXTS: JsonObject = {
    "rules_primary": "",
    "rules_secondary": "",
    "previous_yes_bid_dollars": "0.0000",
    "previous_yes_ask_dollars": "0.0000",
    "previous_price_dollars": "0.0000",
}


def iso(at: datetime) -> str:
    """Return a time as the exchange writes it, in UTC with a Z."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def whole_cents(dollars: Decimal) -> int:
    """Return dollars as whole cents, cut off like the exchange does."""
    return int((dollars * CENTS).to_integral_value(rounding=ROUND_FLOOR))


def outcome_side(side: str) -> str:
    """Return yes for a bid and no for an ask."""
    return "yes" if side == BID else "no"


def order_wire(order: Order) -> JsonObject:
    """Return an order as GET /portfolio/orders gives it."""
    wire: JsonObject = {
        "order_id": order.order_id,
        "user_id": order.account_id.partition("#")[0],
        "client_order_id": order.client_order_id,
        "ticker": order.ticker,
        "outcome_side": outcome_side(order.side),
        "book_side": order.side,
        "type": "limit",
        "status": order.status,
        "yes_price_dollars": dollars_text(order.price),
        "no_price_dollars": dollars_text(ONE - order.price),
        "fill_count_fp": count_text(order.filled),
        "remaining_count_fp": count_text(order.remaining),
        "initial_count_fp": count_text(order.filled + order.remaining + order.reduced),
        "taker_fill_cost_dollars": dollars_text(order.taker_cost),
        "maker_fill_cost_dollars": dollars_text(order.maker_cost),
        "taker_fees_dollars": dollars_text(order.taker_fees),
        "maker_fees_dollars": dollars_text(order.maker_fees),
        "created_time": iso(order.created_at),
        "last_update_time": iso(order.updated_at),
        "self_trade_prevention_type": order.self_trade_prevention,
        "cancel_order_on_pause": order.cancel_on_pause,
        "subaccount_number": number_of(order.account_id),
        "exchange_index": order.exchange_index,
    }
    if order.group_id:
        wire["order_group_id"] = order.group_id
    if order.expires_at is not None:
        wire["expiration_time"] = iso(order.expires_at)
    return wire


def progress_wire(progress: Progress, now: datetime) -> JsonObject:
    """Return the answer to a create: counts, and averages only if something filled."""
    order = progress.order
    wire: JsonObject = {
        "order_id": order.order_id,
        "fill_count": count_text(progress.filled),
        "remaining_count": count_text(order.remaining),
        "ts_ms": milliseconds(now),
    }
    if order.client_order_id:
        wire["client_order_id"] = order.client_order_id
    if progress.filled:
        wire["average_fill_price"] = _average(progress.fill_value, progress.filled)
        wire["average_fee_paid"] = _average(progress.fees, progress.filled)
    return wire


def changed_wire(order: Order, now: datetime, **counts: Decimal) -> JsonObject:
    """Return the answer to a cancel or decrease with its *counts*."""
    wire: JsonObject = {"order_id": order.order_id, "ts_ms": milliseconds(now)}
    wire.update({name: count_text(count) for name, count in counts.items()})
    if order.client_order_id:
        wire["client_order_id"] = order.client_order_id
    return wire


def fill_wire(fill: Fill) -> JsonObject:
    """Return a fill as GET /portfolio/fills gives it."""
    return {
        "fill_id": fill.fill_id,
        "trade_id": fill.fill_id,
        "order_id": fill.order_id,
        "ticker": fill.ticker,
        "market_ticker": fill.ticker,
        "exchange_index": fill.exchange_index,
        "outcome_side": outcome_side(fill.side),
        "book_side": fill.side,
        "count_fp": count_text(fill.count),
        "yes_price_dollars": dollars_text(fill.price),
        "no_price_dollars": dollars_text(ONE - fill.price),
        "fee_cost": dollars_text(fill.fee),
        "is_taker": fill.is_taker,
        "created_time": iso(fill.created_at),
        "ts": int(fill.created_at.timestamp()),
        "subaccount_number": number_of(fill.account_id),
    }


def position_wire(position: Position) -> JsonObject:
    """Return a market position; position_fp > 0 is YES, < 0 is NO."""
    return {
        "ticker": position.ticker,
        "exchange_index": position.exchange_index,
        "position_fp": count_text(position.quantity),
        "total_traded_dollars": dollars_text(position.traded),
        "market_exposure_dollars": dollars_text(position.cost),
        "realized_pnl_dollars": dollars_text(position.realized),
        "fees_paid_dollars": dollars_text(position.fees),
        "last_updated_ts": iso(position.updated_at),
    }


def event_position_wire(event_ticker: str, positions: list[Position]) -> JsonObject:
    """Return the sum of an event's market positions."""

    def total(name: str) -> str:
        return dollars_text(sum((getattr(position, name) for position in positions), ZERO))

    return {
        "event_ticker": event_ticker,
        "total_cost_shares_fp": count_text(sum((abs(position.quantity) for position in positions), ZERO)),
        "total_cost_dollars": total("traded"),
        "event_exposure_dollars": total("cost"),
        "realized_pnl_dollars": total("realized"),
        "fees_paid_dollars": total("fees"),
    }


def settlement_wire(settlement: Settlement) -> JsonObject:
    """Return a settlement as GET /portfolio/settlements gives it."""
    is_yes = settlement.quantity > 0
    cost, count = dollars_text(settlement.cost), count_text(abs(settlement.quantity))
    return {
        "ticker": settlement.ticker,
        "event_ticker": settlement.event_ticker,
        "exchange_index": settlement.exchange_index,
        "market_result": settlement.result,
        "yes_count_fp": count if is_yes else count_text(ZERO),
        "no_count_fp": count_text(ZERO) if is_yes else count,
        "yes_total_cost_dollars": cost if is_yes else dollars_text(ZERO),
        "no_total_cost_dollars": dollars_text(ZERO) if is_yes else cost,
        "fee_cost": dollars_text(settlement.fees),
        "revenue": whole_cents(settlement.revenue),
        "settled_time": iso(settlement.settled_at),
        "value": whole_cents(settlement.yes_value),
    }


def trade_wire(trade: TapeTrade) -> JsonObject:
    """Return one public trade."""
    return {
        "trade_id": trade.trade_id,
        "ticker": trade.ticker,
        "count_fp": count_text(trade.count),
        "yes_price_dollars": dollars_text(trade.price),
        "no_price_dollars": dollars_text(ONE - trade.price),
        "taker_outcome_side": outcome_side(trade.taker_side),
        "taker_book_side": trade.taker_side,
        "created_time": iso(trade.created_at),
        "is_block_trade": False,
    }


def market_wire(world: World, listing: Listing, now: datetime) -> JsonObject:
    """Return a market as mirrored, with this exchange's status, quotes and result."""
    # Made-up ladders tell no such times, but the exchange's specification demands them.
    times = dict.fromkeys(("created_time", "updated_time"), listing.market.open_time)
    wire = TEXTS | times | without_absent(msgspec.to_builtins(listing.market, builtin_types=(Decimal, datetime)))
    book, status = world.books[listing.ticker], market_status(listing, now)
    trading = status in ("active", "inactive")
    bid = (book.best_yes_bid() if trading else None) or ZERO
    ask = (book.best_yes_ask() if trading else None) or ONE
    wire.update(
        status=status,
        exchange_index=listing.exchange_index,
        yes_bid_dollars=bid,
        yes_ask_dollars=ask,
        no_bid_dollars=ONE - ask,
        no_ask_dollars=ONE - bid,
        yes_bid_size_fp=_best_size(book.sides[BID]) if trading else ZERO,
        yes_ask_size_fp=_best_size(book.sides[ASK]) if trading else ZERO,
    )
    traded, last = world.traded.get(listing.ticker, ZERO), world.last_trade.get(listing.ticker)
    if last is not None:  # our own tape on top of what was mirrored
        wire.update(
            last_price_dollars=last.price,
            volume_fp=(listing.market.volume_fp or ZERO) + traded,
            open_interest_fp=(listing.market.open_interest_fp or ZERO) + world.open_interest[listing.ticker],
        )
    if listing.result:
        wire.update(result=listing.result, settlement_value_dollars=listing.yes_value)
    if listing.settled_at is not None:
        wire.update(settlement_ts=listing.settled_at)
    answer: JsonObject = on_the_wire(wire)
    return answer


def orderbook_wire(world: World, ticker: str, depth: int) -> JsonObject:
    """Return both sides, bids only, ascending with the best last. depth 0: all levels."""

    def levels(side: BookSide) -> list[list[str]]:
        best_first = [[dollars_text(level.own_price), count_text(level.count)] for level in side.best_first()]
        return (best_first[:depth] if depth else best_first)[::-1]

    sides = world.books[ticker].sides
    return {"yes_dollars": levels(sides[BID]), "no_dollars": levels(sides[ASK])}


def plain_number(value: Decimal | None) -> int | float | None:
    """Return a JSON number, None for None."""
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def on_the_wire(value: Any, name: str = "") -> Any:
    """Return *value* with money and counts as strings (told by their field's suffix), strikes as numbers."""
    if isinstance(value, dict):
        return {key: on_the_wire(inner, key) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [on_the_wire(inner, name) for inner in value]
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, Decimal):
        if name.endswith("_dollars") or name in ("start", "end", "step"):
            return dollars_text(value)
        if name.endswith("_fp"):
            return count_text(value)
        return plain_number(value)
    return value


def without_absent(wire: JsonObject) -> JsonObject:
    """Return *wire* without the optional fields that have no value."""
    return {name: value for name, value in wire.items() if value is not None}


def milliseconds(at: datetime) -> int:
    """Return unix milliseconds."""
    return int(at.timestamp() * 1000)


def open_orders(orders: list[Order]) -> list[Order]:
    """Return those that rest."""
    return [order for order in orders if order.status == RESTING]


def _best_size(side: BookSide) -> Decimal:
    level = side.best()
    return ZERO if level is None else level.count


def _average(total: Decimal, count: Decimal) -> str:
    return dollars_text((total / count).quantize(Decimal("0.000001")))
