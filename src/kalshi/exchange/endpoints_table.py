"""Every endpoint in use, as data: method, path, whether it must be signed, query parameters.

A test holds this table to reference/kalshi_api_structure.json; the client sends nothing else.
"""

from __future__ import annotations

from kalshi.exchange.endpoints_base import Endpoint

_PAGE = ("limit", "cursor")
_CANDLES = ("start_ts", "end_ts", "period_interval")


def _public(path: str, *parameters: str) -> Endpoint:
    return Endpoint("GET", path, False, parameters)


def _private(path: str, *parameters: str) -> Endpoint:
    return Endpoint("GET", path, True, parameters)


def _write(method: str, path: str, *parameters: str) -> Endpoint:
    return Endpoint(method, path, True, parameters)


# exchange
EXCHANGE_STATUS = _public("/exchange/status")
EXCHANGE_SCHEDULE = _public("/exchange/schedule")
USER_DATA_TIMESTAMP = _public("/exchange/user_data_timestamp")

# series, events, markets
SERIES_LIST = _public(
    "/series", "category", "tags", "include_product_metadata", "include_volume", "min_updated_ts"
)
SERIES = _public("/series/{series_ticker}", "include_volume")
SERIES_FEE_CHANGES = _public("/series/fee_changes", "series_ticker", "show_historical")
EVENTS = _public(
    "/events",
    *_PAGE,
    "with_nested_markets",
    "with_milestones",
    "status",
    "series_ticker",
    "tickers",
    "min_close_ts",
    "min_updated_ts",
)
EVENT = _public("/events/{event_ticker}", "with_nested_markets", "exclude_markets")
EVENT_FEE_CHANGES = _public("/events/fee_changes", "event_ticker", *_PAGE)
MARKETS = _public(
    "/markets",
    *_PAGE,
    "event_ticker",
    "series_ticker",
    "tickers",
    "status",
    "mve_filter",
    "min_created_ts",
    "max_created_ts",
    "min_close_ts",
    "max_close_ts",
    "min_settled_ts",
    "max_settled_ts",
    "min_updated_ts",
    "max_updated_ts",
)
MARKET = _public("/markets/{ticker}")
ORDERBOOK = _public("/markets/{ticker}/orderbook", "depth")
ORDERBOOKS = _public("/markets/orderbooks", "tickers")
TRADES = _public("/markets/trades", *_PAGE, "ticker", "min_ts", "max_ts", "is_block_trade")
CANDLES = _public(
    "/series/{series_ticker}/markets/{ticker}/candlesticks", *_CANDLES, "include_latest_before_start"
)
CANDLES_BATCH = _public("/markets/candlesticks", "market_tickers", *_CANDLES, "include_latest_before_start")
EVENT_CANDLES = _public("/series/{series_ticker}/events/{ticker}/candlesticks", *_CANDLES)

# archive
HISTORICAL_CUTOFF = _public("/historical/cutoff")
HISTORICAL_MARKETS = _public(
    "/historical/markets", *_PAGE, "tickers", "event_ticker", "series_ticker", "mve_filter"
)
HISTORICAL_MARKET = _public("/historical/markets/{ticker}")
HISTORICAL_CANDLES = _public("/historical/markets/{ticker}/candlesticks", *_CANDLES)
HISTORICAL_TRADES = _public("/historical/trades", *_PAGE, "ticker", "min_ts", "max_ts", "is_block_trade")
HISTORICAL_FILLS = _private("/historical/fills", *_PAGE, "ticker", "min_ts", "max_ts", "subaccount")
HISTORICAL_ORDERS = _private("/historical/orders", *_PAGE, "ticker", "min_ts", "max_ts", "subaccount")
HISTORICAL_POSITIONS = _private("/historical/positions", *_PAGE, "ticker", "event_ticker", "subaccount")

