"""A small S&P ladder and a state around it: four markets, whole-cent grid, taker fees only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal as D
from typing import Any

from kalshi.index.ladder import Ladder
from kalshi.index.plan import EventState, Plan
from kalshi.index.top_of_book import TopOfBook
from kalshi.pricing.fees import terms_of_type
from kalshi.pricing.negative_risk import leg_of_fill

CENTS = tuple(D(cents) / 100 for cents in range(1, 100))


@dataclass(frozen=True)
class Strikes:
    ticker: str
    strike_type: str | None
    floor_strike: D | None = None
    cap_strike: D | None = None


@dataclass(frozen=True)
class Fill:
    """book_side: bid buys YES, ask buys NO (or sells YES)."""

    ticker: str
    book_side: str
    yes_price_dollars: D
    count_fp: D
    fee_cost: D = D(0)


def quote(bid: str | None, ask: str | None, size: int = 500) -> TopOfBook:
    return TopOfBook(
        None if bid is None else D(bid),
        None if ask is None else D(ask),
        D(size if bid else 0),
        D(size if ask else 0),
    )


def bought_no(ticker: str, count: str, no_price: str, fee: str = "0") -> Fill:
    return Fill(ticker, "ask", 1 - D(no_price), D(count), D(fee))


SP_LADDER = Ladder.of(
    "E",
    True,
    [
        Strikes("LOW", "less", cap_strike=D(6000)),
        *(Strikes(f"B{k}", "between", D(k), D(k) + D("24.9999")) for k in range(6000, 6200, 25)),
        Strikes("HIGH", "greater_or_equal", D(6200)),
    ],
)
NESTED = Ladder.of("E", False, [Strikes(f"T{k}", "greater_or_equal", D(k)) for k in range(6000, 6100, 5)])


def make_state(
    *,
    fills: tuple[Fill, ...] = (),
    quotes: dict[str, TopOfBook] | None = None,
    ladder: Ladder = SP_LADDER,
    **changes: Any,
) -> EventState:
    """Return a state; `fills` sets legs, positions and traded, `quotes` overrides single books."""
    books = dict.fromkeys(ladder.tickers, quote("0.10", "0.12")) | (quotes or {})
    legs = tuple(leg_of_fill(fill) for fill in fills)  # type: ignore[arg-type]
    held: dict[str, D] = {}
    for leg in legs:
        held[leg.ticker] = held.get(leg.ticker, D(0)) + leg.contracts
    values: dict[str, Any] = {
        "now": datetime(2026, 11, 24, 15, 0, tzinfo=UTC),
        "opens_at": datetime(2026, 11, 24, 14, 30, tzinfo=UTC),
        "closes_at": datetime(2026, 11, 24, 21, 0, tzinfo=UTC),
        "ladder": ladder,
        "books": books,
        "prices": dict.fromkeys(ladder.tickers, CENTS),
        "terms": terms_of_type("quadratic", D(1)),
        "legs": legs,
        "positions": {ticker: count for ticker, count in held.items() if count},
        "traded": sum((fill.count_fp for fill in fills), D(0)),
        "balance": D(10_000),
    }
    return EventState(**(values | changes))


def decisions(plan: Plan) -> dict[str, str]:
    """Return decision and reason by ticker, one text each."""
    return {str(row[0]): f"{row[-2]}: {row[-1]}" for row in plan.rows}
