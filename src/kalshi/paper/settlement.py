"""From a result to money: determined, disputed, amended, and paid.

A result that is determined here becomes final after the market's `settlement_timer_seconds`. A dispute stops that
timer; an amended result (or the old one, determined again) starts it anew. Only then positions are paid.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from kalshi.paper import netting
from kalshi.paper.funds import payout
from kalshi.paper.listed import Listing
from kalshi.paper.market_states import close, market_status
from kalshi.paper.records import ONE, ZERO, Settlement
from kalshi.paper.refusals import not_found, refused
from kalshi.paper.world import World
from kalshi.pricing.fees import charge

DETERMINED, DISPUTED, AMENDED = "determined", "disputed", "amended"
YES_VALUES = {"yes": ONE, "no": ZERO}


def determine(world: World, ticker: str, result: str, now: datetime, *, yes_value: Decimal | None = None) -> None:
    """Announce a result; it becomes final when the settlement timer has run out.

    A disputed market whose result stands is determined again; one with another *result* is amended.
    Raises Refused for an unknown market or result, and for a market that is paid already.
    """
    listing, value = _unpaid(world, ticker), value_of(ticker, result, yes_value)
    close(world, listing, now)
    changed = listing.stage == DISPUTED and (listing.result, listing.yes_value) != (result, value)
    listing.stage = AMENDED if changed else DETERMINED
    listing.result, listing.yes_value = result, value
    listing.pays_at = now + timedelta(seconds=listing.market.settlement_timer_seconds)
    world.keep(listing)
    world.watch_close(listing)


def dispute(world: World, ticker: str, now: datetime) -> None:
    """Stop the settlement timer of a determined or amended market. Raises Refused for any other."""
    listing = _unpaid(world, ticker)
    if listing.stage not in (DETERMINED, AMENDED):
        raise refused(400, "invalid_parameters", f"{ticker} is {market_status(listing, now)}: nothing to dispute")
    listing.stage, listing.pays_at = DISPUTED, None
    world.keep(listing)


def result_due(world: World, ticker: str, now: datetime) -> None:
    """Pay a market whose settlement timer has run out by *now*; one that was disputed meanwhile waits."""
    listing = world.listings[ticker]
    if listing.settled_at is None and listing.pays_at is not None and listing.pays_at <= now:
        settle(world, ticker, listing.result, listing.pays_at, yes_value=listing.yes_value)


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
    value = value_of(ticker, result, yes_value)
    listing = world.listings.get(ticker)
    if listing is None:
        raise not_found("market")
    if listing.settled_at is not None:
        return
    close(world, listing, now)
    listing.result, listing.yes_value, listing.settled_at, listing.pays_at = result, value, now, None
    world.keep(listing)
    for account_id, position in list(world.holders[ticker].items()):
        if not position.settled:
            _pay(world, account_id, listing, value, now)
    netting.note_settlement(world, listing, now)


def _unpaid(world: World, ticker: str) -> Listing:
    listing = world.listings.get(ticker)
    if listing is None:
        raise not_found("market")
    if listing.settled_at is not None:
        raise refused(400, "invalid_parameters", f"{ticker} is paid already")
    return listing


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
    position.quantity = position.cost = position.netted = ZERO
    position.settled, position.updated_at = True, now
    world.keep(position)