# portfolio
BALANCE = _private("/portfolio/balance", "subaccount", "exchange_index")
ORDERS = _private(
    "/portfolio/orders",
    *_PAGE,
    "ticker",
    "event_ticker",
    "min_ts",
    "max_ts",
    "status",
    "subaccount",
    "exchange_index",
)
ORDER = _private("/portfolio/orders/{order_id}")
QUEUE_POSITION = _private("/portfolio/orders/{order_id}/queue_position")
QUEUE_POSITIONS = _private(
    "/portfolio/orders/queue_positions", "market_tickers", "event_ticker", "subaccount"
)
FILLS = _private(
    "/portfolio/fills", *_PAGE, "ticker", "order_id", "min_ts", "max_ts", "subaccount", "exchange_index"
)
POSITIONS = _private(
    "/portfolio/positions",
    *_PAGE,
    "ticker",
    "event_ticker",
    "count_filter",
    "settlement_status",
    "subaccount",
    "exchange_index",
)
SETTLEMENTS = _private(
    "/portfolio/settlements", *_PAGE, "ticker", "event_ticker", "min_ts", "max_ts", "subaccount"
)
TOTAL_RESTING_ORDER_VALUE = _private("/portfolio/summary/total_resting_order_value")

# orders
CREATE_ORDER = _write("POST", "/portfolio/events/orders")
CANCEL_ALL_ORDERS = _write("DELETE", "/portfolio/events/orders", "subaccount")
CANCEL_ORDER = _write(
    "DELETE", "/portfolio/events/orders/{order_id}", "subaccount", "exchange_index", "market_ticker"
)
AMEND_ORDER = _write("POST", "/portfolio/events/orders/{order_id}/amend", "subaccount")
DECREASE_ORDER = _write("POST", "/portfolio/events/orders/{order_id}/decrease", "subaccount")
CREATE_ORDERS = _write("POST", "/portfolio/events/orders/batched")
CANCEL_ORDERS = _write("DELETE", "/portfolio/events/orders/batched")

# order groups
ORDER_GROUPS = _private("/portfolio/order_groups", "subaccount")
ORDER_GROUP = _private("/portfolio/order_groups/{order_group_id}", "subaccount")
CREATE_ORDER_GROUP = _write("POST", "/portfolio/order_groups/create")
DELETE_ORDER_GROUP = _write(
    "DELETE", "/portfolio/order_groups/{order_group_id}", "subaccount", "exchange_index"
)
RESET_ORDER_GROUP = _write(
    "PUT", "/portfolio/order_groups/{order_group_id}/reset", "subaccount", "exchange_index"
)
TRIGGER_ORDER_GROUP = _write(
    "PUT", "/portfolio/order_groups/{order_group_id}/trigger", "subaccount", "exchange_index"
)
LIMIT_ORDER_GROUP = _write(
    "PUT", "/portfolio/order_groups/{order_group_id}/limit", "subaccount", "exchange_index"
)

# account
ACCOUNT_LIMITS = _private("/account/limits")
ENDPOINT_COSTS = _public("/account/endpoint_costs")
API_KEYS = _private("/api_keys", "fcm_subtrader_id")

# money between shards and subaccounts
TRANSFER = _write("POST", "/portfolio/intra_exchange_instance_transfer")
TRANSFERS = _private("/portfolio/intra_exchange_instance_transfers", *_PAGE)
TRANSFER_STATUS = _private("/portfolio/intra_exchange_instance_transfers/{transfer_id}")
TARGET_ALLOCATION = _private("/portfolio/target_balance_allocation")
SET_TARGET_ALLOCATION = _write("POST", "/portfolio/target_balance_allocation")
SUBACCOUNT_BALANCES = _private("/portfolio/subaccounts/balances")
NETTING = _private("/portfolio/subaccounts/netting")
SET_NETTING = _write("PUT", "/portfolio/subaccounts/netting")

ENDPOINTS: tuple[Endpoint, ...] = tuple(
    value for value in list(globals().values()) if isinstance(value, Endpoint)
)
