"""What the exchange and the store say after a simulated day, asked as any client would ask."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from urllib.parse import quote

import requests

from kalshi.clients import ExchangeClient
from kalshi.config import Config, load_config
from kalshi.connect import connect
from kalshi.errors import KalshiError
from kalshi.season.day import Exchange, Place, environment
from kalshi.season.day_account import Books
from kalshi.store import Store
from kalshi.trading.desk import Desk
from kalshi.trading.limits import Limits

SYMBOLS = ("^GSPC", "^NDX")


def config_of(place: Place, exchange: Exchange) -> Config:
    """Return the settings the scripts of the day have."""
    return load_config(environment(place, {"KALSHI_API_BASE": exchange.api_base}))


def client_of(place: Place, exchange: Exchange) -> ExchangeClient:
    """Return a client of the scripts' own account."""
    return connect(config_of(place, exchange))


def close_books(place: Place, exchange: Exchange, client: ExchangeClient, before: Decimal, now: datetime) -> Books:
    """Reconcile once more, as the next run would, and return what both sides then have."""
    config = config_of(place, exchange)
    store = Store.open(place.store)
    try:
        limits = Limits.from_config(config)
        desk = Desk(client, store, limits, clock=lambda: now, dry_run=False, run_id="after-the-day", job="simulate_day")
        desk.reconcile()
        rows = store.orders()
    finally:
        store.close()
    orders, fills = list(client.orders()), list(client.fills())
    settled = list(client.settlements())
    return Books(orders, fills, settled, rows, before, client.balance().balance_dollars)


def index_minutes(exchange: Exchange) -> dict[str, list[tuple[datetime, float]]]:
    """Return the minutes of the session by symbol, as the exchange serves them."""
    found = {}
    for symbol in SYMBOLS:
        try:
            answer = requests.get(f"{exchange.index_url}/{quote(symbol)}", timeout=10)
            answer.raise_for_status()
            minutes = answer.json()["minutes"]
        except (requests.RequestException, ValueError, KeyError) as error:
            raise KalshiError(f"the simulated index {symbol} can not be read: {error}") from None
        found[symbol] = [(datetime.fromisoformat(at), float(value)) for at, value in minutes]
    return found

