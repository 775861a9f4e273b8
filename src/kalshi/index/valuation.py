"""The likelihood of every market of one event, from the index's own past moves up to the last close."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

from kalshi.index.history import DailyCloses
from kalshi.index.history_cache import cache_path, history_of
from kalshi.index.paper_day import RunLike
from kalshi.index.price_sources import LastClose
from kalshi.index.sample import sample_closes
from kalshi.index.served_index import SIMULATED
from kalshi.index.trading_day import TradingDay, spot_of_day
from kalshi.index.windows import SessionLike, stand_aside
from kalshi.index.yahoo import yahoo_daily
from kalshi.pricing.likelihood import HALF_LIFE_SESSIONS, SESSION_VARIANCE, Estimate, remaining_variance
from kalshi.pricing.likelihood_models import DEFAULT_MODEL, LEAST_FOR_A_FIT, RIVAL, Question, doubted, likelihood

LATER_SESSIONS = 5


class DatedSession(SessionLike, Protocol):
    """A session that knows its New York date."""

    @property
    def day(self) -> date: ...


class SessionCalendar(Protocol):
    """Where sessions are looked up."""

    def sessions(self, first: date, last: date) -> Sequence[DatedSession]: ...
    def next_session(self, day: date) -> DatedSession: ...
    def previous_session(self, day: date) -> DatedSession: ...


@dataclass(frozen=True)
class Settings:
    """What the estimate rests on. history_start: first session. history: a CSV file, None for the cache.

    model: of likelihood_models.MODELS. alpha: smoothing. min_samples: fewest past moves.
    """

    symbol: str
    history_start: date
    history: Path | None = None
    model: str = DEFAULT_MODEL
    alpha: float = 1.0
    min_samples: int = 250


def later_sessions(days: SessionCalendar, day: date) -> list[DatedSession]:
    """Return the five sessions after *day*, nearest first."""
    found = [days.next_session(day)]
    while len(found) < LATER_SESSIONS:
        found.append(days.next_session(found[-1].day))
    return found


def estimate_day(
    run: RunLike, day: TradingDay, days: SessionCalendar, today: DatedSession, settings: Settings
) -> tuple[list[Estimate], bool]:
    """Return an estimate per rung of the day's ladder, and whether the index value was cross-checked.

    today: the session the run takes place in. The event may settle at its close or at a later one. Ends
    the run well when no price of the index can be trusted or the ladder does not cover every outcome.
    """
    gaps = day.found.ladder.gaps() if day.found.ladder.is_exclusive else []
    if gaps:
        stand_aside(run, f"the ladder does not cover every outcome (missing: {', '.join(gaps)})")
    after_close = run.now >= today.closes_at
    last_close = today.day if after_close else days.previous_session(today.day).day
    history = _history(run, day, settings, [s.day for s in days.sessions(settings.history_start, last_close)])
    sessions_left = len(days.sessions(last_close, day.found.closes_at.date())) - 1
    if after_close:
        value, checked = history.last.close, False
        run.report.add_line(f"Reference: last close {value:.2f} of {history.last.day}, {history.source}")
    else:
        last = LastClose(history.last.day, history.last.close)
        found = spot_of_day(run, day, settings.symbol, last, session=today)
        run.report.add_line(f"Reference: {found.reason}")
        if found.quote is None:
            stand_aside(run, found.reason)
        value, checked = found.quote.value, found.cross_checked
    share = None
    if day.found.closes_at == today.closes_at:
        share, h = remaining_variance(_elapsed(run.now, today), SESSION_VARIANCE[settings.symbol]), 1
        run.report.add_line(f"{share:.0%} of a day's variance is left in this session")
    else:
        # During a session nearly all of it has passed, so that it counts as closed.
        h = sessions_left if after_close else sessions_left - 1
    asked = Question(
        value,
        [(rung.range.lowest, rung.range.highest) for rung in day.found.ladder.rungs],
        exclusive=day.found.ladder.is_exclusive,
        sessions=h,
        share=share,
        alpha=settings.alpha,
        min_samples=settings.min_samples,
    )
    estimates = likelihood(settings.model, history.closes, asked)
    rival = RIVAL[settings.model]
    if len(history.bars) > LEAST_FOR_A_FIT + HALF_LIFE_SESSIONS + h:
        estimates = doubted(estimates, likelihood(rival, history.closes, asked))
        most = max(estimate.doubt for estimate in estimates)
        run.report.add_line(f"Model error: {rival} differs by up to {most:.3f}; an edge must exceed what it differs by")
    run.report.add_line(
        f"History: {len(history.bars)} closes from {history.bars[0].day} to {history.last.day}, {history.source}; "
        f"model {settings.model}, {estimates[0].samples} moves over {h} session{'s' * (h != 1)}"
    )
    return estimates, checked


def _history(run: RunLike, day: TradingDay, settings: Settings, sessions: Sequence[date]) -> DailyCloses:
    if not sessions:
        stand_aside(run, f"no session has ended since --history-start {settings.history_start}")
    if day.sample is not None and settings.history is None:
        return sample_closes(settings.symbol, sessions)
    found = history_of(
        settings.symbol,
        sessions,
        file=settings.history,
        cache=cache_path(run.config.data_dir, settings.symbol),
        download=None if run.offline else yahoo_daily,
    )
    if found is None:
        stand_aside(run, f"there is no history of {settings.symbol}: give a CSV file with --history")
    return replace(found, source=SIMULATED) if run.config.index_url else found


def _elapsed(now: datetime, session: SessionLike) -> float:
    return (now - session.opens_at) / (session.closes_at - session.opens_at)
