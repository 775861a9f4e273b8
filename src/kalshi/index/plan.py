"""The vocabulary of the index rules: the state they look at, and the plan they answer with.

A rule is a pure function (state, parameters) -> Plan. It names every market with a decision and a reason,
and the orders that should exist afterwards; it sends nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum

from kalshi.index.ladder import Ladder, Rung
from kalshi.index.top_of_book import TopOfBook
from kalshi.pricing.fees import FeeTerms, trade_fee
from kalshi.pricing.negative_risk import Guarantee, Leg, guarantee

ZERO, ONE = Decimal(0), Decimal(1)


class Style(Enum):
    """How an order is meant to trade."""

    REST = "rest"  # post-only, stays until the stand-down time
    TAKE = "take"  # immediate or cancel, at the price seen
    CLOSE = "close"  # immediate or cancel, reduces a position and nothing else


@dataclass(frozen=True)
class Wanted:
    """One order that should exist. side: yes or no. price: dollars of that side. count: contracts."""

    ticker: str
    side: str
    price: Decimal
    count: Decimal
    style: Style
    purpose: str

    @property
    def cost(self) -> Decimal:
        """Cash it needs without netting and fees, dollars."""
        return self.price * self.count


@dataclass(frozen=True)
class Resting:
    """One of our own orders at the exchange. side, price: as in Wanted. remaining, filled: contracts."""

    order_id: str
    ticker: str
    side: str
    price: Decimal
    remaining: Decimal
    filled: Decimal = ZERO

    @property
    def cost(self) -> Decimal:
        """Cash it needs without netting and fees, dollars."""
        return self.price * self.remaining


@dataclass(frozen=True)
class Plan:
    """What a rule decided.

    rows: one per market, under *headers*; the last two columns are always decision and reason.
    wanted: the orders that should exist; None: leave what rests as it is. refusal: why nothing is placed.
    notes: lines for the report.
    """

    headers: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    wanted: tuple[Wanted, ...] | None
    notes: tuple[str, ...] = ()
    refusal: str = ""

    def funnel(self) -> str:
        """Return how many markets fell out for which decision, such as `30 markets: 22 wait, 8 bid`."""
        if not self.rows:
            return "no market to decide on"
        counts: dict[str, int] = {}
        for row in self.rows:
            decision = str(row[-2])
            counts[decision] = counts.get(decision, 0) + 1
        return f"{len(self.rows)} markets: " + ", ".join(f"{n} {word}" for word, n in counts.items())


@dataclass(frozen=True)
class EventState:
    """Everything a rule may look at, as one consistent picture.

    now, opens_at, closes_at: aware; the last two of the session. books, prices (YES grid, ascending): by
    ticker. legs: the account's fills in the event, one each. positions: signed contracts by
    ticker as the exchange reports them. traded: contracts in fills of own orders, round trips included.
    balance: free dollars on the event's shard; None when it was not asked.
    """

    now: datetime
    opens_at: datetime
    closes_at: datetime
    ladder: Ladder
    books: Mapping[str, TopOfBook]
    prices: Mapping[str, Sequence[Decimal]]
    terms: FeeTerms
    legs: tuple[Leg, ...] = ()
    positions: Mapping[str, Decimal] = field(default_factory=dict)
    resting: tuple[Resting, ...] = ()
    traded: Decimal = ZERO
    balance: Decimal | None = None

    def top(self, ticker: str) -> TopOfBook:
        """Return the quotes of *ticker*, empty ones where there are none."""
        return self.books.get(ticker, TopOfBook())

    def held(self, ticker: str) -> Decimal:
        """Return the signed position in *ticker*, 0 where there is none."""
        return self.positions.get(ticker, ZERO)

    def rests(self, ticker: str, side: str, price: Decimal) -> bool:
        """Return whether an own order rests there; a market that loses a quote is no reason to cancel it."""
        return any((order.ticker, order.side, order.price) == (ticker, side, price) for order in self.resting)

    def no_prices(self, ticker: str) -> list[Decimal]:
        """Return the allowed NO prices of *ticker*, ascending."""
        return [ONE - price for price in reversed(self.prices.get(ticker, ()))]

    def bought(self) -> dict[str, Decimal]:
        """Return the net contracts by ticker that the fills add up to, + YES, - NO."""
        held: dict[str, Decimal] = {}
        for leg in self.legs:
            held[leg.ticker] = held.get(leg.ticker, ZERO) + leg.contracts
        return held

    def guarantee(self) -> Guarantee:
        """Return profit and loss of the event's own fills under every outcome."""
        return guarantee(self.legs, self.ladder.tickers)

    def taker_fee(self, price: Decimal, count: Decimal) -> Decimal:
        """Return the fee of taking *count* at *price*, dollars."""
        return trade_fee(price, count, self.terms.taker_rate)

    def maker_fee(self, price: Decimal, count: Decimal) -> Decimal:
        """Return the fee of a resting order of *count* at *price* that fills, dollars."""
        return trade_fee(price, count, self.terms.maker_rate)

    def rungs_by_price(self) -> list[Rung]:
        """Return the rungs, the likeliest by its own YES bid first, equal ones in ladder order."""
        return sorted(self.ladder.rungs, key=lambda rung: -(self.top(rung.ticker).yes_bid or ZERO))


@dataclass(frozen=True)
class Changes:
    """How to get from what rests to what is wanted: orders kept or made smaller keep their place in the queue."""

    keep: tuple[Resting, ...]
    cancel: tuple[Resting, ...]
    place: tuple[Wanted, ...]
    shrink: tuple[tuple[Resting, Wanted], ...] = ()


def changes(wanted: Iterable[Wanted], resting: Iterable[Resting]) -> Changes:
    """Return what to keep, make smaller, cancel and place.

    A resting order is kept when one is wanted with the same market, side and price, and it is not larger;
    what then lacks is left for the next pass, so that the queue place is not lost for a few contracts. One
    that is larger is made smaller. Another price means another place in the queue in any case: such an order
    is cancelled and a post-only one placed, because a changed order may trade at once.
    """
    open_wants: dict[tuple[str, str, Decimal], list[Wanted]] = {}
    for want in wanted:
        key = (want.ticker, want.side, want.price)
        open_wants.setdefault(key, []).append(want)
    keep, cancel, shrink = [], [], []
    for order in resting:
        wants = open_wants.get((order.ticker, order.side, order.price), [])
        match = next((w for w in wants if w.style is Style.REST), None)
        if match is None:
            cancel.append(order)
            continue
        wants.remove(match)
        if order.remaining <= match.count:
            keep.append(order)
        else:
            shrink.append((order, match))
    place = (want for wants in open_wants.values() for want in wants)
    return Changes(tuple(keep), tuple(cancel), tuple(place), tuple(shrink))
