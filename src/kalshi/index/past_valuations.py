"""What earlier valuations were worth: their probabilities against the market's middle, once results are known.

Every valuation of a real event is kept as one line of a file, its event's results as another. The score is the
Brier score over all markets that had a two-sided quote; the strikes of one event are one bet, so its error is
that of the events' means. SAMPLE events are not kept: they say nothing.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from kalshi.errors import DataError, ExchangeError
from kalshi.exchange.models import Market
from kalshi.index.paper_day import RunLike
from kalshi.index.trading_day import TradingDay
from kalshi.pricing.likelihood import Estimate

MOST_EVENTS_ASKED = 3  # per run; each is one request
FINAL = ("determined", "finalized")


class MarketSource(Protocol):
    """The one read of an exchange client that results need."""

    def markets(self, *, event_ticker: str) -> Iterable[Market]: ...


@dataclass(frozen=True)
class Score:
    """Brier scores over *markets* of *events*; difference: the model's less the middle's, error: one s.e. of it."""

    events: int
    markets: int
    model: float
    middle: float
    difference: float
    error: float

    def text(self) -> str:
        """Return the score for people."""
        spread = "" if math.isnan(self.error) else f" +- {self.error:.4f}"
        return (
            f"Past valuations: Brier score {self.model:.4f}, the market's middle {self.middle:.4f}, difference "
            f"{self.difference:+.4f}{spread} ({self.markets} markets of {self.events} settled "
            f"event{'s' * (self.events != 1)}; lower is better)"
        )


def told(run: RunLike, day: TradingDay, estimates: Sequence[Estimate], model: str) -> None:
    """Report what past valuations were worth, and keep this one for a later day; nothing for a SAMPLE."""
    if day.sample is not None:
        return
    path = run.config.data_dir / f"index_valuations_{run.config.mode}.jsonl"
    lines = read(path)
    found = results(lines, run.exchange, run.now)
    keep(path, [*found, valuation(day, estimates, model, run.now)])
    score = score_of([*lines, *found])
    run.report.add_line(score.text() if score else "Past valuations: none has been settled yet")


def valuation(day: TradingDay, estimates: Sequence[Estimate], model: str, at: datetime) -> dict[str, Any]:
    """Return the line of one valuation: each market with a two-sided quote, its probability and its middle."""
    rows = {}
    for rung, estimate in zip(day.found.ladder.rungs, estimates, strict=True):
        middle = day.state.top(rung.ticker).mid
        if middle is not None:
            rows[rung.ticker] = [round(estimate.probability, 6), float(middle)]
    times = {"at": at.isoformat(), "closes_at": day.found.closes_at.isoformat()}
    return {"event": day.event_ticker, **times, "model": model, "rows": rows}


def results(lines: Sequence[Mapping[str, Any]], exchange: MarketSource, now: datetime) -> list[dict[str, Any]]:
    """Return a line of results for up to three events that have closed and have none yet, oldest first.

    An event that is not settled yet, or that can not be read now, is left for a later run.
    """
    done = {line["event"] for line in lines if "results" in line}
    closed = {
        line["event"]: None
        for line in lines
        if "rows" in line and line["event"] not in done and datetime.fromisoformat(line["closes_at"]) < now
    }
    found = []
    for event in list(closed)[:MOST_EVENTS_ASKED]:
        try:
            markets = list(exchange.markets(event_ticker=event))
        except ExchangeError:
            continue
        if markets and all(market.status in FINAL and market.result in ("yes", "no", "scalar") for market in markets):
            found.append({"event": event, "results": {market.ticker: market.result for market in markets}})
    return found


def score_of(lines: Sequence[Mapping[str, Any]]) -> Score | None:
    """Return the score of the last valuation of each settled event; None without one. Scalar results are left out."""
    ended = {line["event"]: line["results"] for line in lines if "results" in line}
    last = {line["event"]: line["rows"] for line in lines if "rows" in line and line["event"] in ended}
    model, middle, means = [], [], []
    for event, rows in last.items():
        pairs = [
            ((p - won) ** 2, (mid - won) ** 2)
            for ticker, (p, mid) in rows.items()
            if (won := {"yes": 1.0, "no": 0.0}.get(ended[event].get(ticker, ""))) is not None
        ]
        if pairs:
            model += [mine for mine, _ in pairs]
            middle += [theirs for _, theirs in pairs]
            means.append(sum(mine - theirs for mine, theirs in pairs) / len(pairs))
    if not means:
        return None
    difference = sum(means) / len(means)
    error = math.nan
    if len(means) > 1:
        error = math.sqrt(sum((m - difference) ** 2 for m in means) / (len(means) - 1) / len(means))
    return Score(len(means), len(model), sum(model) / len(model), sum(middle) / len(middle), difference, error)


def read(path: Path) -> list[dict[str, Any]]:
    """Return the lines of *path*, none where there is no file. A last line that was cut off is left out.

    Raises DataError naming file and line for any other that is not ours.
    """
    if not path.exists():
        return []
    texts = path.read_text(encoding="utf-8").split("\n")
    found = []
    for number, text in enumerate(texts, start=1):
        try:
            if text:
                found.append(_line(text))
        except (ValueError, KeyError, TypeError):
            if number == len(texts):
                break
            raise DataError(f"{path} line {number} is no valuation: delete the line, or the file") from None
    return found


def keep(path: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    """Append *lines* to *path*; a line that was cut off before is ended first."""
    text = "".join(json.dumps(line) + "\n" for line in lines)
    cut = path.exists() and not path.read_bytes().endswith(b"\n") and path.stat().st_size > 0
    with path.open("r+b" if cut else "ab") as file:
        if cut:
            whole = path.read_bytes().rpartition(b"\n")[0]
            file.truncate(len(whole) + 1 if whole else 0)
            file.seek(0, 2)
        file.write(text.encode())


def _line(text: str) -> dict[str, Any]:
    line = json.loads(text)
    if "results" in line:
        return {"event": str(line["event"]), "results": dict(line["results"])}
    datetime.fromisoformat(line["closes_at"])
    rows = {str(t): (float(p), float(m)) for t, (p, m) in dict(line["rows"]).items()}
    return {**line, "event": str(line["event"]), "rows": rows}
