"""What is not known of the index markets until one asks: the seven items of reference/index_markets.md, as seen now.

Items 1, 2, 3 and 7 are wrong where an index script would have to refuse; the rest is for a person to read.
"""

from __future__ import annotations

from dataclasses import dataclass

from kalshi.clients import ExchangeClient
from kalshi.config import Config
from kalshi.errors import DataError, KalshiError
from kalshi.exchange.models import Event, Series
from kalshi.index.discovery import FoundEvent, checked, open_events
from kalshi.index.tickers import NASDAQ_DAILY, SP_DAILY
from kalshi.pricing.fees import fee_terms
from kalshi.runtime.clock import new_york_text
from kalshi.runtime.findings import NOT_ASKED, WARN, WRONG, Answer, Finding, finding

SERIES = (SP_DAILY, NASDAQ_DAILY)


@dataclass(frozen=True)
class _Seen:
    """One daily series and its next event to close, as listed now."""

    series: Series
    event: Event
    found: FoundEvent


def examine_index(config: Config, client: ExchangeClient) -> list[Finding]:
    """Return the findings on the daily index series; in paper mode there is nothing real to look at."""
    if config.mode == "paper":
        return [Finding("index markets", NOT_ASKED, "paper mode: the real ones are not listed here")]
    unasked = "can not be asked: compare"
    return [
        *(one for name in SERIES for one in _of_series(client, name)),
        finding("netting", lambda: _netting(client)),
        Finding("settlement feed", NOT_ASKED, f"{unasked} your own price at the close with the settlement value"),
        Finding("index prices", NOT_ASKED, "asked by the scripts that need them; a stale price ends their run"),
    ]


def _of_series(client: ExchangeClient, name: str) -> list[Finding]:
    try:
        seen = _next_event(client, name)
    except KalshiError as error:
        return [Finding(f"{name} event", WRONG, str(error))]
    if seen is None:
        return [Finding(f"{name} event", WARN, "no open event is listed: usual on days without a session")]
    return [
        finding(f"{name} event", lambda: _event(seen)),
        finding(f"{name} exclusive", lambda: _exclusive(seen)),
        finding(f"{name} fees", lambda: _fees(seen)),
        finding(f"{name} shard", lambda: _shard(client, seen)),
    ]


def _next_event(client: ExchangeClient, name: str) -> _Seen | None:
    series = client.series(name)
    events = [event for event in open_events(client, name) if event.markets]
    if not events:
        return None
    event = min(events, key=lambda one: min(market.close_time for market in one.markets or ()))
    return _Seen(series, event, checked(event))


def _event(seen: _Seen) -> Answer:
    text = f"{seen.event.event_ticker}: {len(seen.found.markets)} markets, closes {new_york_text(seen.found.closes_at)}"
    if not seen.event.event_ticker.startswith(f"{seen.series.ticker}-"):
        return WARN, f"{text}; its ticker has another form than before"
    return text


def _exclusive(seen: _Seen) -> Answer:
    if not seen.event.mutually_exclusive:
        raise DataError(f"{seen.event.event_ticker} is not mutually exclusive: the range rules must not trade it")
    return f"mutually exclusive, collateral return {seen.event.collateral_return_type or 'none'}"


def _fees(seen: _Seen) -> Answer:
    terms = fee_terms(seen.series, seen.event)
    overridden = seen.event.fee_type_override or seen.event.fee_multiplier_override is not None
    text = f"{terms.fee_type}, multiplier {terms.multiplier}{', of the event' if overridden else ''}"
    return text if terms.fee_type.startswith("quadratic") else (WARN, f"{text}: unknown type, charged as the dearest")


def _shard(client: ExchangeClient, seen: _Seen) -> Answer:
    shards = sorted({market.exchange_index for market in seen.found.markets.values()})
    if len(shards) != 1:
        raise DataError(f"{seen.event.event_ticker} lies on shards {shards}: an event is expected on one")
    cash = client.balance().on_shard(shards[0])
    if cash <= 0:
        raise DataError(f"shard {shards[0]} has ${cash}: move money there on the exchange's page")
    return f"shard {shards[0]}, ${cash} there"


def _netting(client: ExchangeClient) -> Answer:
    rows = [row for row in client.netting() if row.subaccount_number == 0]
    on = sorted({row.exchange_index for row in rows if row.enabled})
    if on:
        return WARN, f"on for shards {on}: size for gross cash; closing orders under netting are not tried out"
    return "off"
