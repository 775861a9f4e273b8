"""What an order must be before it changes anything: in a known open market, on the grid, affordable."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from kalshi.errors import DataError
from kalshi.paper.book import crosses
from kalshi.paper.listed import Listing
from kalshi.paper.market_states import market_status
from kalshi.paper.pauses import check_cancelling, check_placing
from kalshi.paper.records import ONE, RESTING, ZERO, Order
from kalshi.paper.refusals import Refused, not_found, refused
from kalshi.paper.world import World
from kalshi.pricing.fees import cent_ceiling, model_fee

GTC, IOC, FOK = "good_till_canceled", "immediate_or_cancel", "fill_or_kill"


@dataclass(frozen=True)
class NewOrder:
    """A create request that is well formed; nothing about it was compared with the market yet."""

    ticker: str
    side: str
    count: Decimal
    price: Decimal
    time_in_force: str
    self_trade_prevention: str
    client_order_id: str = ""
    expires_at: datetime | None = None
    post_only: bool = False
    reduce_only: bool = False
    cancel_on_pause: bool = False
    exchange_index: int | None = None
    group_id: str = ""


@dataclass(frozen=True)
class Amendment:
    """A well-formed amend request. count: filled + wanted rest. expires_at: kept unless `set_expiry`."""

    ticker: str
    side: str
    price: Decimal
    count: Decimal
    client_order_id: str = ""
    updated_client_order_id: str = ""
    set_expiry: bool = False
    expires_at: datetime | None = None
    exchange_index: int | None = None


@dataclass(frozen=True)
class Route:
    """Where a cancel or decrease says its order is: market_ticker and exchange_index, both optional."""

    market_ticker: str = ""
    exchange_index: int | None = None


def listing_of(world: World, ticker: str, exchange_index: int | None) -> Listing:
    """Return the market an order names; 404 when it is unknown, or not on the shard that was named."""
    listing = world.listings.get(ticker)
    if listing is None:
        raise not_found("market")
    if exchange_index is not None and exchange_index >= 0 and exchange_index != listing.exchange_index:
        raise refused(404, "not_found", "market not found", f"not on exchange_index {exchange_index}")
    return listing


def check_trading(listing: Listing, now: datetime) -> None:
    """Refuse when the market does not take new or changed orders."""
    status = market_status(listing, now)
    if status == "inactive":
        raise refused(409, "trading_is_paused", "trading is paused in this market")
    if status != "active":
        raise inactive(status)


def inactive(status: str) -> Refused:
    """Return the refusal of a market that is not open."""
    return refused(400, "MARKET_INACTIVE", f"market is {status}")


def check_price(world: World, listing: Listing, price: Decimal) -> None:
    """Refuse a price that is not on the market's grid."""
    if not world.grid(listing).contains(price):
        raise refused(400, "invalid_order", "invalid order", f"price {price} is not on the market's price grid")


def check_funds(world: World, listing: Listing, order: Order, count: Decimal, now: datetime) -> None:
    """Refuse what the account could not pay if all of *count* were filled at the limit."""
    try:
        rate = world.terms(listing, now).taker_rate
    except DataError as error:
        raise refused(400, "invalid_order", "fees of this market are not known", str(error)) from None
    closings = world.closings(order.account_id, listing, order.side)
    free = min(count, sum((one.count for one in closings if one.saved == ONE), ZERO))
    proceeds = free * (ONE - order.own_price)
    fees = max(ZERO, cent_ceiling(model_fee(order.price, count, rate)) - proceeds)
    now_reserved = world.market_reserve(order.account_id, order.ticker)
    wanted = world.reserve_with(order.account_id, listing, order.side, order.price, count)
    if wanted - now_reserved + fees > world.available(order.account_id, listing.exchange_index):
        raise refused(
            400,
            "available_balance_too_low",
            "available balance too low",
            f"on exchange_index {listing.exchange_index}",
        )


def find_resting(world: World, account_id: str, order_id: str, route: Route, now: datetime) -> Order:
    """Return the account's own resting order; 404 for any other, MARKET_INACTIVE after the close."""
    check_cancelling(world, now)
    order = world.orders.get(order_id)
    if order is None or order.account_id != account_id:
        raise not_found("order")
    if route.market_ticker and route.market_ticker != order.ticker:
        raise refused(400, "order_ticker_mismatch", "the order is in another market")
    shard = route.exchange_index
    if shard is None and not route.market_ticker:
        shard = 0  # without a ticker the real exchange looks on shard 0 only
    if shard is not None and shard >= 0 and shard != order.exchange_index:
        raise not_found("order")
    status = market_status(world.listings[order.ticker], now)
    if status not in ("active", "inactive"):
        raise inactive(status)
    if order.status != RESTING:
        raise not_found("order")
    return order


def check_combination(new: NewOrder, now: datetime) -> None:
    """Refuse options that exclude each other, and an expiry in the past."""
    problem = ""
    if new.expires_at is not None and new.time_in_force != GTC:
        problem = "expiration_time needs good_till_canceled"
    elif new.expires_at is not None and new.expires_at <= now:
        problem = "expiration_time is in the past"
    elif new.post_only and new.time_in_force != GTC:
        problem = "post_only needs good_till_canceled"
    elif new.reduce_only and new.time_in_force != IOC:
        problem = "reduce_only needs immediate_or_cancel"
    if problem:
        raise refused(400, "invalid_parameters", "invalid parameters", problem)


def check_amendment(world: World, listing: Listing, order: Order, wanted: Amendment, now: datetime) -> None:
    """Refuse an amendment that names another order, or that the market or the account can not take."""
    check_placing(world, now)
    check_trading(listing, now)
    if wanted.side != order.side:
        raise refused(400, "order_side_mismatch", "the order is on the other side")
    if wanted.client_order_id and wanted.client_order_id != order.client_order_id:
        raise refused(400, "order_id_and_client_order_id_mismatch", "client_order_id names another order")
    spent = world.spent.get((order.account_id, wanted.updated_client_order_id), order.order_id)
    if wanted.updated_client_order_id and spent != order.order_id:
        raise refused(409, "order_already_exists", "updated_client_order_id was accepted before")
    check_price(world, listing, wanted.price)
    if wanted.count <= order.filled:
        raise refused(400, "invalid_order_size", "count is the total: it must be above what was filled")
    if wanted.set_expiry and wanted.expires_at is not None and wanted.expires_at <= now:
        raise refused(400, "invalid_parameters", "invalid parameters", "expiration_time is in the past")
    best = world.books[order.ticker].opposite(order.side).best()
    if order.post_only and wanted.price != order.price and crosses(order.side, wanted.price, best):
        raise refused(400, "invalid_order", "invalid order", "post only cross")
    rest = wanted.count - order.filled
    if wanted.price == order.price and rest <= order.remaining:
        return
    # Compared with the order taken away, the amended one must be affordable.
    world.change_resting(order, -order.remaining)
    try:
        changed = Order(
            order.order_id,
            order.account_id,
            "",
            order.ticker,
            order.side,
            wanted.price,
            rest,
            0,
            now,
            now,
            order.exchange_index,
            GTC,
            order.self_trade_prevention,
        )
        check_funds(world, listing, changed, rest, now)
    finally:
        world.change_resting(order, order.remaining)
