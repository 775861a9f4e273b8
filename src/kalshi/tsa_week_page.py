"""The page of a live week: how the forecast narrowed, the ladder with model, market and decision, and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from decimal import Decimal

from kalshi.errors import DataError
from kalshi.research import charts
from kalshi.research.page import Chart, Charts, Facts, Page, Section, TableBlock, Text
from kalshi.runtime.clock import NEW_YORK, new_york_text
from kalshi.tsa.contracts import market_strike
from kalshi.tsa.decide import Decision
from kalshi.tsa.models import WeekForecast, forecast
from kalshi.tsa.weeks import market_window
from kalshi.tsa_steps import Picture

LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
PUBLISHED = time(9, 30)  # New York; what a weekday morning brings is there by then
HEADERS = ("above", "P(YES)", "YES bid", "YES ask", "side", "value", "order at", "edge", "why")
MILLION = 1e6


def week_page(picture: Picture, *, now: datetime, job: str, marks: Sequence[str]) -> Page:
    """Return the page of the week that is traded at *now* (aware)."""
    week, decisions = picture.week, picture.decisions
    known = narrowing(picture, now)
    orders = [one for one in decisions if one.is_order]
    low, high = week.quantile(0.1), week.quantile(0.9)
    verdict = (
        f"{week.mean:,.0f} passengers a day are expected in the week to Sunday {week.week_sunday}, 80 % between "
        f"{low:,.0f} and {high:,.0f}; {len(orders)} of {len(decisions)} markets are worth an order by the bot's rule. "
        "Whether that rule makes money is not known: see the backtest."
    )
    sections = [
        Section("At a glance", [Charts([_fan(picture, known), _ladder(decisions)])]),
        Section("What was known when", [TableBlock(
            ("as of", "days published", "newest day", "middle", "80 % from", "to"),
            [(new_york_text(one.as_of), one.known_days, str(one.newest_day), *_passengers(one)) for one in known],
        )]),
        Section("The ladder", [TableBlock(HEADERS, [_row(one) for one in decisions], picture.ladder.event.title)]),
        Section("Data and method", [
            Facts([
                ("counts", f"{picture.counts.source} ({'; '.join(picture.counts.notes) or 'fresh'})"),
                ("ladder", f"{picture.ladder.source}, {new_york_text(picture.ladder.as_of)}"),
                ("model", week.model),
                ("made", f"{job}, {new_york_text(now)}"),
            ]),
            Text("The same functions decide and simulate; a forecast sees what was published by its moment, no more. "
                 "Edge: value less price and fee, dollars a contract, if the model is right."),
        ]),
    ]  # fmt: skip
    title = f"{picture.ladder.event.event_ticker}: forecast, market, decision"
    return Page(title, verdict, sections, marks=list(marks), subtitle=new_york_text(now))


def narrowing(picture: Picture, now: datetime) -> list[WeekForecast]:
    """Return the forecasts of the week since its market opened, one for each number of published days."""
    opens, closes = market_window(picture.week.week_sunday)
    day = opens.astimezone(NEW_YORK).date()
    mornings = [datetime.combine(day + timedelta(days=n), PUBLISHED, NEW_YORK) for n in range(1, 7)]
    found: dict[int, WeekForecast] = {}
    for moment in [opens, *(m for m in mornings if m < min(now, closes))]:
        if moment >= now:
            continue
        try:
            made = forecast(picture.counts.vintages.known(moment), picture.week.week_sunday, picture.week.model)
        except DataError:
            continue  # at that moment too little had been published
        found.setdefault(made.known_days, made)
    found.setdefault(picture.week.known_days, picture.week)
    return [found[days] for days in sorted(found)]


def _fan(picture: Picture, known: Sequence[WeekForecast]) -> Chart:
    shown = list(known) if len(known) > 1 else [*known, *known]  # one moment is drawn as a level line
    labels = [f"{one.as_of.astimezone(NEW_YORK):%a %H:%M}" for one in shown]
    quantiles = {level: [one.quantile(level) / MILLION for one in shown] for level in LEVELS}
    strikes = [market_strike(market) / MILLION for market in picture.ladder.markets]
    now = f"{known[-1].mean:,.0f} with {known[-1].known_days} days published"
    return Chart(
        "The forecast over the week (dotted: strikes)", charts.fan(labels, quantiles, strikes=strikes),
        f"Forecast of the week's mean at {len(known)} moments; at last {now}",
    )  # fmt: skip


def _ladder(decisions: Sequence[Decision]) -> Chart:
    chosen = {
        f"order for {side.upper()}": [
            (market_strike(one.market) / MILLION, float(one.price if side == "yes" else 1 - one.price))
            for one in decisions
            if one.side == side and one.price is not None
        ]
        for side in ("yes", "no")
    }
    return Chart(
        "Model, market and orders",
        charts.ladder(
            [market_strike(one.market) / MILLION for one in decisions],
            [float(one.probability) for one in decisions],
            [_dollars(one.market.quote().yes_bid) for one in decisions],
            [_dollars(one.market.quote().yes_ask) for one in decisions],
            {name: points for name, points in chosen.items() if points},
        ),
        f"Probability of each of {len(decisions)} strikes by the model beside the market's bid and ask",
    )


def _dollars(price: Decimal | None) -> float:
    return float("nan") if price is None else float(price)


def _passengers(one: WeekForecast) -> tuple[str, str, str]:
    return f"{one.quantile(0.5):,.0f}", f"{one.quantile(0.1):,.0f}", f"{one.quantile(0.9):,.0f}"


def _row(one: Decision) -> tuple[object, ...]:
    quote = one.market.quote()
    return (
        f"{market_strike(one.market):,}",
        f"{one.probability:.1%}",
        None if quote.yes_bid is None else f"{quote.yes_bid:.2f}",
        None if quote.yes_ask is None else f"{quote.yes_ask:.2f}",
        one.side.upper(),
        f"{one.value:.2f}",
        None if one.price is None else f"{one.price:.2f}",
        None if one.edge is None else f"{one.edge:+.3f}",
        one.reason,
    )
