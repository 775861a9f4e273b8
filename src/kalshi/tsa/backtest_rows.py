"""The columns a simulated trade adds to the ten every backtest has."""

from __future__ import annotations

from datetime import UTC, datetime

from kalshi.tsa.backtest import Settings, Trade

EXTRA_COLUMNS = (
    "count", "fee", "as_of", "known_days", "bid", "ask", "mid", "strike", "model", "forecast_mean", "forecast_sd",
    "event_ticker", "week_sunday", "fill", "result", "first_print_mean", "settlement_check", "settled_by",
    "candle_end", "entry", "rule", "data",
)  # fmt: skip


def trade_row(trade: Trade, settings: Settings, data: str) -> dict[str, object]:
    """Return the values of one trade by column, but pnl, brier, logloss and edge; `date` is the week's Sunday.

    data: where counts and quotes are from, as `SAMPLE`.

    bid, ask, mid, fill_price: YES dollars; strike, forecast_*, first_print_mean: passengers; times UTC.
    """
    quote, made = trade.quote, trade.forecast
    won_by_yes = trade.outcome == (trade.side == "yes")
    return {
        "market": trade.market.ticker,
        "date": trade.event.sunday,
        "side": trade.side,
        "prob": trade.prob,
        "fill_price": f"{trade.fill_price:f}",
        "outcome": trade.outcome,
        "count": f"{trade.count:f}",
        "fee": f"{trade.fee.normalize():f}",
        "as_of": _stamp(made.as_of),
        "known_days": made.known_days,
        "bid": None if quote.bid is None else f"{quote.bid:f}",
        "ask": None if quote.ask is None else f"{quote.ask:f}",
        "mid": None if quote.mid is None else f"{quote.mid:f}",
        "strike": trade.market.strike,
        "model": made.model,
        "forecast_mean": f"{made.mean:.1f}",
        "forecast_sd": f"{made.sd:.1f}",
        "event_ticker": trade.event.event_ticker,
        "week_sunday": trade.event.sunday,
        "fill": settings.fill,
        "result": "yes" if won_by_yes else "no",
        "first_print_mean": None if trade.first_print_mean is None else f"{trade.first_print_mean:.1f}",
        "settlement_check": trade.settlement_check,
        "settled_by": trade.settlement,
        "candle_end": _stamp(datetime.fromtimestamp(quote.end_ts, UTC)),
        "entry": settings.entry,
        "rule": settings.rule,
        "data": data,
    }


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
