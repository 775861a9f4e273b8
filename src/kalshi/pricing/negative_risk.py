"""What a set of positions in one event is certain to return, what it costs, and completing prices.

General form. In a mutually exclusive event at most one listed market resolves YES, or none does ("none" is an
outcome of its own); of any other ladder the sets of markets that can win together are handed in.
Everything is written on the YES side, as on the exchange's one book: buying NO at p is selling YES at 1 - p,
whether it opens a position or closes one. With x_i the net YES contracts of market i (negative: NO) and C
the signed cash of all fills less fees, profit and loss is C when none wins and C + x_o when market o does;
the floor is the least of these. For NO legs only this is G = sum q(1 - p) - max q - fees.

Money is Decimal dollars, positions Decimal contracts. All of it holds for yes/no results. The stated exception
is a market settled at a fair price between 0 and 1: `settled` says what that would pay, and the floor survives it
only while the YES values of the markets held add up to at most a dollar.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from kalshi.errors import DataError

if TYPE_CHECKING:
    from kalshi.exchange.models_portfolio import Fill

ZERO = Decimal(0)
ONE = Decimal(1)

# (price, count) -> fee in dollars for buying count contracts of one side at price; a maker's is often zero.
Fee = Callable[[Decimal, Decimal], Decimal]


def no_fee(price: Decimal, count: Decimal) -> Decimal:
    """Return the fee of a maker fill on a series that charges takers only."""
    return ZERO


@dataclass(frozen=True)
class Leg:
    """One fill, on the YES side. contracts: signed, + bought YES or sold NO, - sold YES or bought NO.

    yes_price: dollars per contract; of a NO fill one dollar minus its price. fee: dollars, not negative.
    """

    ticker: str
    contracts: Decimal
    yes_price: Decimal
    fee: Decimal = ZERO


def buy_yes(ticker: str, count: Decimal, price: Decimal, fee: Decimal = ZERO) -> Leg:
    """Return the leg of *count* YES contracts bought at *price* dollars each."""
    return Leg(ticker, count, price, fee)


def buy_no(ticker: str, count: Decimal, price: Decimal, fee: Decimal = ZERO) -> Leg:
    """Return the leg of *count* NO contracts bought at *price* dollars each, the price of NO."""
    return Leg(ticker, -count, ONE - price, fee)


def sell_yes(ticker: str, count: Decimal, price: Decimal, fee: Decimal = ZERO) -> Leg:
    """Return the leg of *count* YES contracts sold at *price* dollars each."""
    return Leg(ticker, -count, price, fee)


def sell_no(ticker: str, count: Decimal, price: Decimal, fee: Decimal = ZERO) -> Leg:
    """Return the leg of *count* NO contracts sold at *price* dollars each, the price of NO."""
    return Leg(ticker, count, ONE - price, fee)


def leg_of_fill(fill: Fill) -> Leg:
    """Return the leg of one fill as the exchange reports it. Raises DataError for an unknown book side."""
    if fill.book_side not in ("bid", "ask"):
        raise DataError(f"fill {fill.fill_id} of {fill.ticker} has the unknown book_side {fill.book_side!r}")
    signed = fill.count_fp if fill.book_side == "bid" else -fill.count_fp
    return Leg(fill.ticker, signed, fill.yes_price_dollars, fill.fee_cost)


@dataclass(frozen=True)
class Guarantee:
    """Profit and loss of an event by outcome, in dollars, fees included.

    by_outcome: one entry per market that can resolve YES (of other ladders: per set of winners, joined by
    " + "); none: what is left when no listed market does.
    floor, best: the least and the most of all of them. legs: number of markets with a position.
    """

    by_outcome: Mapping[str, Decimal]
    none: Decimal
    floor: Decimal
    best: Decimal
    legs: int

    def is_locked(self, target: Decimal = ZERO) -> bool:
        """Return whether *target* dollars are certain. Needs two legs: an empty event locks nothing."""
        return self.legs >= 2 and self.floor >= target


# Every set of markets that can win together, as `index.ladder.Ladder.outcomes` gives them.
Outcomes = Iterable[frozenset[str]]


def guarantee(
    legs: Iterable[Leg], tickers: Iterable[str] = (), outcomes: Outcomes | None = None
) -> Guarantee:
    """Return profit and loss of *legs* under every outcome of an event.

    legs: all fills of the event so far, in any order. tickers: all markets of the event; those with fills
    are added. A round trip is fine: buying and selling the same market nets the position and leaves the cash.
    outcomes: what can win together; None: a mutually exclusive event. Raises DataError for a fill in a market
    that is in none of *outcomes*.
    """
    positions: dict[str, Decimal] = dict.fromkeys(tickers, ZERO)
    none = ZERO
    for leg in legs:
        positions[leg.ticker] = positions.get(leg.ticker, ZERO) + leg.contracts
        none -= leg.contracts * leg.yes_price + leg.fee
    held_in = sum(1 for held in positions.values() if held)
    if outcomes is None:
        by_outcome = {ticker: none + held for ticker, held in positions.items()}
        values = [none, *by_outcome.values()]
    else:
        by_outcome = _by_winners(positions, none, list(outcomes))
        values = list(by_outcome.values())
    return Guarantee(by_outcome, none, min(values), max(values), held_in)


def _by_winners(
    positions: Mapping[str, Decimal], none: Decimal, outcomes: list[frozenset[str]]
) -> dict[str, Decimal]:
    known = frozenset().union(*outcomes)
    for ticker, held in positions.items():
        if held and ticker not in known:
            raise DataError(f"market {ticker} can win in no outcome of this ladder: its positions are not valued")
    return {
        " + ".join(sorted(winners)): none + sum((positions.get(ticker, ZERO) for ticker in winners), ZERO)
        for winners in outcomes
    }


def settled(legs: Iterable[Leg], values: Mapping[str, Decimal]) -> Decimal:
    """Return profit and loss of *legs* where each market's YES is paid its value, dollars between 0 and 1.

    A market without a value is paid 0. This is what a settlement at fair prices does to a set that no yes/no
    result can hurt.
    """
    return sum(
        (leg.contracts * (values.get(leg.ticker, ZERO) - leg.yes_price) - leg.fee for leg in legs), ZERO
    )


def cost_of_set(legs: Iterable[Leg]) -> Decimal:
    """Return the cash that opening *legs* takes without netting, fees included: each its price times its count."""
    return sum(
        (abs(leg.contracts) * (leg.yes_price if leg.contracts > 0 else ONE - leg.yes_price) + leg.fee for leg in legs),
        ZERO,
    )


def collateral_with_netting(legs: Iterable[Leg]) -> Decimal:
    """Return what the exchange would hold with collateral return on, before fees: the most that can be lost.

    Negative where the set is certain to win: it then gives cash back. Off by default for new accounts, and
    never relied on here; orders are sized for `cost_of_set`.
    """
    return -guarantee([Leg(leg.ticker, leg.contracts, leg.yes_price) for leg in legs]).floor


def completing_price(
    legs: Iterable[Leg],
    ticker: str,
    count: Decimal,
    prices: Iterable[Decimal],
    *,
    fee: Fee = no_fee,
    margin: Decimal = ZERO,
    outcomes: Outcomes | None = None,
) -> Decimal | None:
    """Return the highest price of *prices* at which buying *count* NO of *ticker* still guarantees *margin*.

    legs: the fills so far. prices: the market's price grid, dollars of NO, any order. fee: of the new leg.
    margin: dollars the floor must reach with the new leg, in total. outcomes: as in `guarantee`. Returns None
    when no price does it.
    The grid is searched instead of solving for the price: a fee that is rounded up has no inverse.
    """
    if count <= 0:
        raise ValueError(f"count must be positive, not {count}")
    before = list(legs)
    # What the new leg costs is the same in every outcome, so the floor as if it were free is worked out once.
    unpaid = guarantee([*before, buy_no(ticker, count, ZERO)], (), outcomes).floor
    for price in sorted(prices, reverse=True):
        if unpaid - count * price - fee(price, count) >= margin:
            return price
    return None


def worst_case_of_blanket(price: Decimal, count: Decimal, legs: int, *, fee: Fee = no_fee) -> Decimal:
    """Return the worst profit and loss, whatever part of *legs* equal NO bids fills; 0 or negative dollars.

    count: contracts per market. Any partial filling is covered: with every leg at most *count* contracts,
    each further fill of q pays q(1 - price) - fee, so the worst is either one leg alone or every fee with no
    gain.
    """
    if legs <= 0:
        return ZERO
    one_fee = fee(price, count)
    one_leg = -count * price - one_fee
    further = count * (ONE - price) - one_fee
    return min(ZERO, one_leg, one_leg + min(ZERO, further) * (legs - 1))
