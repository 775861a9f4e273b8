"""The steps of the TSA bot, one function each; the bot and the commands for single steps call them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation

import msgspec

from kalshi.backtest_inputs import store_of
from kalshi.connect import PaperClient, connect_public
from kalshi.errors import ConfigError, DataError, ExchangeError, StaleDataError
from kalshi.exchange.hosts import is_loopback
from kalshi.exchange.models import Event, Market
from kalshi.exchange.snapshot import LadderSnapshot
from kalshi.pricing.fees import fee_terms, trade_fee
from kalshi.runtime.clock import new_york, new_york_text, utc_now
from kalshi.runtime.run import Run
from kalshi.trading.intents import Intent, Side
from kalshi.tsa.contracts import market_strike
from kalshi.tsa.dataset import learned_mixer
from kalshi.tsa.decide import Decision, Fee, Rules, decide
from kalshi.tsa.fetch import FetchResult, fetch_counts
from kalshi.tsa.ladder import fetch_ladder, load_ladder, save_ladder, week_sunday
from kalshi.tsa.market_mix import LEAST_EVENTS, mixed_name
from kalshi.tsa.model_registry import model_in_use
from kalshi.tsa.models import MODELS, WeekForecast, forecast
from kalshi.tsa.point_in_time import Look, StrikeQuote, look_at
from kalshi.tsa.quotes import DAY_MINUTES
from kalshi.tsa.release_calendar import before_news
from kalshi.tsa.sample import sample_ladder
from kalshi.tsa.weeks import SERIES, market_window, parse_event_ticker, tradable_week, week_days

STRATEGY = "tsa_weekly"  # the bot and `place_tsa_orders` are one strategy: together they place nothing twice
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LADDER_CACHE = "tsa_ladder_{mode}.json"  # of each mode its own: demo prices are not Kalshi's

MIXED_OVER = timedelta(days=365)  # past events the weight of --with-market is learned on


@dataclass(frozen=True)
class Picture:
    """What the bot looks at: counts, the ladder, the forecast of its week, and one decision per market."""

    counts: FetchResult
    ladder: LadderSnapshot
    week: WeekForecast
    decisions: tuple[Decision, ...]


def add_decision_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the parameters of forecast and decision, with the seed's defaults."""
    parser.add_argument("--model", choices=sorted(MODELS), help="forecast model; default: the registry's")
    parser.add_argument(
        "--with-market", action="store_true",
        help="decide on the model mixed with the market's price, by the fetched history; no evidence that it is better",
    )
    parser.add_argument("--count", default="10", help="contracts of each order (10)")
    parser.add_argument("--price-share", default="0.75", help="limit price as a share of the value (0.75)")
    parser.add_argument("--lowest", default="0.05", help="a less likely side is not bought (0.05)")
    parser.add_argument("--highest", default="0.95", help="a likelier side is not bought (0.95)")
    parser.add_argument("--min-edge", default="0.02", help="dollars per contract an order must keep after fees (0.02)")
    parser.add_argument("--max-spread", default="0.30", help="widest bid-ask spread, dollars (0.30)")


def rules_from(args: argparse.Namespace) -> Rules:
    """Return the decision's parameters; ConfigError names the argument that is no number."""
    names = ("count", "price_share", "lowest", "highest", "min_edge", "max_spread")
    values: dict[str, Decimal] = {}
    for name in names:
        try:
            values[name] = Decimal(getattr(args, name))
        except InvalidOperation:
            option = name.replace("_", "-")
            raise ConfigError(f"--{option} {getattr(args, name)!r} is not a number") from None
        if not values[name].is_finite():
            raise ConfigError(f"--{name.replace('_', '-')} must be a finite number")
    return Rules(**values)


def order_weekdays(text: str) -> frozenset[int]:
    """Return weekdays (Monday 0) named by *text*: `all`, or names such as `mon,tue`."""
    if text.strip().lower() == "all":
        return frozenset(range(7))
    names = [name.strip().lower()[:3] for name in text.split(",")]
    unknown = [name for name in names if name not in WEEKDAYS]
    if unknown:
        raise ConfigError(f"--order-weekdays {text!r}: write {','.join(WEEKDAYS)} or all")
    return frozenset(WEEKDAYS.index(name) for name in names)


