"""Selling a position "at market": limits that take what is offered, down to a worst price, a few times."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from kalshi.exchange.grid import PriceGrid
from kalshi.exchange.models import Market
from kalshi.exchange.models_orders import IMMEDIATE_OR_CANCEL
from kalshi.trading.intents import NEW_YORK, ONE, Intent, Side
from kalshi.trading.outcomes import OrderOutcome, OrderReport

if TYPE_CHECKING:
    from kalshi.trading.desk import Desk

PURPOSE = "flatten"
BETWEEN_ROUNDS_S = 1.0
ZERO = Decimal(0)


def flatten(desk: Desk, market: Market, worst_price: Decimal, rounds: int, strategy: str) -> OrderReport:
    """Sell the position in *market* for at least *worst_price* dollars of the side held.

    Each round reads the real position and sends one immediate-or-cancel, reduce-only order of its size.
    The report is that of the last round, except that `filled` counts all rounds and `remaining` is what is
    still held.
    """
    report: OrderReport | None = None
    sold, left = ZERO, None
    for number in range(max(1, rounds)):
        if number:
            desk.sleep(BETWEEN_ROUNDS_S)
        held = sum((row.position_fp for row in desk.exchange.positions(ticker=market.ticker)), ZERO)
        # Positions lag: after a sale no more than what it left over is there to sell.
        size = abs(held) if left is None else min(abs(held), left)
        if size == 0:
            break
        report = desk.submit(_closing(desk, market, held, size, worst_price, strategy), market)
        if report.outcome is not OrderOutcome.ACCEPTED:
            left = size
            break
        sold, left = sold + report.filled, size - report.filled
        if left == 0:
            break
    if report is None:
        return _nothing_held(desk, market, strategy)
    return _summed_up(desk, report, sold, left or ZERO)


def _summed_up(desk: Desk, report: OrderReport, sold: Decimal, left: Decimal) -> OrderReport:
    if report.outcome is OrderOutcome.ACCEPTED:
        reason = f"still open: {left} contracts, nobody offered the worst price" if left else "flat"
    else:
        reason = f"still open: {left} contracts: {report.reason}"
    summed = replace(report, filled=sold, remaining=left, reason=reason)
    desk.reports[-1] = replace(report, remaining=left, reason=reason)
    return summed


def _closing(
    desk: Desk, market: Market, held: Decimal, size: Decimal, worst_price: Decimal, strategy: str
) -> Intent:
    # Selling YES is buying NO: the price of the intent is that of the side bought.
    side = Side.NO if held > 0 else Side.YES
    return Intent(
        strategy=strategy,
        run_date=desk.clock().astimezone(NEW_YORK).date(),
        event_ticker=market.event_ticker,
        ticker=market.ticker,
        side=side,
        price=_on_grid(market, side, ONE - worst_price),
        count=size,
        purpose=PURPOSE,
        generation=desk.store.generation(strategy, market.ticker, PURPOSE) + 1,
        time_in_force=IMMEDIATE_OR_CANCEL,
        reduces=True,
    )


def _on_grid(market: Market, side: Side, highest: Decimal) -> Decimal:
    grid = PriceGrid.of(market)
    if side is Side.YES:
        return grid.floor(highest) or highest
    yes_price = grid.ceil(ONE - highest)
    return highest if yes_price is None else ONE - yes_price


def _nothing_held(desk: Desk, market: Market, strategy: str) -> OrderReport:
    intent = Intent(
        strategy=strategy,
        run_date=desk.clock().astimezone(NEW_YORK).date(),
        event_ticker=market.event_ticker,
        ticker=market.ticker,
        side=Side.NO,
        price=ONE,
        count=ZERO,
        purpose=PURPOSE,
        reduces=True,
    )
    return OrderReport(intent, OrderOutcome.REFUSED, "nothing is held", "")
