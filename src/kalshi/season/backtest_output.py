"""What an index backtest writes: the CSV every judging command reads, a summary, the metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

import numpy as np

from kalshi.research import metrics
from kalshi.research.backtest_csv import backtest_csv, trades_of
from kalshi.research.markdown import table
from kalshi.research.metrics import dollars
from kalshi.research.provenance import sha256_of_content
from kalshi.research.sanity_report import plain
from kalshi.research.trades import Trades
from kalshi.season.replay import Filled, Replay

EXTRA_COLUMNS = (
    "count", "fee", "as_of", "bid", "ask", "mid", "event_ticker", "role", "purpose", "fills", "fill", "result",
    "settled_by", "candle_end", "data",
)  # fmt: skip
ONE = Decimal(1)
METHOD = (
    "A decision sees the newest candle of each market that ended at or before it; the rules are those of the scripts.",
    "Taking: at the close of the first candle that ends after the decision, within the limit. Resting, as `--maker` "
    "says: `through` when a candle that began after the order went beyond its price, `touch` when it reached it.",
    "Whole orders fill; candles tell neither sizes nor the queue. Fees as of the trade; held to the settlement.",
    "`prob` is the market's own mid at the decision, so that `edge` is what the price itself promised.",
)


@dataclass(frozen=True)
class Summary:
    """Numbers of one backtest. by_event: profit and interval with every event as one observation, dollars."""

    events: int
    placed: int
    filled: int
    trades: Trades | None
    by_event: metrics.Interval | None
    refusals: Mapping[str, int]
    notes: Sequence[str]

    @property
    def headline(self) -> str:
        """The verdict in one sentence."""
        if self.trades is None:
            return f"No order of {self.placed} was filled in {self.events} events: nothing can be said about an edge."
        return metrics.verdict(self.trades)

    @property
    def lines(self) -> list[str]:
        """What stands below the verdict."""
        found = [f"{self.events} events, {self.placed} orders placed, {self.filled} filled"]
        if self.by_event is not None:
            interval = "" if np.isnan(self.by_event.low) else (
                f", 95 % {dollars(self.by_event.low)} .. {dollars(self.by_event.high)}"
            )  # fmt: skip
            mean, number = dollars(self.by_event.mean), self.by_event.weeks
            found.append(f"By event: mean {mean} over {number} with a fill{interval}")
        return [*found, *(f"{count} x {reason}" for reason, count in sorted(self.refusals.items())), *self.notes]


def rows_of(replays: Sequence[Replay], maker: str, data: str) -> list[dict[str, object]]:
    """Return one row per market, day and side; several fills of it become one at their mean price."""
    rows = []
    for one in replays:
        fills = sorted(one.fills, key=lambda fill: (fill.ticker, fill.side, fill.decided_at))
        for (ticker, side), group in groupby(fills, key=lambda fill: (fill.ticker, fill.side)):
            rows.append(_row(one, ticker, side, list(group), maker, data))
    return rows


def _row(one: Replay, ticker: str, side: str, fills: list[Filled], maker: str, data: str) -> dict[str, object]:
    count = sum((fill.count for fill in fills), Decimal(0))
    price = sum((fill.count * fill.price for fill in fills), Decimal(0)) / count
    first = fills[0]
    mid = first.quote.mid
    own = price if mid is None else mid if side == "yes" else ONE - mid
    takes = all(fill.is_taker for fill in fills)
    result = one.event.results[ticker]
    return {
        "market": ticker,
        "date": one.event.day,
        "side": side,
        "prob": float(own),
        "fill_price": f"{(price if side == 'yes' else ONE - price):f}",
        "outcome": int(result == side),
        "count": f"{count:f}",
        "fee": f"{sum((fill.fee for fill in fills), Decimal(0)):f}",
        "as_of": _stamp(first.decided_at),
        # Of the candle that filled it. A resting order fills at its own price: the spread is no bound for it.
        "bid": None if not takes or first.candle.bid is None else f"{first.candle.bid:f}",
        "ask": None if not takes or first.candle.ask is None else f"{first.candle.ask:f}",
        "mid": None if mid is None else f"{mid:f}",
        "event_ticker": one.event.event_ticker,
        "role": "taker" if takes else "maker",
        "purpose": ", ".join(sorted({fill.purpose for fill in fills})),
        "fills": len(fills),
        "fill": "taker" if takes else f"maker {maker}",
        "result": result,
        "settled_by": "exchange",
        "candle_end": _stamp(datetime.fromtimestamp(fills[-1].candle.end_ts, UTC)),
        "data": data,
    }


def summary_of(replays: Sequence[Replay], text: str, stem: str, notes: Sequence[str]) -> Summary:
    """Return the summary of *replays* with the CSV *text* made from them."""
    trades = trades_of(text, stem)
    refusals: dict[str, int] = {}
    for one in replays:
        for reason, count in one.refusals.items():
            refusals[reason] = refusals.get(reason, 0) + count
    by_event = None
    if trades is not None:
        events = [market.rpartition("-")[0] for market in trades.markets]
        sums = dict.fromkeys(events, 0.0)
        for name, pnl in zip(events, trades["pnl"], strict=True):
            sums[name] += float(pnl)
        profits = np.array(list(sums.values()))
        by_event = metrics.clustered_interval(profits, np.arange(profits.size))
    placed, filled = sum(one.placed for one in replays), sum(len(one.fills) for one in replays)
    return Summary(len(replays), placed, filled, trades, by_event, refusals, notes)


def report_files(
    stem: str, replays: Sequence[Replay], maker: str, data: str, made: dict[str, Any], notes: Sequence[str]
) -> tuple[Summary, dict[str, str | bytes]]:
    """Return the summary and the content of each file by its name. data: what the column says, as SAMPLE."""
    text = backtest_csv(rows_of(replays, maker, data), EXTRA_COLUMNS)
    found = summary_of(replays, text, stem, notes)
    files: dict[str, str | bytes] = {f"{stem}.csv": text, f"{stem}.md": _markdown(found, replays, made, data)}
    about = {
        "kind": "index_backtest",
        **made,
        "sample": data == "SAMPLE",
        "verdict": found.headline,
        "events": found.events,
        "placed": found.placed,
        "filled": found.filled,
        "kpis": plain(metrics.key_metrics(found.trades)) if found.trades else None,
        "outputs": {name: sha256_of_content(content) for name, content in files.items()},
    }
    files[f"{stem}.json"] = json.dumps(about, indent=2) + "\n"
    return found, files


def _markdown(found: Summary, replays: Sequence[Replay], made: Mapping[str, Any], data: str) -> str:
    rows = [
        (one.event.day, one.event.event_ticker, one.placed, len(one.fills), _pnl(one)) for one in replays
    ]
    parts = ["# Index backtest", "", *([f"**{data}**", ""] if data == "SAMPLE" else []), f"**{found.headline}**", ""]
    parts += [f"- {line}" for line in found.lines]
    parts += ["", table(["day", "event", "orders", "fills", "pnl"], rows), "", "## Method", ""]
    parts += [*(f"- {text}" for text in METHOD), f"- command: `{made['command']}`"]
    return "\n".join([*parts, ""])


def _pnl(one: Replay) -> str:
    total = sum(
        (fill.count * (int(one.event.results[fill.ticker] == fill.side) - fill.price) - fill.fee for fill in one.fills),
        Decimal(0),
    )
    return dollars(float(total)) if one.fills else "n/a"


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
