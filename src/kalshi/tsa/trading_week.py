"""One event as a sequence of moments: candles that arrive, and the decisions that are taken at their close.

Both simulations walk through it. A decision uses the counts seen by its entry time and the quotes of the first
candle that ends after it, as `tsa.backtest` does; so whatever fills an order lies wholly after its placing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from kalshi.history.quote_candle import QuoteCandle
from kalshi.tsa.dataset import history_look
from kalshi.tsa.models import WeekForecast
from kalshi.tsa.point_in_time import Forecasts, NothingKnown
from kalshi.tsa.quotes import EventHistory, MarketHistory, quote_trouble
from kalshi.tsa.trading_plan import CLOSE_MARGIN, entry_moment
from kalshi.tsa.vintages import Vintages

Left = Counter[tuple[str, str]]


@dataclass(frozen=True)
class DecisionGroup:
    """Decisions of one *entry* on the quotes of one moment. at: Unix seconds; markets: indices by strike."""

    at: int
    entry: str
    decided: datetime
    markets: tuple[int, ...]


@dataclass(frozen=True)
class TradingWeek:
    """An event ready to be traded. candles: by moment (Unix seconds) and market index, inside trading hours.

    probs: P(YES) of each market by (model, entry). left: (stage, reason) to the number of strikes that can not be
    decided, by entry; a market without a result is counted at every entry.
    """

    event: EventHistory
    groups: tuple[DecisionGroup, ...]
    candles: Mapping[int, Mapping[int, QuoteCandle]]
    forecasts: Mapping[tuple[str, str], WeekForecast]
    probs: Mapping[tuple[str, str], tuple[float, ...]]
    left: Mapping[str, Left] = field(default_factory=dict)
    refused: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @property
    def moments(self) -> list[int]:
        """Every moment at which something happens, ascending."""
        return sorted({*self.candles, *(group.at for group in self.groups)})

    def groups_at(self, moment: int) -> list[DecisionGroup]:
        """Return the decisions of *moment*, those of the earliest entry first."""
        return sorted((g for g in self.groups if g.at == moment), key=lambda g: (g.decided, g.entry))

    def mid_after(self, index: int, moment: int) -> Decimal | None:
        """Return the mid of the market's first close at or after *moment*, None where there is none."""
        close = next((at for at in sorted(self.candles) if at >= moment and index in self.candles[at]), None)
        return None if close is None else self.candles[close][index].mid


@dataclass(frozen=True)
class WeekFill:
    """One execution. price, mid, mid_after: YES dollars; prob: of the side bought; at: close of its candle, Unix
    seconds. mid: at the decision; mid_after: of the first close after the execution; None where one-sided.
    """

    week: TradingWeek = field(repr=False, compare=False)
    index: int
    entry: str
    side: str
    price: Decimal
    count: Decimal
    fee: Decimal
    is_taker: bool
    at: int
    prob: float
    mid: Decimal | None
    mid_after: Decimal | None

    @property
    def market(self) -> MarketHistory:
        """The market."""
        return self.week.event.markets[self.index]

    @property
    def outcome(self) -> int:
        """1 where the side won."""
        return int(self.market.result == self.side)

    @property
    def pnl(self) -> Decimal:
        """Dollars won or lost, the fee included."""
        cost = self.price if self.side == "yes" else 1 - self.price
        return self.count * (self.outcome - cost) - self.fee


def trading_week(
    event: EventHistory,
    vintages: Vintages,
    entries: Iterable[str],
    models: Sequence[str],
    memory: Forecasts | None = None,
) -> TradingWeek:
    """Return *event* with its moments and what each model said at each entry.

    memory: kept between calls on the same vintages. Raises DataError for a ladder that is none, or a model whose
    probabilities are none.
    """
    memory = {} if memory is None else memory
    until = event.close_at - CLOSE_MARGIN
    groups: list[DecisionGroup] = []
    forecasts: dict[tuple[str, str], WeekForecast] = {}
    probs: dict[tuple[str, str], tuple[float, ...]] = {}
    left: dict[str, Left] = {}
    refused: dict[tuple[str, str], str] = {}
    for entry in entries:
        decided, out = entry_moment(event.sunday, entry), left.setdefault(entry, Counter())
        if not event.open_at <= decided < event.close_at:
            why = "the event was not open yet" if decided < event.open_at else "the event was closed"
            out["event", why] += len(event.markets)
            continue
        groups += _groups(event, entry, decided, until, out)
        try:
            look = history_look(event, decided, vintages, models, memory)
        except NothingKnown as error:
            refused |= {(model, entry): str(error) for model in models}
            continue
        refused |= {(model, entry): why for model, why in look.refused.items()}
        for model, said in look.forecasts.items():
            forecasts[model, entry] = said
            probs[model, entry] = tuple(point.probs[model] for point in look.points)
    return TradingWeek(event, tuple(groups), _candles(event, until), forecasts, probs, left, refused)


def _groups(event: EventHistory, entry: str, decided: datetime, until: datetime, out: Left) -> list[DecisionGroup]:
    at: dict[int, list[int]] = {}
    for index, market in enumerate(event.markets):
        quote = market.first_candle(decided, until)
        reason = quote_trouble(quote)
        if market.result not in ("yes", "no"):
            out["result", f"no result of yes or no ({market.result or 'empty'})"] += 1
        elif quote is None or reason:
            out["quote", reason] += 1
        else:
            at.setdefault(quote.end_ts, []).append(index)
    return [DecisionGroup(moment, entry, decided, tuple(found)) for moment, found in at.items()]


def _candles(event: EventHistory, until: datetime) -> dict[int, dict[int, QuoteCandle]]:
    found: dict[int, dict[int, QuoteCandle]] = {}
    first, last = event.open_at.timestamp(), until.timestamp()
    for index, market in enumerate(event.markets):
        for candle in market.candles:
            if first < candle.end_ts <= last:
                found.setdefault(candle.end_ts, {})[index] = candle
    return found


def moment_of(seconds: int) -> datetime:
    """Return Unix *seconds* as aware UTC."""
    return datetime.fromtimestamp(seconds, UTC)
