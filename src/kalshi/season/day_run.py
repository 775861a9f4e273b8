"""One simulated day from its plan to its books."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta

from kalshi.errors import ConfigError, DataError
from kalshi.runtime.market_days import MarketDays, Session
from kalshi.season.cron import NEW_YORK
from kalshi.season.day import BEFORE_FIRST, PAID_AFTER_CLOSE, DayPlan, Place, run_day, served_exchange
from kalshi.season.day_account import account
from kalshi.season.day_books import client_of, close_books, index_minutes
from kalshi.season.day_history import write_history
from kalshi.season.day_report import Day

HISTORY_FROM = date(2000, 1, 1)
FIRST_DAY = date(2020, 1, 3)  # of the simulated feed: the second session it knows
YEAR = timedelta(days=400)


def calendar_for(day: date) -> MarketDays:
    """Return the sessions a day around *day* needs: the history of the valuation, and a year to come.

    Raises ConfigError before the first day of the simulated feed.
    """
    if day < FIRST_DAY:
        raise ConfigError(f"--date {day}: simulated days begin on {FIRST_DAY}, choose a later one")
    return MarketDays(HISTORY_FROM, day + YEAR)


def session_of(days: MarketDays, wanted: date, *, half_day: bool) -> Session | None:
    """Return the session of *wanted*, or the first that closes early from then on; None where there is none."""
    if not half_day:
        return days.session(wanted)
    early = (session for session in days.sessions(wanted, wanted + YEAR) if session.early_close)
    found = next(early, None)
    if found is None:
        raise DataError(f"no session closes early in the year after {wanted}")
    return found


def moment_of(day: date, text: str | None) -> datetime | None:
    """Return HH:MM of *day* in New York, None for None. Raises ConfigError for anything else."""
    if text is None:
        return None
    try:
        return datetime.combine(day, time.fromisoformat(text), NEW_YORK)
    except ValueError:
        raise ConfigError(f"--until {text!r} is no time: write HH:MM, New York time") from None


def live_through(
    plan: DayPlan,
    place: Place,
    session: Session,
    days: MarketDays,
    *,
    seed: int,
    options: Mapping[str, str],
    progress: Callable[[str], object],
) -> Day:
    """Serve the exchange, start everything of *plan*, settle, and return what there is to tell."""
    past = [one.day for one in days.sessions(HISTORY_FROM, session.day)]
    written: set[int] = set()

    def history(now: datetime) -> None:
        known = past if now >= session.closes_at else past[:-1]
        if len(known) not in written:
            write_history(place.data, seed, known)
            written.add(len(known))

    with served_exchange(place, seed=seed, start=plan.starts[0].at - BEFORE_FIRST) as exchange:
        client = client_of(place, exchange)
        before = client.balance().balance_dollars
        started = run_day(plan, exchange, place, options=options, before=history, progress=progress)
        end = max(session.closes_at + PAID_AFTER_CLOSE, plan.starts[-1].at + timedelta(minutes=1))
        exchange.go_to(end)
        books = close_books(place, exchange, client, before, end)
        return Day(plan, seed, started, books, account(books), index_minutes(exchange))