def get_counts(run: Run) -> FetchResult:
    """Return the counts and say where they are from; enter the sample where nothing else is to be had."""
    counts = fetch_counts(run.config, None, as_of=run.simulated_now, clock=utc_now, offline=run.offline)
    run.report.add_line(f"Counts: {counts.source} ({'; '.join(counts.notes) or 'fresh'})")
    if counts.source == "SAMPLE":
        run.enter_sample()
    return counts


def get_ladder(run: Run, counts: FetchResult) -> LadderSnapshot | None:
    """Return this week's open ladder, None when no event is open; the report says where it is from.

    Tried in this order: the exchange, the saved ladder, and in paper mode the embedded sample.
    """
    if counts.source == "SAMPLE":
        return _reported(run, sample_ladder(counts.vintages, run.now), "made up around the SAMPLE counts")
    path = run.data_dir / LADDER_CACHE.format(mode=run.config.mode)
    trouble = "offline: Kalshi was not asked"
    if run.args.date is not None:
        trouble = "the exchange shows today's prices, not those of --date"
        if run.config.mode != "paper":
            raise DataError(f"{trouble}: use --mode paper, or leave --date out")
    elif not run.offline:
        paper = run.config.mode == "paper" and not is_loopback(run.config.api_base)
        client = connect_public(run.config) if paper else run.exchange
        try:
            ladder = fetch_ladder(client, run.now, name="Kalshi")
        except (ExchangeError, DataError) as error:
            if not paper:  # nothing can stand in for the exchange that is traded on
                raise
            trouble = f"could not read Kalshi: {error}"
        else:
            if ladder is not None:
                save_ladder(ladder, path)
                return _reported(run, ladder, "fresh")
            run.report.add_line(f"Ladder: no open event; {_next_opening(run.now)}")
            return None
    saved = load_ladder(path, run.now)
    if saved is not None:
        return _reported(run, saved, f"saved {new_york_text(saved.as_of)}; {trouble}")
    run.enter_sample()
    return _reported(run, sample_ladder(counts.vintages, run.now), f"made up; {trouble}")


def look(run: Run) -> Picture | None:
    """Fetch, forecast and decide; None when no event is open. Raises StaleDataError for old counts."""
    rules, model = rules_from(run.args), chosen_model(run)
    counts = get_counts(run)
    if counts.stale:
        raise StaleDataError(f"no trading on these counts: {counts.stale}")
    ladder = get_ladder(run, counts)
    sunday = tradable_week(run.now) if ladder is None else week_sunday(_whole(ladder))
    if ladder is None:
        report_forecast(run, forecast(counts.known, sunday, model))
        return None
    moment = max(counts.as_of, ladder.as_of)
    seen = look_at(counts.known, sunday, ladder.markets, [model], as_of=moment, quotes=_quotes(ladder))
    if model in seen.refused:
        raise DataError(seen.refused[model])
    week = seen.forecasts[model]
    report_forecast(run, week)
    name = week.model
    if run.args.with_market:
        seen, name = _with_market(run, seen, counts), mixed_name(week.model)
    decisions = decide_all(ladder, seen, rules, name)
    report_ladder(run, ladder, decisions)
    return Picture(counts, ladder, week, decisions)


def chosen_model(run: Run) -> str:
    """Return the model of --model, else the one in use by the registry; the report says which and what it is good for.

    Raises ConfigError where the registry is needed and can not be read.
    """
    if run.args.model is not None:
        run.report.add_line(f"Model: {run.args.model}, by --model")
        return str(run.args.model)
    used = model_in_use()
    run.report.add_line(f"Model: {used}")
    return used.model


def _quotes(ladder: LadderSnapshot) -> dict[str, StrikeQuote]:
    best = {market.ticker: market.quote() for market in ladder.markets}
    return {ticker: StrikeQuote(quote.yes_bid, quote.yes_ask, ladder.as_of) for ticker, quote in best.items()}


