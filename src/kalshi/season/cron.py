"""crontab.example as data: which script starts when, in New York time, with which command line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from kalshi.errors import ConfigError

NEW_YORK = ZoneInfo("America/New_York")
FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day of month", 1, 31), ("month", 1, 12), ("day of week", 0, 7))
SCRIPT = re.compile(r"(?:src/kalshi/|-m kalshi\.)(\w+)(?:\.py)?")  # how a command starts one of ours


@dataclass(frozen=True)
class CronLine:
    """One line of the table. Each set holds the numbers that match; weekdays count from Sunday = 0."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    command: str

    @property
    def job(self) -> str:
        """The script's name, such as `morning`. Raises ConfigError where the command starts none of ours."""
        found = SCRIPT.search(self.command)
        if found is None:
            raise ConfigError(f"crontab line starts no script of this project: {self.command}")
        return found[1]

    def matches(self, moment: datetime) -> bool:
        """Return whether cron starts the line in the minute of *moment* (New York's clock)."""
        return (
            moment.minute in self.minutes
            and moment.hour in self.hours
            and moment.day in self.days
            and moment.month in self.months
            and moment.isoweekday() % 7 in self.weekdays
        )


@dataclass(frozen=True)
class Start:
    """One start of one script. at: aware, New York."""

    at: datetime
    job: str
    command: str


def read_crontab(path: Path) -> list[CronLine]:
    """Return the lines of *path* that start something. Raises ConfigError naming file, line and what is wrong.

    Both day fields must match where both are restricted; cron itself would take either, and no line here needs it.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} can not be read ({error.strerror or error})") from None
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#") or re.match(r"\s*\w+\s*=", line):
            continue
        parts = line.split(None, len(FIELDS))
        if len(parts) != len(FIELDS) + 1:
            raise ConfigError(f"{path}: line {number}: expected five fields of time and a command")
        try:
            sets = [_numbers(text, *field) for text, field in zip(parts, FIELDS, strict=False)]
        except ValueError as error:
            raise ConfigError(f"{path}: line {number}: {error}") from None
        minutes, hours, days, months, weekdays = sets
        found.append(CronLine(minutes, hours, days, months, frozenset(day % 7 for day in weekdays), parts[5]))
    return found


def starts_on(lines: list[CronLine], day: date) -> list[Start]:
    """Return what cron starts on *day*, by time, equal times in the order of the lines.

    New York's clock: an hour that it skips has no starts, one that it repeats has them once.
    """
    midnight = datetime(day.year, day.month, day.day, tzinfo=NEW_YORK)
    minutes = [midnight + timedelta(minutes=number) for number in range(24 * 60)]
    return [Start(minute, line.job, line.command) for minute in minutes for line in lines if line.matches(minute)]


def _numbers(text: str, name: str, lowest: int, highest: int) -> frozenset[int]:
    """Return what a field matches: `*`, `5`, `1-5`, `*/10`, `10-15`, `45,55` and their combinations."""
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, dash, last = ("", "-", "") if span == "*" else span.partition("-")
        numbers = [first or str(lowest), (last or str(highest)) if dash or step else first, step or "1"]
        if not all(number.isdigit() for number in numbers):
            raise ValueError(f"the {name} {text!r} is not readable")
        low, high, every = map(int, numbers)
        if not (lowest <= low <= high <= highest and every > 0):
            raise ValueError(f"the {name} {text!r} lies outside of {lowest}..{highest}")
        found.update(range(low, high + 1, every))
    return frozenset(found)
