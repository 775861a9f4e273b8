"""A ladder on disk is the ladder that was seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.wire_examples import encoded, event, market
from kalshi.errors import DataError
from kalshi.exchange.models import Event, Level, Market, OrderBook, Series
from kalshi.exchange.snapshot import LadderSnapshot

D = Decimal
AS_OF = datetime(2026, 6, 8, 15, 0, tzinfo=UTC)


def snapshot(book: OrderBook, as_of: datetime = AS_OF) -> LadderSnapshot:
    listed = msgspec.json.decode(encoded(market()), type=Market)
    return LadderSnapshot(
        source="test",
        as_of=as_of,
        series=Series(
            ticker="KXTSAW", title="t", category="c", fee_type="quadratic", fee_multiplier=D("1.0"), frequency="weekly"
        ),
        event=msgspec.json.decode(encoded(event()), type=Event),
        markets=(listed,),
        books={listed.ticker: book},
    )


levels = st.builds(
    Level,
    price=st.decimals(min_value=0, max_value=1, places=4),
    count=st.decimals(min_value=0, max_value=10**6, places=2),
)


@given(st.builds(OrderBook, yes_dollars=st.lists(levels), no_dollars=st.lists(levels)))
def test_a_snapshot_comes_back_equal(book: OrderBook) -> None:
    before = snapshot(book)
    assert LadderSnapshot.from_json(before.to_json()) == before


def test_the_moment_survives_another_zone() -> None:
    eastern = AS_OF.astimezone(timezone(timedelta(hours=-4)))
    assert LadderSnapshot.from_json(snapshot(OrderBook(), eastern).to_json()).as_of == AS_OF


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b"\xff", b"null", b'{"source": 1}', b"[" * 100_000])
def test_what_is_no_snapshot_is_one_clear_error(text: bytes) -> None:
    with pytest.raises(DataError, match="not a ladder snapshot"):
        LadderSnapshot.from_json(text)


def test_a_snapshot_without_a_zone_is_refused() -> None:
    naive = snapshot(OrderBook()).to_json().replace(b"2026-06-08T15:00:00Z", b"2026-06-08T15:00:00")
    with pytest.raises(DataError, match=r"time zone|timezone"):
        LadderSnapshot.from_json(naive)


def test_a_cut_file_is_refused_wherever_it_was_cut() -> None:
    whole = snapshot(OrderBook(yes_dollars=[Level(D("0.4"), D(3))])).to_json()
    for length in range(0, len(whole), 37):
        with pytest.raises(DataError):
            LadderSnapshot.from_json(whole[:length])
