"""The table of operations: method and path to the function that answers, and who may call it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from kalshi.paper import (
    routes_account,
    routes_allocation,
    routes_candles,
    routes_details,
    routes_groups,
    routes_orders,
    routes_portfolio,
    routes_public,
)
from kalshi.paper.parsing import Request
from kalshi.paper.routes_public import Answer
from kalshi.paper.world import World

Handler = Callable[[World, Request], Answer]

PUBLIC, READ, BALANCE, TRADE, TRANSFER, WRITE = "public", "read", "balance", "trade", "transfer", "write"
SCOPES = {
    READ: ("read",),
    BALANCE: ("read", "read::portfolio_balance"),
    TRADE: ("write", "write::trade"),
    TRANSFER: ("write", "write::transfer"),
    WRITE: ("write",),
}


@dataclass(frozen=True)
class Route:
    """One operation. access: public, or a key of SCOPES. changes: whether it writes."""

    method: str
    path: str
    handler: Handler
    access: str

    @property
    def changes(self) -> bool:
        """Whether the operation needs the write transaction."""
        return self.method != "GET"


def _routes() -> list[Route]:
    public, portfolio, orders = routes_public, routes_portfolio, routes_orders
    account, candles, groups = routes_account, routes_candles, routes_groups
    details, money = routes_details, routes_allocation
    v2, group = "/portfolio/events/orders", "/portfolio/order_groups"
    shards = "/portfolio/intra_exchange_instance_transfer"
    return [
        Route("GET", "/exchange/status", public.exchange_status, PUBLIC),
        Route("GET", "/exchange/schedule", public.exchange_schedule, PUBLIC),
        Route("GET", "/exchange/user_data_timestamp", public.user_data_timestamp, PUBLIC),
        Route("GET", "/historical/cutoff", public.historical_cutoff, PUBLIC),
        Route("GET", "/series", public.series_list, PUBLIC),
        Route("GET", "/series/fee_changes", details.series_fee_changes, PUBLIC),
        Route("GET", "/events/fee_changes", details.event_fee_changes, PUBLIC),
        Route("GET", "/series/{series_ticker}", public.one_series, PUBLIC),
        Route("GET", "/events", public.events, PUBLIC),
        Route("GET", "/events/multivariate", public.multivariate_events, PUBLIC),
        Route("GET", "/events/{event_ticker}", public.one_event, PUBLIC),
        Route("GET", "/events/{event_ticker}/metadata", details.event_metadata, PUBLIC),
        Route("GET", "/markets", public.markets, PUBLIC),
        Route("GET", "/markets/trades", public.trades, PUBLIC),
        Route("GET", "/markets/orderbooks", public.orderbooks, PUBLIC),
        Route("GET", "/markets/candlesticks", candles.candlesticks_batch, PUBLIC),
        Route("GET", "/markets/{ticker}", public.one_market, PUBLIC),
        Route("GET", "/markets/{ticker}/orderbook", public.orderbook, PUBLIC),
        Route("GET", "/series/{series_ticker}/markets/{ticker}/candlesticks", candles.candlesticks, PUBLIC),
        Route("GET", "/series/{series_ticker}/events/{ticker}/candlesticks", candles.candlesticks_event, PUBLIC),
        Route(
            "GET",
            "/series/{series_ticker}/events/{ticker}/forecast_percentile_history",
            details.forecast_history,
            READ,
        ),
        Route("GET", "/historical/markets", public.archived_markets, PUBLIC),
        Route("GET", "/historical/trades", public.archived_trades, PUBLIC),
        Route("GET", "/historical/fills", portfolio.archived_fills, READ),
        Route("GET", "/historical/orders", portfolio.archived_orders, READ),
        Route("GET", "/historical/positions", portfolio.archived_positions, READ),
        Route("GET", "/historical/markets/{ticker}", public.archived_market, PUBLIC),
        Route("GET", "/historical/markets/{ticker}/candlesticks", candles.candlesticks_archived, PUBLIC),
        Route("GET", "/account/endpoint_costs", account.endpoint_costs, PUBLIC),
        Route("GET", "/account/limits", account.account_limits, READ),
        Route("POST", "/account/api_usage_level/upgrade", account.upgrade, WRITE),
        Route("GET", "/account/api_usage_level/volume_progress", money.volume_progress, READ),
        Route("GET", "/api_keys", account.api_keys, READ),
        Route("POST", "/api_keys", account.create_key, WRITE),
        Route("POST", "/api_keys/generate", account.generate_key, WRITE),
        Route("DELETE", "/api_keys/{api_key}", account.delete_key, WRITE),
        Route("GET", "/portfolio/balance", portfolio.balance, BALANCE),
        Route("GET", "/portfolio/orders", portfolio.orders, READ),
        Route("GET", "/portfolio/orders/queue_positions", portfolio.queue_positions, READ),
        Route("GET", "/portfolio/orders/{order_id}", portfolio.one_order, READ),
        Route("GET", "/portfolio/orders/{order_id}/queue_position", portfolio.queue_position, READ),
        Route("GET", "/portfolio/fills", portfolio.fills, READ),
        Route("GET", "/portfolio/positions", portfolio.positions, READ),
        Route("GET", "/portfolio/settlements", portfolio.settlements, READ),
        Route("GET", "/portfolio/summary/total_resting_order_value", portfolio.resting_value, READ),
        Route("GET", "/portfolio/deposits", money.deposits, READ),
        Route("GET", "/portfolio/withdrawals", money.withdrawals, READ),
        Route("GET", "/portfolio/target_balance_allocation", money.target_allocation, READ),
        Route("POST", "/portfolio/target_balance_allocation", money.set_target_allocation, TRANSFER),
        Route("POST", "/portfolio/subaccounts", account.create_subaccount, WRITE),
        Route("POST", "/portfolio/subaccounts/transfer", account.transfer_between_subaccounts, TRANSFER),
        Route("GET", "/portfolio/subaccounts/transfers", account.subaccount_transfers, READ),
        Route("GET", "/portfolio/subaccounts/balances", account.subaccount_balances, BALANCE),
        Route("GET", "/portfolio/subaccounts/netting", account.netting, READ),
        Route("PUT", "/portfolio/subaccounts/netting", account.set_netting, WRITE),
        Route("POST", shards, account.transfer_between_shards, TRANSFER),
        Route("GET", f"{shards}s", account.shard_transfers, READ),
        Route("GET", f"{shards}s/{{transfer_id}}", account.shard_transfer, READ),
        Route("GET", group, groups.order_groups, READ),
        Route("POST", f"{group}/create", groups.create_group, TRADE),
        Route("GET", f"{group}/{{order_group_id}}", groups.order_group, READ),
        Route("DELETE", f"{group}/{{order_group_id}}", groups.delete_group, TRADE),
        Route("PUT", f"{group}/{{order_group_id}}/reset", groups.reset_group, TRADE),
        Route("PUT", f"{group}/{{order_group_id}}/trigger", groups.trigger_group, TRADE),
        Route("PUT", f"{group}/{{order_group_id}}/limit", groups.limit_group, TRADE),
        Route("POST", v2, orders.create, TRADE),
        Route("DELETE", v2, orders.cancel_all, TRADE),
        Route("POST", f"{v2}/batched", orders.create_batch, TRADE),
        Route("DELETE", f"{v2}/batched", orders.cancel_batch, TRADE),
        Route("DELETE", f"{v2}/{{order_id}}", orders.cancel, TRADE),
        Route("POST", f"{v2}/{{order_id}}/amend", orders.amend, TRADE),
        Route("POST", f"{v2}/{{order_id}}/decrease", orders.decrease, TRADE),
    ]


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile("^" + re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path) + "$")


ROUTES = _routes()
_COMPILED = [(route, _pattern(route.path)) for route in ROUTES]


def find_route(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """Return the operation of a path below /trade-api/v2 and the names in it; literal paths come first."""
    for route, pattern in _COMPILED:
        if route.method == method and (found := pattern.match(path)):
            return route, found.groupdict()
    return None
