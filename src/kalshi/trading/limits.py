"""How much may be put at risk; small by default."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from kalshi.config import Config


@dataclass(frozen=True)
class Limits:
    """Limits of one account. Dollars are the most that can be lost, fees included.

    event_cost: over all orders and positions of one event, in its worst outcome. day_cost: the sum of
    that over all events with an order of the last 24 hours or an older one that is open; strategy_cost: the
    part of it of one strategy.
    day_loss: what a strategy may have lost in results of the last 24 hours, drawdown: by how much its results
    of 30 days may have fallen from their best; beyond, it is locked for a while. close_margin: no new
    order later than this before the market closes. quote_age: prices an order was decided on may not be older.
    spread: the widest in which an order may take what is offered, dollars; None for any.
    """

    order_contracts: Decimal
    order_cost: Decimal
    event_cost: Decimal
    day_cost: Decimal
    orders_per_run: int
    strategy_cost: Decimal = Decimal("Infinity")
    day_loss: Decimal = Decimal("Infinity")
    drawdown: Decimal = Decimal("Infinity")
    close_margin: timedelta = timedelta(minutes=1)
    quote_age: timedelta = timedelta(minutes=5)
    spread: Decimal | None = None

    @classmethod
    def from_config(cls, config: Config) -> Limits:
        """Return the limits set in the environment."""
        return cls(
            order_contracts=config.max_order_contracts,
            order_cost=config.max_order_cost,
            event_cost=config.max_event_cost,
            day_cost=config.max_day_cost,
            orders_per_run=config.max_orders_per_run,
            strategy_cost=config.max_strategy_cost,
            day_loss=config.max_day_loss,
            drawdown=config.max_drawdown,
            quote_age=timedelta(seconds=config.max_quote_age),
            spread=config.max_spread if config.max_spread < 1 else None,  # from a dollar on it is any, one-sided too
        )
