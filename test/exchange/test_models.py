"""What the models answer by themselves: quotes, books, balances by shard, and requests as they leave."""

from __future__ import annotations

import json
from dataclasses import astuple
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.wire_examples import encoded, market
from kalshi.errors import ResponseError
from kalshi.exchange import models
from kalshi.exchange.decode import decode_one
from kalshi.exchange.models import (
    AmendOrder,
    Balance,
    BatchCancelOrders,
    BatchCreateOrders,
    CancelOrder,
    CreateOrder,
    CreateOrderGroup,
    DecreaseOrder,
    ExchangeStatus,
    Level,
    Market,
    OrderBook,
)

D = Decimal
prices = st.decimals(min_value="0.0001", max_value="0.9999", places=4)
counts = st.decimals(min_value="0.01", max_value=10**6, places=2)


def listed(**changes: Any) -> Market:
    return decode_one(encoded(market(**changes)), Market, "GET /x")


def book(**sides: Any) -> OrderBook:
    return decode_one(encoded(sides), OrderBook, "GET /x")


def test_a_quote_holds_best_prices_and_sizes_of_both_sides() -> None:
    quote = listed().quote()
    assert astuple(quote) == (D("0.41"), D("0.44"), D("120.00"), D("35.50"))
    assert (quote.no_bid, quote.no_ask) == (D("0.56"), D("0.59"))
    assert (quote.spread, quote.mid) == (D("0.03"), D("0.425"))


@pytest.mark.parametrize(
    ("changes", "bid", "ask"),
    [
        ({"yes_bid_dollars": "0.0000", "yes_bid_size_fp": "0.00"}, None, D("0.44")),
        ({"yes_bid_dollars": "0.0000"}, None, D("0.44")),
        ({"yes_bid_size_fp": "0.00"}, None, D("0.44")),
        ({"yes_ask_dollars": "1.0000", "yes_ask_size_fp": "0.00"}, D("0.41"), None),
        ({"yes_ask_dollars": "1.0000"}, D("0.41"), None),
        ({"yes_ask_dollars": "0.0000"}, D("0.41"), None),
        ({"yes_ask_size_fp": "0.00"}, D("0.41"), None),
        ({"yes_bid_dollars": "0.0000", "yes_ask_dollars": "1.0000"}, None, None),
        ({"yes_bid_dollars": "0.0000", "yes_ask_dollars": "0.0000"}, None, None),
    ],
)
def test_signs_for_nobody_quotes_become_none(changes: dict[str, str], bid: Decimal | None, ask: Decimal | None) -> None:
    quote = listed(**changes).quote()
    assert (quote.yes_bid, quote.yes_ask) == (bid, ask)
    assert quote.yes_bid_size == (None if bid is None else D("120"))
    assert quote.yes_ask_size == (None if ask is None else D("35.5"))
    assert (quote.no_ask is None, quote.no_bid is None) == (bid is None, ask is None)
    if bid is None or ask is None:
        assert quote.mid is None and quote.spread is None


def test_no_money_goes_through_a_float() -> None:
    body = encoded(market(yes_bid_dollars="0.290000", volume_fp="99999999999999.99"))
    found = decode_one(body, Market, "GET /x")
    assert str(found.yes_bid_dollars) == "0.290000"
    assert found.volume_fp == D("99999999999999.99")


@given(yes=st.lists(st.tuples(prices, counts)), no=st.lists(st.tuples(prices, counts)))
def test_the_best_prices_of_a_book_do_not_depend_on_its_order(
    yes: list[tuple[Decimal, Decimal]], no: list[tuple[Decimal, Decimal]]
) -> None:
    found = book(
        yes_dollars=[[str(price), str(count)] for price, count in yes],
        no_dollars=[[str(price), str(count)] for price, count in no],
    )
    bid, ask = found.best_yes_bid(), found.best_yes_ask()
    assert (bid.price if bid else None) == max((price for price, _ in yes), default=None)
    assert (ask.price if ask else None) == min((1 - price for price, _ in no), default=None)
    assert (found.quote().yes_bid, found.quote().yes_ask) == (bid and bid.price, ask and ask.price)
    again = msgspec.json.decode(msgspec.json.encode(found), type=OrderBook)
    assert again == found


@pytest.mark.parametrize("sides", [{}, {"yes_dollars": None, "no_dollars": None}, {"yes_dollars": []}])
def test_a_missing_or_null_side_is_empty(sides: dict[str, Any]) -> None:
    assert book(**sides) == OrderBook(yes_dollars=[], no_dollars=[])
    assert book(**sides).quote().yes_bid is None


@pytest.mark.parametrize(
    "level", [["NaN", "1"], ["0.5", "NaN"], ["1.01", "1"], ["-0.1", "1"], ["0.5", "-1"], ["0.5"], []], ids=str
)
def test_a_level_without_sense_spoils_the_book(level: list[str]) -> None:
    with pytest.raises(ResponseError, match=r"field no_dollars\[1\]"):
        book(no_dollars=[["0.5", "1"], level])


def test_levels_of_three_columns_are_read_as_two() -> None:
    assert book(yes_dollars=[["0.5", "1", "new"]]).yes_dollars == [Level(D("0.5"), D(1))]


