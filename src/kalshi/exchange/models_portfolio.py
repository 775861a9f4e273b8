"""What the exchange says about one account: balance, orders, fills, positions, settlements."""

from __future__ import annotations

from decimal import Decimal

from kalshi.exchange.models_market import Finite, Moment, Wire


class IndexedBalance(Finite, frozen=True):
    """Dollars on one shard."""

    exchange_index: int
    balance: Decimal


class Balance(Finite, frozen=True):
    """Cash of an account; `balance` and `portfolio_value` are cents and cut off: use `balance_dollars`."""

    balance: int
    balance_dollars: Decimal
    portfolio_value: int
    updated_ts: int
    balance_breakdown: list[IndexedBalance] | None = None

    def on_shard(self, exchange_index: int) -> Decimal:
        """Return the dollars that can pay for an order on that shard.

        Without a breakdown (keys locked to a subaccount) the whole balance is the answer.
        """
        if self.balance_breakdown is None:
            return self.balance_dollars
        rows = (row.balance for row in self.balance_breakdown if row.exchange_index == exchange_index)
        return sum(rows, Decimal(0))


class Order(Finite, frozen=True):
    """An order as the exchange has it; read `book_side` (bid = buys YES), never the deprecated words."""

    order_id: str
    user_id: str
    client_order_id: str
    ticker: str
    outcome_side: str
    book_side: str
    status: str
    yes_price_dollars: Decimal
    no_price_dollars: Decimal
    fill_count_fp: Decimal
    remaining_count_fp: Decimal
    initial_count_fp: Decimal
    taker_fill_cost_dollars: Decimal
    maker_fill_cost_dollars: Decimal
    taker_fees_dollars: Decimal
    maker_fees_dollars: Decimal
    type: str = "limit"
    expiration_time: Moment | None = None
    created_time: Moment | None = None
    last_update_time: Moment | None = None
    self_trade_prevention_type: str | None = None
    order_group_id: str | None = None
    cancel_order_on_pause: bool = False
    subaccount_number: int | None = None
    exchange_index: int = 0


class Fill(Finite, frozen=True):
    """One execution of an order; carries no client_order_id: join through order_id."""

    fill_id: str
    trade_id: str
    order_id: str
    ticker: str
    market_ticker: str
    exchange_index: int
    outcome_side: str
    book_side: str
    count_fp: Decimal
    yes_price_dollars: Decimal
    no_price_dollars: Decimal
    fee_cost: Decimal
    is_taker: bool
    created_time: Moment | None = None
    ts: int | None = None
    subaccount_number: int | None = None


class MarketPosition(Finite, frozen=True):
    """Net contracts of one market: position_fp > 0 is YES, < 0 is NO."""

    ticker: str
    exchange_index: int
    position_fp: Decimal
    total_traded_dollars: Decimal
    market_exposure_dollars: Decimal
    realized_pnl_dollars: Decimal
    fees_paid_dollars: Decimal
    last_updated_ts: Moment


class EventPosition(Finite, frozen=True):
    """Sum over the markets of one event."""

    event_ticker: str
    total_cost_shares_fp: Decimal
    total_cost_dollars: Decimal
    event_exposure_dollars: Decimal
    realized_pnl_dollars: Decimal
    fees_paid_dollars: Decimal


class Settlement(Finite, frozen=True):
    """What one market paid; `revenue` and `value` are cents."""

    ticker: str
    event_ticker: str
    exchange_index: int
    market_result: str
    yes_count_fp: Decimal
    no_count_fp: Decimal
    yes_total_cost_dollars: Decimal
    no_total_cost_dollars: Decimal
    fee_cost: Decimal
    revenue: int
    settled_time: Moment
    value: int | None = None


class QueuePosition(Finite, frozen=True):
    """Contracts that rest in front of one order."""

    queue_position_fp: Decimal


class OrderQueuePosition(Finite, frozen=True):
    """Contracts that rest in front of one order, in a list."""

    order_id: str
    market_ticker: str
    queue_position_fp: Decimal


class RestingOrderValue(Wire, frozen=True):
    """Value of all resting orders, cents."""

    total_resting_order_value: int
    resting_order_value_breakdown: list[IndexedBalance]
