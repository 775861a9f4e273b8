"""Read tsa.gov, keep every value with the time it was first seen, and show the newest counts and changes."""

from __future__ import annotations

import os
import sys

if not __package__:  # started by path: let `kalshi` be found and nothing in this folder shadow a library
    here = os.path.dirname(os.path.realpath(__file__))
    sys.path[:] = [os.path.dirname(here)] + [p for p in sys.path if os.path.realpath(p or ".") != here]

import argparse
from datetime import date, timedelta

from kalshi.runtime.clock import utc_now
from kalshi.runtime.job import job
from kalshi.runtime.run import Run
from kalshi.tsa.fetch import FetchResult, fetch_counts
from kalshi.tsa.holiday_windows import holiday_table
from kalshi.tsa.known import Known
from kalshi.tsa.vintages import ASSUMED

MOST_DAYS = 3660  # ten years; the counts begin in 2019


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--days", type=_days, default=14, metavar="N", help="newest days to show; default 14")


def _days(text: str) -> int:
    if not text.strip().isdecimal() or not 1 <= int(text) <= MOST_DAYS:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number from 1 to {MOST_DAYS}")
    return int(text)


@job("get_recent_tsa_data", arguments=_arguments, needs_exchange=False)
def main(run: Run) -> None:
    """Bring the counts up to date and report them."""
    result = fetch_counts(run.config, None, as_of=run.simulated_now, clock=utc_now, offline=run.offline)
    if result.source == "SAMPLE":
        run.report.mark("SAMPLE")
    run.report.add_line(f"Counts from {result.source}, as known at {run.now:%Y-%m-%d %H:%M} UTC.")
    for note in result.notes:
        run.report.add_line(note)
    if result.stale:
        run.report.add_line(f"Do not trade on this: {result.stale}.")
    known = result.known
    if not known.values.size:
        run.nothing_to_do("no count was known at that time")
    headers = ("day", "", "passengers", "year over year", "first print")
    run.report.add_table("Newest days", headers, _newest(known, run.args.days))
    changes = _changes(result, run.args.days)
    if changes:
        run.report.add_table("Seen lately", ("seen", "day", "passengers", "before"), changes)


def _newest(known: Known, count: int) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for back in range(count):
        day = known.newest_day - timedelta(days=back)
        value = known.value(day)
        if value is None:
            rows.append((day, f"{day:%a}", None, None, None))
            continue
        table = holiday_table()
        before = known.value(date.fromordinal(int(table.reference[day.toordinal() - table.first])))
        growth = f"{value / before - 1:+.1%}" if before else None
        rows.append((day, f"{day:%a}", f"{value:,}", growth, f"{known.first_print(day):,}"))
    return rows


def _changes(result: FetchResult, days: int) -> list[tuple[object, ...]]:
    since = result.as_of - timedelta(days=days)
    return [
        (row.first_seen_at, row.day, f"{row.passengers:,}", None if old is None else f"{old:,}")
        for row, old in result.vintages.changes_since(since)
        if row.basis != ASSUMED and row.first_seen_at <= result.as_of
    ]


if __name__ == "__main__":
    raise SystemExit(main())
