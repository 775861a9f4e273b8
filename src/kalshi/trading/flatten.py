"""Selling a position "at market": limits that take what is offered, down to a worst price, a few times."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from kalshi.exchange.grid import PriceGrid
from kalshi.exchange.models import Market
from kalshi.exchange.models_orders import IMMEDIATE_OR_CANCEL
from kalshi.trading.intents import ONE, Intent, Side
from kalshi.trading.outcomes import OrderOutcome, OrderReport

if TYPE_CHECKING:
    from kalshi.trading.desk import Desk

PURPOSE = "flatten"
STRATEGY = "flatten"


def flatten(desk: Desk, market: Market, worst_price: Decimal, rounds: int) -> OrderReport:
    """Sell the position in *market* for at least *worst_price* dollars of the side held.

    Each round reads the real position and sends one immediate-or-cancel, reduce-only order of its size.
    The report is that of the last round; its `remaining` is what is still held.
    """
    report: OrderReport | None = None
    for _ in range(max(1, rounds)):
        held = sum((row.position_fp for row in desk.exchange.positions(ticker=market.ticker)), Decimal(0))
        if held == 0:
            return report or _nothing_held(desk, market)
        report = desk.submit(_closing(desk, market, held, worst_price), market)
        if report.outcome is not OrderOutcome.ACCEPTED or report.filled == abs(held):
            return report
    assert report is not None
    return report


def _closing(desk: Desk, market: Market, held: Decimal, worst_price: Decimal) -> Intent:
    # Selling YES is buying NO: the price of the intent is that of the side bought.
    side = Side.NO if held > 0 else Side.YES
    generation = desk.store.generation(STRATEGY, market.ticker, PURPOSE) + 1
    return Intent(
        strategy=STRATEGY,
        run_date=desk.clock().date(),
        event_ticker=market.event_ticker,
        ticker=market.ticker,
        side=side,
        price=_on_grid(market, side, ONE - worst_price),
        count=abs(held),
        purpose=PURPOSE,
        generation=generation,
        time_in_force=IMMEDIATE_OR_CANCEL,
        reduces=True,
    )


def _on_grid(market: Market, side: Side, highest: Decimal) -> Decimal:
    grid = PriceGrid.of(market)
    if side is Side.YES:
        return grid.floor(highest) or highest
    yes_price = grid.ceil(ONE - highest)
    return highest if yes_price is None else ONE - yes_price


def _nothing_held(desk: Desk, market: Market) -> OrderReport:
    intent = Intent(
        strategy=STRATEGY,
        run_date=desk.clock().date(),
        event_ticker=market.event_ticker,
        ticker=market.ticker,
        side=Side.NO,
        price=Decimal("0.01"),
        count=Decimal(0),
        purpose=PURPOSE,
        reduces=True,
    )
    return OrderReport(intent, OrderOutcome.REFUSED, "nothing is held", "")
