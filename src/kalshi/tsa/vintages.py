"""Every value of every day with the time it was first seen; nothing is ever overwritten.

The file is CSV: `day,passengers,first_seen_at,basis`. basis is `seen` where this program saw the value at
that time and `assumed` where history was filled in from the release calendar. It is written whole to a
temporary file, flushed to disk and renamed, under a file lock, so a reader meets the old file or the new one.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from kalshi.atomic import write_atomically
from kalshi.errors import DataError
from kalshi.tsa.known import Known, as_utc
from kalshi.tsa.release_calendar import released_at
from kalshi.tsa.weeks import new_york

COLUMNS = ("day", "passengers", "first_seen_at", "basis")
SEEN, ASSUMED = "seen", "assumed"
LOWEST, HIGHEST = 50_000, 4_000_000  # a count outside is a misread page, not travel
FIRST_DAY = date(2018, 1, 1)  # nothing older was ever published
RESTATED_MONTH_DAY = (1, 16)  # by then the year before had been restated, where the day is known
LOCK_TIMEOUT_S = 10.0


@dataclass(frozen=True, order=True)
class Vintage:
    """One value of one day (New York calendar) and when it was first seen (aware UTC)."""

    first_seen_at: datetime
    day: date
    passengers: int
    basis: str = SEEN


class Vintages:
    """An append-only collection of vintages. Methods return new collections; rows never change."""

    def __init__(self, rows: Iterable[Vintage]) -> None:
        self.rows: tuple[Vintage, ...] = tuple(sorted(rows))
        self.memory: dict[Any, Any] = {}  # what models computed from earlier views; see models.py
        for row in self.rows:
            if not LOWEST <= row.passengers <= HIGHEST or row.day < FIRST_DAY:
                raise DataError(
                    f"{row.day}: {row.passengers} passengers can not be: expected {LOWEST}..{HIGHEST} "
                    f"for a day since {FIRST_DAY}"
                )

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def _arrays(self) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
        first = min((row.day for row in self.rows), default=FIRST_DAY).toordinal()
        days = np.array([row.day.toordinal() - first for row in self.rows], dtype=np.int64)
        values = np.array([row.passengers for row in self.rows], dtype=np.float64)
        seen = np.array([row.first_seen_at.timestamp() for row in self.rows], dtype=np.float64)
        return first, days, values, seen

    @cached_property
    def _first_seen(self) -> dict[int, datetime]:
        return {row.day.toordinal(): row.first_seen_at for row in reversed(self.rows)}

    def known(self, as_of: datetime) -> Known:
        """Return what had been seen by *as_of* (aware, inclusive)."""
        as_of = as_utc(as_of)
        first, days, values, seen = self._arrays
        count = int(np.searchsorted(seen, as_of.timestamp(), side="right"))
        size = int(days[:count].max()) + 1 if count else 0
        latest = np.full(size, np.nan)
        earliest = np.full(size, np.nan)
        latest[days[:count]] = values[:count]  # rows are in order of time: the last one stays
        earliest[days[:count][::-1]] = values[:count][::-1]
        return Known(as_of, first, latest, earliest, first + size - 1, self)

    def known_with_newest(self, ordinal: int) -> Known:
        """Return the view at the moment day *ordinal* was first seen, without later days.

        Raises DataError where the day was never seen.
        """
        key = ("known", ordinal)
        if key not in self.memory:
            seen = self._first_seen.get(ordinal)
            if seen is None:
                raise DataError(f"{date.fromordinal(ordinal)}: no count was ever seen for this day")
            self.memory[key] = self.known(seen).through(ordinal)
        found: Known = self.memory[key]
        return found

    def merge(self, day_values: Mapping[date, int], seen_at: datetime) -> Vintages:
        """Return the collection with *day_values* added, as read at *seen_at* (aware).

        Only values that differ from the newest one of their day become rows. Days of an earlier year of which
        nothing is stored, and all days where nothing at all is stored, are history: their time is the assumed
        release of the day, never later than *seen_at*.
        """
        seen_at = as_utc(seen_at)
        newest = {row.day: row.passengers for row in self.rows}
        years, last = {day.year for day in newest}, max(newest, default=date.max)
        added = []
        for day, passengers in sorted(day_values.items()):
            if newest.get(day) == passengers:
                continue
            history = day.year not in years and day < last
            when = min(released_at(day), seen_at) if history else seen_at
            added.append(Vintage(when, day, passengers, ASSUMED if history else SEEN))
        return Vintages((*self.rows, *added)) if added else self

    def changes_since(self, moment: datetime) -> list[tuple[Vintage, int | None]]:
        """Return the rows first seen after *moment* (aware), oldest first, with the value each replaced."""
        moment = as_utc(moment)
        current: dict[date, int] = {}
        changes = []
        for row in self.rows:
            if row.first_seen_at > moment:
                changes.append((row, current.get(row.day)))
            current[row.day] = row.passengers
        return changes

    @classmethod
    def load(cls, path: Path) -> Vintages:
        """Return the collection stored at *path*; an absent file is an empty collection.

        Raises DataError naming the file, the line and the fault.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return cls(())
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{path}: can not be read ({error}): restore a copy or move it away") from None
        rows: list[Vintage] = []
        reader = csv.reader(io.StringIO(text))
        line = 0
        try:
            for line, cells in enumerate(reader, start=1):
                if line == 1:
                    if tuple(cells) != COLUMNS:
                        raise DataError(f"{path}: line 1: expected {','.join(COLUMNS)}: move the file away")
                    continue
                rows.append(_row(path, line, cells))
        except csv.Error as error:
            raise DataError(f"{path}: line {line + 1}: {error}: restore a copy or move the file away") from None
        if not text.endswith("\n"):
            raise DataError(f"{path}: line {len(rows) + 1}: cut off: restore the file from a copy")
        return cls(rows)

    def save(self, path: Path) -> None:
        """Write the collection to *path* atomically, adding the rows another process stored meanwhile.

        Raises DataError where the file can not be written or is corrupt; the old file then stays as it was.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(f"{path}.lock", timeout=LOCK_TIMEOUT_S):
                write_atomically(path, self._text(set(Vintages.load(path).rows)))
        except Timeout:
            raise DataError(f"{path}: another process holds its lock: wait for it, then run again") from None
        except OSError as error:
            raise DataError(f"{path}: can not be written ({error}): check the directory's rights") from None

    def _text(self, others: set[Vintage]) -> str:
        lines = [",".join(COLUMNS)]
        for row in sorted(others | set(self.rows)):
            lines.append(f"{row.day},{row.passengers},{_stamp(row.first_seen_at)},{row.basis}")
        return "\n".join(lines) + "\n"

    @classmethod
    def from_counts(
        cls, counts: Mapping[date, int], first_prints: Mapping[date, int] | None = None
    ) -> Vintages:
        """Return vintages of history without seen-times.

        First prints (the count itself where none is known) are taken as seen at their assumed release, values
        that differ from them on January 16 of the following year, when the restatement is taken to appear.
        """
        rows = []
        for day, count in counts.items():
            first = (first_prints or {}).get(day, count)
            rows.append(Vintage(released_at(day), day, first, ASSUMED))
            if first != count:
                restated = new_york(date(day.year + 1, *RESTATED_MONTH_DAY), 0)
                rows.append(Vintage(max(restated, released_at(day)), day, count, ASSUMED))
        return cls(rows)

    @classmethod
    def from_shared(cls, counts_csv: Path, first_prints_csv: Path | None = None) -> Vintages:
        """Return vintages from files of counts (`date,passengers`) and first prints (`date,first_print,...`).

        First prints of 2020 are ignored: they were caught after TSA had revised them. Raises DataError naming
        file and line.
        """
        counts = read_day_values(counts_csv, "passengers")
        prints = read_day_values(first_prints_csv, "first_print") if first_prints_csv else {}
        return cls.from_counts(counts, {day: value for day, value in prints.items() if day.year != 2020})


def read_day_values(path: Path, column: str) -> dict[date, int]:
    """Return {date: value} of a CSV with a `date` column and *column*; an empty value is not known.

    Raises DataError naming file and line, also for a value outside LOWEST..HIGHEST or a day before FIRST_DAY.
    """
    values: dict[date, int] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if reader.fieldnames and not {"date", column} <= set(reader.fieldnames):
                raise DataError(
                    f"{path}: line 1: expected columns date and {column}: name them so, or give another file"
                )
            for line, row in enumerate(reader, start=2):
                if row["date"] is None or row[column] is None:
                    raise DataError(f"{path}: line {line}: cut off: expected a date and a value")
                if not row[column].strip():
                    continue  # an empty cell says: not known
                try:
                    day, value = date.fromisoformat(row["date"]), int(row[column])
                except ValueError as error:
                    raise DataError(f"{path}: line {line}: {error}") from None
                if day in values:
                    raise DataError(f"{path}: line {line}: {day} occurs twice")
                if not LOWEST <= value <= HIGHEST or day < FIRST_DAY:
                    raise DataError(
                        f"{path}: line {line}: {day}: {value} passengers can not be: expected {LOWEST}..{HIGHEST} "
                        f"for a day since {FIRST_DAY}: correct the line or restore the file from a copy"
                    )
                values[day] = value
    except OSError as error:
        raise DataError(f"{path}: can not be read ({error.strerror or error}): name a CSV file") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: can not be read as CSV ({error})") from None
    if not values:
        raise DataError(f"{path}: holds no rows with date and {column}")
    return values


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _row(path: Path, line: int, cells: list[str]) -> Vintage:
    try:
        day, passengers, seen, basis = cells
        moment = datetime.fromisoformat(seen)
        if moment.tzinfo is None:
            raise ValueError(f"first_seen_at {seen!r} has no time zone")
        if basis not in (SEEN, ASSUMED):
            raise ValueError(f"basis {basis!r} is neither {SEEN} nor {ASSUMED}")
        row = Vintage(moment.astimezone(UTC), date.fromisoformat(day), int(passengers), basis)
        if not LOWEST <= row.passengers <= HIGHEST:
            raise ValueError(f"{passengers} passengers is outside {LOWEST}..{HIGHEST}")
        if row.first_seen_at < datetime.combine(row.day, datetime.min.time(), UTC) + timedelta(hours=4):
            raise ValueError(f"{day} can not have been seen at {seen}, before it began")
    except (ValueError, OverflowError) as error:
        raise DataError(f"{path}: line {line}: {error}: restore a copy or move the file away") from None
    return row
