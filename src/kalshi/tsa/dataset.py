"""Past events as a point-in-time dataset: one row per event, as-of time and strike.

Every row is made by `point_in_time.look_at`, which the bot calls too. Columns known at `as_of` stand apart from
what came later (`fill_*`, `result`, ...). What cannot be a row is excluded by name and counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

from kalshi.errors import DataError
from kalshi.history.quote_candle import QuoteCandle
from kalshi.tsa.market_mix import Mixer, mixed_name
from kalshi.tsa.models_past import Model
from kalshi.tsa.point_in_time import Forecasts, Look, NothingKnown, StrikeQuote, look_at
from kalshi.tsa.quotes import EventHistory, MarketHistory, quote_trouble
from kalshi.tsa.settlement import Settled, settled_as
from kalshi.tsa.vintages import Vintages
from kalshi.tsa.walk_forward import FAR_FUTURE
from kalshi.tsa.weeks import NEW_YORK, week_days

DEFAULT_TIMES = (time(10, 30),)  # New York; after the morning's release, half an hour after Monday's opening
LEAST_STRIKES = 2


@dataclass(frozen=True)
class Row:
    """One strike of one event at one moment, with what came later.

    number: of the point in `look.points`. fill: the next closing quote after as_of that is not after the close, None
    where there is none that can be traded on; fill_trouble: why.
    """

    look: Look
    number: int
    settled: Settled
    fill: StrikeQuote | None
    fill_trouble: str


@dataclass
class Dataset:
    """Rows in order of event, moment and strike. excluded: (event, reason) to the number of rows that are not there.

    notes: (reason, number) of rows that are there with an empty cell. mixed: names of more probabilities, of models
    with the market.
    """

    models: tuple[str, ...]
    mixed: tuple[str, ...] = ()
    rows: list[Row] = field(default_factory=list)
    excluded: Counter[tuple[str, str]] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)


def build_dataset(
    events: Iterable[EventHistory],
    vintages: Vintages,
    models: Sequence[str],
    *,
    times: Sequence[time] = DEFAULT_TIMES,
    with_market: bool = False,
    progress: Callable[[str], object] = lambda line: None,
) -> Dataset:
    """Return the dataset of *events* (oldest first) at each of *times* (New York wall clock) on every day of the week.

    with_market: also the second stage of each model (`market_mix`), learned on the rows of events settled by then.
    00:00 on a day is the midnight that begins it, when the day before's candle closes. Raises DataError for a
    ladder with contradictions or a model that returns no probabilities, and where no row is left.
    """
    mixer = Mixer(models if with_market else ())
    made = Dataset(tuple(models), tuple(map(mixed_name, mixer.models)))
    counts_after = vintages.known(FAR_FUTURE)
    memory: Forecasts = {}
    for number, event in enumerate(events, start=1):
        size = len(event.markets)
        if size < LEAST_STRIKES:
            made.excluded[event.event_ticker, f"a ladder of {size} strike{'s' * (size != 1)}"] += size * 7 * len(times)
            continue
        for as_of in moments(event.sunday, times):
            if not event.open_at <= as_of < event.close_at:
                made.excluded[event.event_ticker, "not open for trading at that time"] += size
                continue
            try:
                look = history_look(event, as_of, vintages, models, memory)
            except NothingKnown:
                made.excluded[event.event_ticker, "no count was known at that time"] += size
                continue
            for model, reason in look.refused.items():
                made.notes[f"no forecast by {model}: {reason}"] += size
            ends = {market.ticker: settled_as(event, market, counts_after) for market in event.markets}
            _add(made, event, mixer.mix(look, vintages.known(as_of)), ends)
            mixer.learn(look, [ends[point.ticker].outcome for point in look.points])
        if number % 10 == 0:
            progress(f"{number} events: {len(made.rows)} rows")
    if not made.rows:
        reasons = "; ".join(sorted({reason for _, reason in made.excluded})) or "there is no event"
        raise DataError(f"no row can be made: {reasons}")
    return made


def learned_mixer(events: Iterable[EventHistory], vintages: Vintages, models: Sequence[str]) -> Mixer:
    """Return a mixer that has learned from *events* at the midnights at which their daily candles close."""
    mixer, memory = Mixer(models), Forecasts()
    counts_after = vintages.known(FAR_FUTURE)
    for event in events:
        outcomes = {market.ticker: settled_as(event, market, counts_after).outcome for market in event.markets}
        for as_of in moments(event.sunday, [time(0)]):
            if event.open_at <= as_of < event.close_at:
                look = history_look(event, as_of, vintages, models, memory)
                mixer.learn(look, [outcomes[point.ticker] for point in look.points])
    return mixer


def moments(sunday: date, times: Sequence[time]) -> list[datetime]:
    """Return each of *times* on each day of the week ending *sunday*, in order, aware UTC.

    A wall-clock time that a change of the clocks repeats is taken once, the first one.
    """
    return [datetime.combine(day, at, NEW_YORK).astimezone(UTC) for day in week_days(sunday) for at in sorted(times)]


def history_look(
    event: EventHistory,
    as_of: datetime,
    vintages: Vintages,
    models: Sequence[str | Model],
    memory: Forecasts | None = None,
) -> Look:
    """Return *event* as it was at *as_of* (aware): counts seen by then, the last closing quotes by then."""
    quotes = {}
    for market in event.markets:
        candle = market.last_candle(event.open_at, as_of)
        if candle is not None and not candle.is_null:
            quotes[market.ticker] = _quote(candle)
    return look_at(vintages.known(as_of), event.sunday, event.markets, models, quotes=quotes, memory=memory)


def _add(made: Dataset, event: EventHistory, look: Look, ends: Mapping[str, Settled]) -> None:
    markets = {market.ticker: market for market in event.markets}
    for number, point in enumerate(look.points):
        end = ends[point.ticker]
        fill, trouble = _fill(markets[point.ticker], look.as_of, event.close_at)
        made.rows.append(Row(look, number, end, fill, trouble))
        made.notes["no result of yes or no"] += end.outcome is None
        made.notes["result against the counts as first published"] += end.check == "differs"
        made.notes["no quote seen yet"] += point.quote is None
        if trouble:
            made.notes[f"no quote to fill at: {trouble}"] += 1


def _fill(market: MarketHistory, after: datetime, until: datetime) -> tuple[StrikeQuote | None, str]:
    candle = market.first_candle(after, until)
    trouble = quote_trouble(candle)
    return (None, trouble) if candle is None or trouble else (_quote(candle), "")


def _quote(candle: QuoteCandle) -> StrikeQuote:
    return StrikeQuote(candle.bid, candle.ask, datetime.fromtimestamp(candle.end_ts, UTC))