def _with_market(run: Run, seen: Look, counts: FetchResult) -> Look:
    """Return *seen* with the second stage as one more set of probabilities; the report says what it rests on."""
    (model,) = seen.forecasts
    last = seen.week_sunday - timedelta(days=7)
    events = store_of(run.config).history(last - MIXED_OVER, last, DAY_MINUTES)
    mixer = learned_mixer(events, counts.vintages, [model])
    weight, settled = mixer.weight(model, counts.known)
    run.report.add_line(
        f"Mixed with the market: the model's weight is {weight:.0%} by {settled} settled event{'s' * (settled != 1)} "
        f"with quotes ({LEAST_EVENTS} are needed for any weight; fetch_tsa_history gets them)."
    )
    return mixer.mix(seen, counts.known)


def decide_all(ladder: LadderSnapshot, seen: Look, rules: Rules, name: str) -> tuple[Decision, ...]:
    """Return one decision per market of the ladder, by ascending strike, on the probabilities called *name*."""
    markets = {market.ticker: market for market in ladder.markets}
    taker, maker = _fees_of(ladder)
    return tuple(decide(markets[point.ticker], point.probs[name], rules, taker, maker) for point in seen.points)


def place(run: Run, picture: Picture) -> None:
    """Hand every decided order to the desk; on paper, show the ladder to the exchange first."""
    show_to_paper(run, picture)
    event = _whole(picture.ladder)
    for decision in picture.decisions:
        if decision.price is not None:
            intent = intent_of(run, decision, event)
            run.desk.submit(
                intent,
                decision.market,
                quoted_at=_quoted_at(run, picture.ladder),
                fee_multiplier=fee_terms(picture.ladder.series, event).multiplier,
            )


def intent_of(run: Run, decision: Decision, event: Event) -> Intent:
    """Return the intent of one decided order; it ends before the next counts or the close, what is first."""
    assert decision.price is not None
    close = decision.market.close_time - timedelta(minutes=1)
    return Intent(
        strategy=STRATEGY,
        run_date=new_york(run.now).date(),
        event_ticker=event.event_ticker,
        ticker=decision.market.ticker,
        side=Side(decision.side),
        price=decision.price,
        count=Decimal(run.args.count),
        expiration=min(before_news(run.now), close),
    )


def show_to_paper(run: Run, picture: Picture) -> None:
    """Let the in-process exchange list the ladder and pay what ended; other exchanges know it already."""
    if not isinstance(run.exchange, PaperClient):
        return
    run.exchange.paper.mirror(picture.ladder)
    held = {row.ticker.rpartition("-")[0] for row in run.exchange.positions() if row.position_fp}
    for name in sorted(held - {picture.ladder.event.event_ticker}):
        if not name.startswith(f"{SERIES}-"):
            continue
        try:
            ended = _ended_event(run, picture, name)
        except (ExchangeError, DataError) as error:
            run.report.add_line(f"Settlement of {name} is not known yet: {error}")
            continue
        if ended is not None:
            run.exchange.paper.mirror(ended)
            run.report.add_line(f"Paper: {name} is settled")


def _ended_event(run: Run, picture: Picture, name: str) -> LadderSnapshot | None:
    """Return an earlier event with its results; None while it has none."""
    if picture.ladder.source == "SAMPLE":
        return settled_sample(run.exchange.event(name), picture)
    if run.offline:
        raise DataError("offline")
    event = connect_public(run.config).event(name)
    if not event.markets or any(market.status != "finalized" for market in event.markets):
        return None
    return LadderSnapshot("Kalshi", run.now, picture.ladder.series, event, tuple(event.markets), {})


def settled_sample(event: Event, picture: Picture) -> LadderSnapshot | None:
    """Return a sample event with the results its sample counts give; None until its Sunday is published."""
    sunday = parse_event_ticker(event.event_ticker)
    prints = [picture.counts.known.first_print(day) for day in week_days(sunday)]
    if any(count is None for count in prints):
        return None
    total = sum(count for count in prints if count is not None)
    markets = tuple(
        msgspec.structs.replace(
            market, status="finalized", result="yes" if total > 7 * market_strike(market) else "no"
        )
        for market in event.markets or ()
    )
    return LadderSnapshot("SAMPLE", picture.ladder.as_of, picture.ladder.series, event, markets, {})


