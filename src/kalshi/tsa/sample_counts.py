"""The embedded sample: counts from a seeded generator that look like the real ones, for machines without any.

Level and trend, weekday, season, holidays, slow and fast noise of about 2 % a day. Nothing in it is TSA's
number; whatever shows it must say SAMPLE.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np

from kalshi.tsa.holiday_windows import holiday_table
from kalshi.tsa.known import Floats, Ints
from kalshi.tsa.release_calendar import newest_expected_day, released_at
from kalshi.tsa.vintages import ASSUMED, Vintage, Vintages

SAMPLE_SEED = 20260628
FIRST_SAMPLE_DAY = date(2019, 1, 1)

LEVEL = 14.62  # ln of about 2.2 million
TREND = 0.011  # a year
WEEKDAYS = (0.045, -0.135, -0.075, 0.060, 0.085, -0.080, 0.100)  # Monday first
SEASON = ((-0.070, -0.010), (-0.010, -0.030), (-0.020, 0.000))  # cosine and sine of 1, 2, 3 waves a year
HOLIDAYS: dict[str, dict[int, float]] = {
    "thanksgiving": {
        -6: .03, -5: .03, -4: .05, -3: .08, -2: .13, -1: .12, 0: -.45, 1: -.10, 2: .14, 3: .15, 4: .08
    },
    "christmas": {
        -5: .06, -4: .08, -3: .10, -2: .08, -1: -.14, 0: -.28, 1: .06, 2: .11, 3: .12, 4: .11, 5: .09
    },
    "newyear": {-1: -.06, 0: -.10, 1: .10, 2: .12, 3: .08, 4: .03},
    "july4": {-3: .04, -2: .06, -1: .04, 0: -.18, 1: .02, 2: .05, 3: .04},
    "memorial": {-4: .05, -3: .07, -2: -.03, -1: -.10, 0: .04, 1: .10},
    "labor": {-4: .05, -3: .07, -2: -.03, -1: -.12, 0: .05, 1: .12},
    "easter": {-4: .03, -3: .05, -2: .04, -1: -.02, 0: -.08, 1: .05},
    "presidents": {-4: .03, -3: .06, -2: .06, -1: .01, 0: .08, 1: .05},
    "mlk": {-3: .03, -2: .04, -1: .00, 0: .06, 1: .05},
    "columbus": {-4: .03, -3: .04, -1: .01, 0: .05},
}
SLOW_NOISE, SLOW_MEMORY = 0.006, 0.90  # daily step and memory of the slow part
FAST_NOISE = 0.014


def sample_counts(last: date, seed: int = SAMPLE_SEED) -> dict[date, int]:
    """Return made-up {day: passengers} from 2019-01-01 to *last* (inclusive).

    The same seed gives the same counts; a later *last* only adds days.
    """
    first = FIRST_SAMPLE_DAY.toordinal()
    days = np.arange(first, last.toordinal() + 1, dtype=np.int64)
    noise = np.random.default_rng(seed).standard_normal((days.size, 2))
    values = np.exp(_calendar_part(days) + _slow(noise[:, 0]) + FAST_NOISE * noise[:, 1])
    return {date.fromordinal(first + index): round(value) for index, value in enumerate(values.tolist())}


def sample_vintages(now: datetime, seed: int = SAMPLE_SEED) -> Vintages:
    """Return made-up counts as a reader at *now* (aware) would have them: released days, never revised."""
    last = newest_expected_day(now, grace=timedelta(0))
    counts = sample_counts(last, seed)
    return Vintages(Vintage(released_at(day), day, value, ASSUMED) for day, value in counts.items())


def is_made_up(vintages: Vintages) -> bool:
    """Return whether counts are those of the generator: three of them to the digit, which chance does not give."""
    table = holiday_table()
    days = [row.day for row in vintages.rows if row.day.toordinal() < table.first + table.reference.size]
    made = sample_counts(max(days)) if days and max(days) >= FIRST_SAMPLE_DAY else {}
    return sum(made.get(row.day) == row.passengers for row in vintages.rows) >= 3


def _calendar_part(days: Ints) -> Floats:
    table = holiday_table()
    index = days - table.first
    years = (days - FIRST_SAMPLE_DAY.toordinal()).astype(np.float64) / 365.25
    logs: Floats = np.array(WEEKDAYS, dtype=np.float64)[(days + 6) % 7] + (LEVEL + TREND * years)
    turn = 2 * np.pi * years
    for wave, (cosine, sine) in enumerate(SEASON, start=1):
        logs += cosine * np.cos(wave * turn) + sine * np.sin(wave * turn)
    for name, effects in HOLIDAYS.items():
        offsets = table.offset[name][index]
        for offset, effect in effects.items():
            logs[offsets == offset] += effect
    return logs


def _slow(steps: Floats) -> Floats:
    level, out = 0.0, np.empty(steps.size)
    for index, step in enumerate(steps):
        level = SLOW_MEMORY * level + SLOW_NOISE * step
        out[index] = level
    return out


def sample_file_text(first: date = date(2023, 1, 1), last: date = date(2026, 6, 28)) -> str:
    """Return the text of `src/data/historical_data.csv`: `date,passengers` from *first* to *last*, inclusive."""
    rows = [f"{day},{value}" for day, value in sample_counts(last).items() if day >= first]
    return "\n".join(["date,passengers", *rows]) + "\n"


if __name__ == "__main__":
    print(sample_file_text(), end="")
