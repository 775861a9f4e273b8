"""Fees that change at a known time: for a whole series, or as an override of one event."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec

from kalshi.errors import DataError
from kalshi.paper.listed import ListedEvent, ListedSeries
from kalshi.paper.records import FeeChange
from kalshi.paper.refusals import not_found, refused
from kalshi.paper.world import World
from kalshi.pricing.fees import terms_of_type


def schedule_fee_change(
    world: World,
    ticker: str,
    fee_type: str | None,
    multiplier: Decimal | None,
    scheduled_at: datetime,
    now: datetime,
) -> FeeChange:
    """Let other fees be in force from *scheduled_at* on, inclusive; a time that is past means at once.

    ticker: of a series, or of an event, whose override it then is; None takes an event's override away.
    Raises Refused for an unknown ticker and for fees that can not be charged.
    """
    listed = world.series.get(ticker)
    event = world.events.get(ticker) if listed is None else None
    if listed is None and event is None:
        raise not_found("series or event")
    if listed is not None and (fee_type is None or multiplier is None):
        raise refused(400, "invalid_parameters", "a series needs a fee_type and a fee_multiplier")
    try:
        terms_of_type(fee_type or "quadratic", Decimal(1) if multiplier is None else multiplier, where=ticker)
    except DataError as error:
        raise refused(400, "invalid_parameters", str(error)) from None
    series_ticker = ticker if event is None else event.event.series_ticker
    number = world.next_number()
    change = FeeChange(
        world.id_for(number, ticker, now),
        number,
        series_ticker,
        "" if event is None else ticker,
        fee_type,
        multiplier,
        scheduled_at,
    )
    world.keep(change)
    if scheduled_at <= now:
        apply_fee_change(world, change.change_id)
    else:
        world.watch(scheduled_at, "fee", change.change_id)
    return change


def apply_fee_change(world: World, change_id: str) -> None:
    """Put a change in force; resting orders then keep what a fill may cost under it."""
    change = world.fee_changes[change_id]
    if change.done:
        return
    change.done = True
    world.keep(change)
    if change.event_ticker:
        event = world.events[change.event_ticker].event
        fees = {"fee_type_override": change.fee_type, "fee_multiplier_override": change.multiplier}
        world.keep(ListedEvent(change.event_ticker, msgspec.structs.replace(event, **fees)))
        tickers = list(world.event_markets[change.event_ticker])
    else:
        series = world.series[change.series_ticker].series
        fees = {"fee_type": change.fee_type, "fee_multiplier": change.multiplier}
        world.keep(ListedSeries(change.series_ticker, msgspec.structs.replace(series, **fees)))
        tickers = [one.ticker for one in world.listings.values() if one.series_ticker == change.series_ticker]
    world.refresh_reserves(set(tickers))


def changes_of(world: World, *, events: bool, ticker: str = "", past: bool = True) -> list[FeeChange]:
    """Return the changes of series or of events in the order of their time. past: those in force too."""
    found = [
        one
        for one in world.fee_changes.values()
        if bool(one.event_ticker) == events
        and (not ticker or ticker in (one.event_ticker if events else one.series_ticker,))
        and (past or not one.done)
    ]
    return sorted(found, key=lambda one: (one.scheduled_at, one.number))