def test_a_balance_by_shard() -> None:
    row = {"balance": 150, "balance_dollars": "1.5000", "portfolio_value": 0, "updated_ts": 1}
    whole = decode_one(encoded(row), Balance, "GET /x")
    assert whole.on_shard(0) == whole.on_shard(3) == D("1.5")
    parts = [{"exchange_index": 0, "balance": "1.0000"}, {"exchange_index": 2, "balance": "0.5000"}]
    split = decode_one(encoded(row | {"balance_breakdown": parts}), Balance, "GET /x")
    assert [split.on_shard(shard) for shard in (0, 1, 2)] == [D(1), D(0), D("0.5")]


def test_trading_is_asked_for_by_shard() -> None:
    shard = {"exchange_index": 2, "description": "", "exchange_active": True, "trading_active": False,
             "intra_exchange_transfers_active": True}
    body = encoded({"exchange_active": True, "trading_active": True, "exchange_index_statuses": [shard]})
    status = decode_one(body, ExchangeStatus, "GET /x")
    assert status.trades_on(0) and not status.trades_on(2)


def create(**changes: Any) -> CreateOrder:
    fields: dict[str, Any] = dict(
        ticker="T", side="bid", count=D(10), price=D("0.29"), time_in_force="good_till_canceled",
        self_trade_prevention_type="taker_at_cross", client_order_id="c-1",
    )  # fmt: skip
    return CreateOrder(**(fields | changes))


def test_a_request_carries_strings_and_only_what_was_set() -> None:
    assert json.loads(create().to_json()) == {
        "ticker": "T",
        "side": "bid",
        "count": "10.00",
        "price": "0.2900",
        "time_in_force": "good_till_canceled",
        "self_trade_prevention_type": "taker_at_cross",
        "client_order_id": "c-1",
    }


def test_false_and_zero_are_sent_and_none_is_not() -> None:
    sent = json.loads(create(post_only=False, subaccount=0, exchange_index=0, order_group_id=None).to_json())
    assert (sent["post_only"], sent["subaccount"], sent["exchange_index"]) == (False, 0, 0)
    assert "order_group_id" not in sent
    amended = AmendOrder(ticker="T", side="ask", price=D("0.5"), count=D(1), expiration_time=0)
    assert json.loads(amended.to_json())["expiration_time"] == 0  # 0 clears it, absence keeps it


def test_an_order_without_its_own_id_can_not_be_made() -> None:
    with pytest.raises(TypeError, match="client_order_id"):
        CreateOrder(  # type: ignore[call-arg]
            ticker="T", side="bid", count=D(1), price=D("0.5"), time_in_force="x", self_trade_prevention_type="y"
        )


def test_batches_decreases_and_groups_keep_their_counts_as_strings() -> None:
    batch = json.loads(BatchCreateOrders(orders=[create(), create(count=D("0.5"))]).to_json())
    assert [order["count"] for order in batch["orders"]] == ["10.00", "0.50"]
    cancel = BatchCancelOrders(orders=[CancelOrder(order_id="o", market_ticker="T")])
    assert json.loads(cancel.to_json()) == {"orders": [{"order_id": "o", "market_ticker": "T"}]}
    assert json.loads(DecreaseOrder(reduce_to=D(0), market_ticker="T").to_json()) == {
        "reduce_to": "0.00", "market_ticker": "T",
    }  # fmt: skip
    assert json.loads(CreateOrderGroup(contracts_limit_fp=D(5)).to_json()) == {"contracts_limit_fp": "5.00"}


@pytest.mark.parametrize("changes", [{"count": D("0.001")}, {"count": D("NaN")}, {"price": D("Infinity")}])
def test_a_request_with_an_impossible_number_never_leaves(changes: dict[str, Decimal]) -> None:
    with pytest.raises(ValueError):
        create(**changes).to_json()


@given(price=prices, count=counts)
def test_price_and_count_arrive_exactly(price: Decimal, count: Decimal) -> None:
    sent = json.loads(create(price=price, count=count).to_json())
    assert isinstance(sent["price"], str) and isinstance(sent["count"], str)
    assert (D(sent["price"]), D(sent["count"])) == (price, count)


MODELS = [value for value in vars(models).values() if isinstance(value, type) and issubclass(value, msgspec.Struct)]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_models_can_not_be_changed_and_hold_no_float(model: type[msgspec.Struct]) -> None:
    assert model.__struct_config__.frozen
    for field in msgspec.structs.fields(model):
        assert "float" not in str(field.type)


@given(
    bid=st.integers(0, 100), ask=st.integers(0, 100), last=st.integers(0, 100),
    size=counts, strike=st.integers(-(10**7), 10**7) | st.none(),
)  # fmt: skip
def test_a_market_comes_back_equal(bid: int, ask: int, last: int, size: Decimal, strike: int | None) -> None:
    before = listed(
        yes_bid_dollars=f"{bid / 100:.4f}", yes_ask_dollars=f"{ask / 100:.4f}", last_price_dollars=f"{last / 100:.4f}",
        yes_bid_size_fp=str(size), floor_strike=strike,
    )  # fmt: skip
    assert msgspec.json.decode(msgspec.json.encode(before), type=Market) == before


def test_every_model_is_reachable_under_one_name() -> None:
    assert set(models.__all__) == {name for name, value in vars(models).items() if isinstance(value, type)}
