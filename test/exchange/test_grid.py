"""Price grids against a list of all prices that was made the slow way."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.wire_examples import encoded, market
from kalshi.errors import DataError
from kalshi.exchange.grid import PriceGrid
from kalshi.exchange.models import Market, PriceRange

D = Decimal
# name -> bands of (start, end, step), as the exchange publishes them
LAYOUTS = {
    "linear_cent": [("0.00", "1.00", "0.01")],
    "deci_cent": [("0", "1", "0.001")],
    "tapered_deci_cent": [("0", "0.1", "0.001"), ("0.1", "0.9", "0.01"), ("0.9", "1", "0.001")],
    "center_whole_edge_half_cent": [("0", "0.1", "0.005"), ("0.1", "0.9", "0.01"), ("0.9", "1", "0.005")],
    "center_half_edge_quint_cent": [("0", "0.1", "0.002"), ("0.1", "0.9", "0.005"), ("0.9", "1", "0.002")],
    "center_deci_edge_centi_cent": [("0", "0.01", "0.0001"), ("0.01", "0.99", "0.001"), ("0.99", "1", "0.0001")],
    "a band that ends between two steps": [("0", "0.5", "0.03"), ("0.5", "1", "0.07")],
    "a gap": [("0.1", "0.2", "0.01"), ("0.8", "0.9", "0.01")],
    "overlapping": [("0", "0.6", "0.05"), ("0.4", "1", "0.02")],
}


def grid(name: str) -> PriceGrid:
    return PriceGrid.from_ranges(PriceRange(start=D(a), end=D(b), step=D(c)) for a, b, c in reversed(LAYOUTS[name]))


def all_prices(name: str) -> list[Decimal]:
    """Return every allowed price, in units of a millionth, without the code under test."""
    found = set()
    for band in LAYOUTS[name]:
        start, end, step = (int(D(number) * 1_000_000) for number in band)
        found |= set(range(start, end + 1, step))
    return [D(price) / 1_000_000 for price in sorted(found) if 0 < price < 1_000_000]


ALL = {name: all_prices(name) for name in LAYOUTS}
PRICES = st.one_of(
    st.decimals(min_value=-1, max_value=2, places=4),
    st.decimals(min_value=0, max_value=1, places=8),
    st.decimals(min_value=0, max_value=1, places=40),  # longer than the precision of the arithmetic
)


@pytest.mark.parametrize("name", LAYOUTS)
def test_prices_are_all_prices_ascending(name: str) -> None:
    assert list(grid(name).prices()) == ALL[name]


@given(name=st.sampled_from(sorted(LAYOUTS)), price=PRICES)
def test_floor_ceil_contains_and_nearest_agree_with_the_list(name: str, price: Decimal) -> None:
    allowed, found = ALL[name], grid(name)
    below = [one for one in allowed if one <= price]
    above = [one for one in allowed if one >= price]
    assert found.floor(price) == (below[-1] if below else None)
    assert found.ceil(price) == (above[0] if above else None)
    assert found.contains(price) == (price in allowed)
    nearest = found.nearest(price)
    assert nearest in allowed
    assert abs(nearest - price) == min(abs(one - price) for one in allowed)


def test_of_two_equally_near_prices_the_lower_is_taken() -> None:
    assert grid("linear_cent").nearest(D("0.125")) == D("0.12")


@pytest.mark.parametrize("price", ["0", "1", "-0.01", "1.01"])
def test_no_order_may_carry_zero_or_one(price: str) -> None:
    assert not grid("linear_cent").contains(D(price))


def test_whole_cents_are_allowed_at_every_band_edge_of_the_tapered_grid() -> None:
    tapered = grid("tapered_deci_cent")
    assert all(tapered.contains(D(cent) / 100) for cent in range(1, 100))
    assert tapered.contains(D("0.099")) and not tapered.contains(D("0.101"))
    assert tapered.contains(D("0.901")) and not tapered.contains(D("0.899"))


@pytest.mark.parametrize(
    "band",
    [("0", "1", "0"), ("0", "1", "-0.01"), ("0.5", "0.5", "0.01"), ("0.9", "0.1", "0.01"), ("-0.1", "1", "0.01"),
     ("0", "1.1", "0.01"), ("NaN", "1", "0.01"), ("0", "NaN", "0.01"), ("0", "1", "NaN"), ("0", "Infinity", "0.01"),
     ("0", "1", "1E-40"), ("0", "1", "1E-999999")],
    ids=str,
)
def test_a_band_without_sense_is_named(band: tuple[str, str, str]) -> None:
    row = market(price_ranges=[dict(zip(("start", "end", "step"), band, strict=True))])
    listed = msgspec.json.decode(encoded(row), type=Market)
    with pytest.raises(DataError, match=r"market KXTSAW-26JUN14-A2\.60 has the price band"):
        PriceGrid.of(listed)


def test_no_band_at_all_is_an_error_with_the_ticker() -> None:
    with pytest.raises(DataError, match=r"KXTSAW-26JUN14-A2\.60 has no price_ranges"):
        PriceGrid.of(msgspec.json.decode(encoded(market(price_ranges=[])), type=Market))


def test_a_grid_without_a_price_inside_has_no_nearest() -> None:
    empty = PriceGrid.from_ranges([PriceRange(start=D(0), end=D(1), step=D(1))])
    assert list(empty.prices()) == []
    with pytest.raises(DataError, match="no price between 0 and 1"):
        empty.nearest(D("0.5"))
