"""When a day is published: the next working day of the federal government, about 09:00 in New York.

Monday brings Friday, Saturday and Sunday together. Federal holidays are computed from their rules
(5 U.S.C. 6103; Juneteenth since 2021); days off by executive order are not in here, so on those the newest
day looks late, which stops trading and nothing else. Real first-seen times always win over this calendar.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache

from kalshi.tsa.weeks import new_york, new_york_date, require_aware

RELEASE_HOUR = 9  # New York; first sightings are 08:40 to 09:05
GRACE = timedelta(minutes=60)  # until 10:00, when a new event opens, the state before the release is in order

# New counts make a resting price stale: orders end this long before the next publication.
BEFORE_NEWS = timedelta(minutes=30)


def nth_weekday(year: int, month: int, weekday: int, nth: int) -> date:
    """Return the *nth* (1-based; -1 = last) *weekday* (Monday 0) of a month."""
    if nth > 0:
        first = date(year, month, 1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))
    last = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    return last - timedelta(days=(last.weekday() - weekday) % 7)


@lru_cache(maxsize=64)
def federal_holidays(year: int) -> frozenset[date]:
    """Return the federal days off of *year*: a Saturday's is moved to Friday, a Sunday's to Monday.

    January 1 on a Saturday is therefore given as December 31 of the year before.
    """
    fixed = [date(year, 1, 1), date(year, 7, 4), date(year, 11, 11), date(year, 12, 25)]
    if year >= 2021:
        fixed.append(date(year, 6, 19))
    moved = [day + timedelta(days={5: -1, 6: 1}.get(day.weekday(), 0)) for day in fixed]
    moving = [
        nth_weekday(year, 1, 0, 3),
        nth_weekday(year, 2, 0, 3),
        nth_weekday(year, 5, 0, -1),
        nth_weekday(year, 9, 0, 1),
        nth_weekday(year, 10, 0, 2),
        nth_weekday(year, 11, 3, 4),
    ]
    return frozenset(moved + moving)


def is_release_day(day: date) -> bool:
    """Return whether counts are expected to be published on *day*: Monday to Friday, no federal holiday."""
    holidays = federal_holidays(day.year) | federal_holidays(day.year + 1)
    return day.weekday() < 5 and day not in holidays


def released_at(day: date) -> datetime:
    """Return when the count of *day* is expected: the next release day at 09:00 New York time, aware UTC.

    It is also the time assumed for history whose first sighting was not recorded.
    """
    release = day + timedelta(days=1)
    while not is_release_day(release):
        release += timedelta(days=1)
    return new_york(release, RELEASE_HOUR)


def newest_expected_day(as_of: datetime, grace: timedelta = GRACE) -> date:
    """Return the newest day that must be published by *as_of* (aware), allowing *grace* after each release.

    On a Monday before 10:00 that is the Thursday before; from 10:00 (inclusive) it is Sunday.
    """
    day = require_aware(as_of).date()
    while released_at(day) + grace > as_of:
        day -= timedelta(days=1)
    return day


def before_news(now: datetime) -> datetime:
    """Return until when an order placed at *now* (aware UTC) may rest: BEFORE_NEWS ahead of the next publication.

    Within that time before a publication it is the publication itself.
    """
    day = new_york_date(now) - timedelta(days=1)
    while released_at(day) <= now:
        day += timedelta(days=1)
    end = released_at(day) - BEFORE_NEWS
    return end if end > now else released_at(day)