def report_forecast(run: Run, week: WeekForecast) -> None:
    """Report the forecast with its spread and where the week stands."""
    low, high = week.quantile(0.1), week.quantile(0.9)
    run.report.add_line(
        f"Forecast: {week.mean:,.0f} passengers a day in the week to Sunday {week.week_sunday} "
        f"(80 % between {low:,.0f} and {high:,.0f}; model {week.model}, {week.known_days} of 7 days published, "
        f"newest {week.newest_day})"
    )


def report_trend(run: Run, counts: FetchResult) -> None:
    """Report the last weeks beside the year before."""
    known = counts.known
    newest = known.newest_day
    rows = []
    for weeks in (1, 4):
        days = range(newest.toordinal() - 7 * weeks + 1, newest.toordinal() + 1)
        now_mean, before = (_mean(known.value, [date.fromordinal(d - back) for d in days]) for back in (0, 364))
        change = f"{now_mean / before - 1:+.1%}" if now_mean and before else None
        rows.append((f"last {7 * weeks} days to {newest}", _whole_number(now_mean), _whole_number(before), change))
    run.report.add_table("Trend: mean passengers a day", ("period", "now", "364 days before", "change"), rows)


def report_ladder(run: Run, ladder: LadderSnapshot, decisions: tuple[Decision, ...]) -> None:
    """Report one row per strike: probability, prices, value, decision and reason."""
    rows = [
        (
            _strike(d.market),
            f"{d.probability:.1%}",
            _cents(d.market.quote().yes_bid),
            _cents(d.market.quote().yes_ask),
            d.side.upper(),
            f"{d.value:.2f}",
            f"{d.price:.2f}" if d.price is not None else None,
            f"{d.edge:+.3f}" if d.edge is not None else None,
            d.reason,
        )
        for d in decisions
    ]
    headers = ("above", "P(YES)", "YES bid", "YES ask", "side", "value", "order at", "edge", "why")
    run.report.add_table(f"{ladder.event.event_ticker}: {ladder.event.title}", headers, rows)
    ordered = sum(d.is_order for d in decisions)
    quoted = sum(d.bid is not None or d.ask is not None for d in decisions)
    run.report.add_line(f"{len(decisions)} markets, {quoted} quoted, {ordered} worth an order")


def _reported(run: Run, ladder: LadderSnapshot, note: str) -> LadderSnapshot:
    run.report.add_line(f"Ladder: {ladder.source} {ladder.event.event_ticker} ({note})")
    return ladder


def _whole(ladder: LadderSnapshot) -> Event:
    """Return the event with its markets, which the snapshot keeps beside it."""
    return msgspec.structs.replace(ladder.event, markets=list(ladder.markets))


def _fees_of(ladder: LadderSnapshot) -> tuple[Fee, Fee]:
    """Return the fee of a taker and that of a maker on this ladder."""
    terms = fee_terms(ladder.series, ladder.event)
    return (
        lambda price, count: trade_fee(price, count, terms.taker_rate),
        lambda price, count: trade_fee(price, count, terms.maker_rate),
    )


def _quoted_at(run: Run, ladder: LadderSnapshot) -> datetime | None:
    # On paper an older ladder is the market: it was mirrored a moment ago.
    return None if run.config.mode == "paper" else ladder.as_of


def _next_opening(now: datetime) -> str:
    opens = market_window(tradable_week(now))[0]
    return f"{'it opens' if opens > now else 'it should have opened'} {new_york_text(opens)}"


def _mean(value: Callable[[date], int | None], days: list[date]) -> float | None:
    values = [value(day) for day in days]
    known = [v for v in values if v is not None]
    return sum(known) / len(known) if len(known) == len(values) else None


def _whole_number(value: float | None) -> str | None:
    return None if value is None else f"{value:,.0f}"


def _strike(market: Market) -> str:
    return market.ticker if market.floor_strike is None else f"{market.floor_strike:,.0f}"


def _cents(price: Decimal | None) -> str | None:
    return None if price is None else f"{price:.2f}"
