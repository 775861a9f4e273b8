"""The table of operations: method and path to the function that answers, and who may call it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from kalshi.paper import routes_orders, routes_portfolio, routes_public
from kalshi.paper.parsing import Request
from kalshi.paper.routes_public import Answer
from kalshi.paper.world import World

Handler = Callable[[World, Request], Answer]

PUBLIC, READ, BALANCE, TRADE, WRITE = "public", "read", "balance", "trade", "write"
SCOPES = {
    READ: ("read",),
    BALANCE: ("read", "read::portfolio_balance"),
    TRADE: ("write", "write::trade"),
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
    v2 = "/portfolio/events/orders"
    return [
        Route("GET", "/exchange/status", public.exchange_status, PUBLIC),
        Route("GET", "/exchange/schedule", public.exchange_schedule, PUBLIC),
        Route("GET", "/exchange/user_data_timestamp", public.user_data_timestamp, PUBLIC),
        Route("GET", "/historical/cutoff", public.historical_cutoff, PUBLIC),
        Route("GET", "/series", public.series_list, PUBLIC),
        Route("GET", "/series/fee_changes", public.no_fee_changes, PUBLIC),
        Route("GET", "/events/fee_changes", public.no_fee_changes, PUBLIC),
        Route("GET", "/series/{series_ticker}", public.one_series, PUBLIC),
        Route("GET", "/events", public.events, PUBLIC),
        Route("GET", "/events/{event_ticker}", public.one_event, PUBLIC),
        Route("GET", "/markets", public.markets, PUBLIC),
        Route("GET", "/markets/trades", public.trades, PUBLIC),
        Route("GET", "/markets/orderbooks", public.orderbooks, PUBLIC),
        Route("GET", "/markets/candlesticks", public.candlesticks_batch, PUBLIC),
        Route("GET", "/markets/{ticker}", public.one_market, PUBLIC),
        Route("GET", "/markets/{ticker}/orderbook", public.orderbook, PUBLIC),
        Route("GET", "/series/{series_ticker}/markets/{ticker}/candlesticks", public.candlesticks, PUBLIC),
        Route("GET", "/series/{series_ticker}/events/{ticker}/candlesticks", public.candlesticks_event, PUBLIC),
        Route("GET", "/historical/markets", public.no_archive, PUBLIC),
        Route("GET", "/historical/trades", public.no_archive, PUBLIC),
        Route("GET", "/historical/fills", public.no_archive, READ),
        Route("GET", "/historical/orders", public.no_archive, READ),
        Route("GET", "/historical/positions", public.no_archive, READ),
        Route("GET", "/historical/markets/{ticker}", public.no_archived_market, PUBLIC),
        Route("GET", "/historical/markets/{ticker}/candlesticks", public.candlesticks, PUBLIC),
        Route("GET", "/account/endpoint_costs", portfolio.endpoint_costs, PUBLIC),
        Route("GET", "/account/limits", portfolio.account_limits, READ),
        Route("GET", "/api_keys", portfolio.api_keys, READ),
        Route("GET", "/portfolio/balance", portfolio.balance, BALANCE),
        Route("GET", "/portfolio/orders", portfolio.orders, READ),
        Route("GET", "/portfolio/orders/queue_positions", portfolio.queue_positions, READ),
        Route("GET", "/portfolio/orders/{order_id}", portfolio.one_order, READ),
        Route("GET", "/portfolio/orders/{order_id}/queue_position", portfolio.queue_position, READ),
        Route("GET", "/portfolio/fills", portfolio.fills, READ),
        Route("GET", "/portfolio/positions", portfolio.positions, READ),
        Route("GET", "/portfolio/settlements", portfolio.settlements, READ),
        Route("GET", "/portfolio/summary/total_resting_order_value", portfolio.resting_value, READ),
        Route("GET", "/portfolio/subaccounts/netting", portfolio.netting, READ),
        Route("PUT", "/portfolio/subaccounts/netting", portfolio.set_netting, WRITE),
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
