"""The table of endpoints and the methods of the client are the same set, and only reads are GETs."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from decimal import Decimal

import pytest

from kalshi.clients import ExchangeClient
from kalshi.errors import KalshiError
from kalshi.exchange.endpoints_table import ENDPOINTS
from kalshi.exchange.models import AmendOrder, CancelOrder, CreateOrder, DecreaseOrder

ORDER = CreateOrder(
    ticker="T",
    side="bid",
    count=Decimal(1),
    price=Decimal("0.5"),
    time_in_force="immediate_or_cancel",
    self_trade_prevention_type="taker_at_cross",
    client_order_id="c",
)
AMEND = AmendOrder(ticker="T", side="bid", count=Decimal(1), price=Decimal("0.5"))
CALLS: list[Callable[[ExchangeClient], object]] = [
    lambda c: c.exchange_status(),
    lambda c: c.exchange_schedule(),
    lambda c: c.user_data_timestamp(),
    lambda c: list(c.series_list()),
    lambda c: c.series("S"),
    lambda c: c.series_fee_changes(),
    lambda c: list(c.events()),
    lambda c: c.event("E"),
    lambda c: list(c.event_fee_changes()),
    lambda c: list(c.markets()),
    lambda c: c.market("T"),
    lambda c: c.orderbook("T"),
    lambda c: c.orderbooks(["T"]),
    lambda c: list(c.trades(archive=False)),
    lambda c: c.candles("S", "T", 0, 60, 1),
    lambda c: c.candles_batch(["T"], 0, 60, 1),
    lambda c: c.event_candles("S", "E", 0, 60, 1),
    lambda c: c.historical_cutoff(),
    lambda c: list(c.historical_markets()),
    lambda c: c.balance(),
    lambda c: list(c.orders(archive=False)),
    lambda c: c.order("O"),
    lambda c: c.queue_position("O"),
    lambda c: c.queue_positions(),
    lambda c: list(c.fills(archive=False)),
    lambda c: list(c.positions()),
    lambda c: list(c.event_positions()),
    lambda c: list(c.settlements()),
    lambda c: c.total_resting_order_value(),
    lambda c: c.create_order(ORDER),
    lambda c: c.create_orders([ORDER]),
    lambda c: c.cancel_order("O", market_ticker="T"),
    lambda c: c.cancel_orders([CancelOrder(order_id="O", market_ticker="T")]),
    lambda c: c.cancel_all_orders(),
    lambda c: c.amend_order("O", AMEND),
    lambda c: c.decrease_order("O", DecreaseOrder(reduce_by=Decimal(1), market_ticker="T")),
    lambda c: c.order_groups(),
    lambda c: c.order_group("G"),
    lambda c: c.create_order_group(Decimal(1), exchange_index=0),
    lambda c: c.delete_order_group("G", exchange_index=0),
    lambda c: c.reset_order_group("G", exchange_index=0),
    lambda c: c.trigger_order_group("G", exchange_index=0),
    lambda c: c.limit_order_group("G", Decimal(1), exchange_index=0),
    lambda c: c.account_limits(),
    lambda c: c.endpoint_costs(),
    lambda c: c.api_keys(),
    lambda c: c.netting(),
    lambda c: c.set_netting(subaccount=0, enabled=False),
    lambda c: c.subaccount_balances(),
    lambda c: c.transfer(Decimal(1), source_shard=0, destination_shard=1, client_transfer_id="u"),
    lambda c: list(c.transfers()),
    lambda c: c.transfer_status("X"),
    lambda c: c.target_allocation(),
    lambda c: c.set_target_allocation({}),
]
LISTS = ("trades", "fills", "orders", "market_positions", "markets")


def test_every_endpoint_is_reached_by_a_method_and_nothing_else_is(wire, client, reply, signed):
    archive = {name: [] for name in LISTS}

    def answer(seen):
        return reply(200, archive) if seen.path.startswith("/historical/") else reply(404, {"msg": "none"})

    wire.script(answer)
    for call in CALLS:
        with contextlib.suppress(KalshiError):
            call(client)
    wire.replies = [lambda seen: reply(200, archive)]
    list(client.trades())
    list(client.orders())
    list(client.fills())
    list(client.positions(settlement_status="all"))
    reached = {(seen.method, seen.path) for seen in wire.seen}
    for method, path in reached:
        assert any(e.method == method and _matches(e.path, path) for e in ENDPOINTS), (method, path)
    for endpoint in ENDPOINTS:
        assert any(m == endpoint.method and _matches(endpoint.path, p) for m, p in reached), endpoint.label
    assert all(signed(seen) for seen in wire.seen)


LITERAL = {endpoint.path for endpoint in ENDPOINTS if "{" not in endpoint.path}


def _matches(template: str, path: str) -> bool:
    if path in LITERAL or template in LITERAL:
        return template == path
    return re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path) is not None


def test_the_table_is_consistent():
    assert len({(e.method, e.path) for e in ENDPOINTS}) == len(ENDPOINTS)
    for endpoint in ENDPOINTS:
        assert endpoint.path.startswith("/") and not endpoint.path.endswith("/")
        assert len(set(endpoint.parameters)) == len(endpoint.parameters)
        if endpoint.method != "GET":
            assert endpoint.signed, endpoint.label


def test_no_write_is_sent_twice_whatever_the_method(wire, client, reply):
    wire.script(reply(503))
    for call in CALLS:
        wire.seen.clear()
        client.pacer.use_limits(read=(1e9, 1e9), write=(1e9, 1e9))
        with contextlib.suppress(KalshiError):
            call(client)
        writes = [seen for seen in wire.seen if seen.method != "GET"]
        assert len(writes) <= 1


@pytest.mark.parametrize("name", sorted(name for name in dir(ExchangeClient) if not name.startswith("_")))
def test_every_public_method_says_what_it_does(name):
    assert (getattr(ExchangeClient, name).__doc__ or "").strip()
