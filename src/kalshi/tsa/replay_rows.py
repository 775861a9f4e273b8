"""The executions of a replay as rows of a backtest's CSV."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from kalshi.tsa.backtest_rows import EXTRA_COLUMNS
from kalshi.tsa.known import Known
from kalshi.tsa.settlement import settled_as
from kalshi.tsa.trading_plan import Plan
from kalshi.tsa.trading_week import WeekFill, moment_of

REPLAY_COLUMNS = (*EXTRA_COLUMNS, "role", "mid_after", "reached")


def fill_row(fill: WeekFill, plan: Plan, counts: Known, data: str) -> dict[str, object]:
    """Return the values of one execution by column; `date` is the week's Sunday, bid and ask those of its decision.

    counts: a view from after the week. data: where counts and quotes are from. candle_end: the close of the candle
    it was filled at. role: taker or maker. mid_after: of YES, at the first close after the execution. reached: for a
    maker the YES price that the candle came to on our side.
    """
    week, market = fill.week, fill.market
    made = week.forecasts[plan.model, fill.entry]
    group = next(g for g in week.groups if g.entry == fill.entry and fill.index in g.markets)
    quote, settled = week.candles[group.at][fill.index], settled_as(week.event, market, counts)
    return {
        "market": market.ticker, "date": week.event.sunday, "side": fill.side, "prob": fill.prob,
        "fill_price": _text(fill.price), "outcome": fill.outcome, "count": _text(fill.count), "fee": _text(fill.fee),
        "as_of": _stamp(made.as_of), "known_days": made.known_days, "bid": _text(quote.bid), "ask": _text(quote.ask),
        "mid": _text(fill.mid), "strike": market.strike, "model": made.model, "forecast_mean": f"{made.mean:.1f}",
        "forecast_sd": f"{made.sd:.1f}", "event_ticker": week.event.event_ticker, "week_sunday": week.event.sunday,
        "fill": plan.policy, "result": settled.result,
        "first_print_mean": None if settled.mean is None else f"{settled.mean:.1f}",
        "settlement_check": settled.check, "settled_by": settled.basis, "candle_end": _stamp(moment_of(fill.at)),
        "entry": fill.entry, "rule": "desk", "data": data, "role": "taker" if fill.is_taker else "maker",
        "mid_after": _text(fill.mid_after), "reached": None if fill.is_taker else _text(_reached(fill)),
    }  # fmt: skip


def _reached(fill: WeekFill) -> Decimal | None:
    candle = fill.week.candles[fill.at][fill.index]
    return candle.cheapest if fill.side == "yes" else candle.dearest


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value.normalize():f}"


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
