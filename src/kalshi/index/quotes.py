"""What the index is worth right now: a value with its time, fresh and cross-checked, or a reason to refuse.

No price is better than a wrong one: a value without a timestamp, an old one, one that moved further than an
index moves in a day, or one that the ladder's own prices contradict is refused with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Protocol

from kalshi.errors import DataError
from kalshi.index.ladder import Ladder
from kalshi.index.top_of_book import TopOfBook

MAX_AGE = timedelta(seconds=120)
# A clock that runs a little ahead at the source is no reason to refuse.
MAX_AHEAD = timedelta(seconds=90)
MAX_MOVE = 0.10
MAX_DISAGREEMENT = 0.002
# A ladder speaks about the index only where enough of it is really quoted.
GATE_MARKETS, GATE_SPREAD, GATE_SIZE = 5, Decimal("0.05"), Decimal(10)


@dataclass(frozen=True)
class IndexQuote:
    """One observation. value: index points. as_of: aware UTC, the source's own time. source: for people."""

    symbol: str
    value: float
    as_of: datetime
    source: str


class IndexPriceSource(Protocol):
    """Anything that knows the index."""

    def last(self, symbol: str) -> IndexQuote:
        """Return the newest observation. Raises DataError when there is none."""
        ...


@dataclass(frozen=True)
class Spot:
    """The answer of `spot`. quote is None when it is refused; reason then says why, else what was checked.

    cross_checked: whether the ladder's own prices, or else a second source, agree with it.
    """

    quote: IndexQuote | None
    reason: str
    cross_checked: bool = False


def spot(
    sources: Sequence[IndexPriceSource],
    symbol: str,
    now: datetime,
    *,
    ladder_value: Decimal | None,
    prior_close: float | None = None,
    max_age: timedelta = MAX_AGE,
) -> Spot:
    """Return the first quote of *sources* that is fresh, possible and not contradicted; else why there is none.

    now: aware. ladder_value: the median the ladder implies, None when the ladder can not say. A quote that
    differs from it by more than 0.20 % is passed over. Where the ladder can not say, the next source is
    asked too, and the two must agree as closely: nobody can tell which of two prices is wrong.
    """
    reasons: list[str] = []
    first: IndexQuote | None = None
    for source in sources:
        try:
            quote = source.last(symbol)
        except DataError as error:
            reasons.append(str(error))
            continue
        problem = _problem(quote, now, ladder_value, prior_close, max_age)
        if problem:
            reasons.append(problem)
        elif ladder_value is not None:
            return Spot(quote, _found(quote, now, "agrees with the ladder"), True)
        elif first is None:
            first = quote
        elif abs(quote.value / first.value - 1) > MAX_DISAGREEMENT:
            apart = f"{first.source} says {first.value:.2f}, but {quote.source} {quote.value:.2f}"
            return Spot(None, f"no price of the index: {apart} (more than {MAX_DISAGREEMENT:.2%} apart)")
        else:
            return Spot(first, _found(first, now, f"no cross-check by the ladder, agrees with {quote.source}"), True)
    if first is not None:
        return Spot(first, _found(first, now, "; ".join(["no cross-check by the ladder", *reasons])))
    return Spot(None, "no price of the index: " + ("; ".join(reasons) or "no source"))


def _found(quote: IndexQuote, now: datetime, checked: str) -> str:
    age = max(0, int((now - quote.as_of).total_seconds()))
    return f"{quote.symbol} {quote.value:.2f} from {quote.source}, {age} s old, {checked}"


def _problem(
    quote: IndexQuote,
    now: datetime,
    ladder_value: Decimal | None,
    prior_close: float | None,
    max_age: timedelta,
) -> str:
    name = f"{quote.source} says {quote.value:.2f}"
    age = now - quote.as_of
    if not quote.value > 0 or quote.value == float("inf"):
        return f"{name}, which is no index level"
    if age > max_age:
        return f"{name}, but {int(age.total_seconds())} s old (at most {int(max_age.total_seconds())})"
    if age < -MAX_AHEAD:
        return f"{name} with a time {int(-age.total_seconds())} s in the future"
    if prior_close is not None and abs(quote.value / prior_close - 1) > MAX_MOVE:
        return f"{name}, more than {MAX_MOVE:.0%} from the last close {prior_close:.2f}"
    if ladder_value is not None and abs(quote.value / float(ladder_value) - 1) > MAX_DISAGREEMENT:
        return f"{name}, but the ladder implies {ladder_value:.2f} (more than {MAX_DISAGREEMENT:.2%} apart)"
    return ""


def ladder_median(ladder: Ladder, books: Mapping[str, TopOfBook]) -> tuple[Decimal | None, str]:
    """Return the index value at which the ladder's prices are even, and "" or why it can not say.

    Linear between strikes. Five two-sided markets next to the median must be quoted within 5 cents with at
    least 10 contracts on both sides, else the ladder says nothing: that is usual overnight.
    """
    found = _exclusive_median(ladder, books) if ladder.is_exclusive else _nested_median(ladder, books)
    if isinstance(found, str):
        return None, found
    value, index = found
    near = sorted(range(len(ladder.rungs)), key=lambda i: (abs(i - index), i))[: GATE_MARKETS + 2]
    good = sum(1 for i in near if _is_tight(books.get(ladder.rungs[i].ticker, TopOfBook())))
    if good < GATE_MARKETS:
        return None, f"only {good} of the {len(near)} markets around the median are quoted tightly"
    return value, ""


def _is_tight(top: TopOfBook) -> bool:
    if top.problem or top.yes_bid is None or top.yes_ask is None:
        return False
    return top.yes_ask - top.yes_bid <= GATE_SPREAD and min(top.bid_size, top.ask_size) >= GATE_SIZE


def _exclusive_median(ladder: Ladder, books: Mapping[str, TopOfBook]) -> tuple[Decimal, int] | str:
    mids = [books.get(rung.ticker, TopOfBook()).mid or Decimal(0) for rung in ladder.rungs]
    total = sum(mids, Decimal(0))
    if not Decimal("0.80") <= total <= Decimal("1.25"):
        return f"the middle prices of the ladder add up to {total:.2f}"
    below = Decimal(0)
    for index, (rung, mid) in enumerate(zip(ladder.rungs, mids, strict=True)):
        share = mid / total
        if share and below + share >= Decimal("0.5"):
            low, high = rung.range.lowest, rung.range.highest
            if low is None or high is None:
                return "the median lies in an open tail"
            width = Decimal(high + 1 - low) / 100
            return Decimal(low) / 100 + width * (Decimal("0.5") - below) / share, index
        below += share
    return "the ladder has no median"


def _nested_median(ladder: Ladder, books: Mapping[str, TopOfBook]) -> tuple[Decimal, int] | str:
    points = []
    for index, rung in enumerate(ladder.rungs):
        mid = books.get(rung.ticker, TopOfBook()).mid
        if mid is None:
            continue
        if rung.range.lowest is not None:
            points.append((Decimal(rung.range.lowest) / 100, mid, index))
        elif rung.range.highest is not None:
            points.append((Decimal(rung.range.highest + 1) / 100, 1 - mid, index))
    half = Decimal("0.5")
    for (low, p_low, index), (high, p_high, _) in pairwise(points):
        if p_low >= half > p_high:
            return low + (high - low) * (p_low - half) / (p_low - p_high), index
    return "no two quoted strikes lie on both sides of the median"
