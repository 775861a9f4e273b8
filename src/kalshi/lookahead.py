"""Check that nothing uses what was not yet known: take the future away at each moment, compare bit for bit.

Compared are forecasts, features and the decisions that follow; with --candles also those on recorded quotes. Exit
code 0: nothing changed; 1: something did (a table names the first ones); 2: wrong use; 3: the counts can not be
read, or hold no complete week in the period. Runs on any file `date,passengers`, also on the embedded sample in
src/data/historical_data.csv.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if not __package__:  # started by path: let `kalshi` be found and nothing in this folder shadow a library
    here = os.path.dirname(os.path.realpath(__file__))
    sys.path[:] = [os.path.dirname(here)] + [p for p in sys.path if os.path.realpath(p or ".") != here]

from kalshi.errors import ConfigError
from kalshi.evaluate_options import add_period_arguments, read_counts, read_models, read_period
from kalshi.runtime.job import job
from kalshi.runtime.run import Run

if TYPE_CHECKING:
    from kalshi.tsa.lookahead import Hunt

LEAK = 1
MOST_SHOWN = 12


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add this script's own options."""
    add_period_arguments(parser)
    parser.add_argument("--every", type=int, default=8, metavar="N", help="every N-th week; default 8")
    parser.add_argument("--candles", type=Path, metavar="FILE", help="CSV of candles: also check decisions on them")
    parser.add_argument("--markets", type=Path, metavar="FILE", help="CSV of their markets with results")


@job("lookahead", arguments=arguments, needs_exchange=False)
def main(run: Run) -> int:
    """Compare the forecasts of a file of counts with and without its future."""
    from kalshi.tsa.lookahead import hunt, hunt_events
    from kalshi.tsa.quotes import read_history

    args = run.args
    if args.every < 1:
        raise ConfigError(f"--every {args.every} must be a whole number of weeks of at least 1")
    if args.markets and not args.candles:
        raise ConfigError("--markets needs --candles: it tells how the markets with candles ended")
    models = read_models(args.models)
    vintages, notes = read_counts(args)
    first, last = read_period(args, vintages)
    found = hunt(vintages, models, first=first, last=last, every=args.every, progress=run.log.info)
    hunts = [("weeks", found)]
    if args.candles:
        events = read_history(args.candles, args.markets, start=first, end=last)[::-1][:: args.every]
        hunts.append(("events", hunt_events(events, vintages, models)))
    rows = [_row(model, what, one) for model in models for what, one in hunts]
    leaks = [leak for _, one in hunts for leak in one.leaks]
    for note in notes:
        run.report.add_line(note)
    weeks = f"{len(found.weeks)} week{'s' * (len(found.weeks) != 1)} ending {found.weeks[0]} to {found.weeks[-1]}"
    run.report.add_line(f"{weeks}, counts from {args.counts}; each forecast with its future cut off and spoiled")
    if args.candles:
        number = len(hunts[1][1].weeks)
        events_text = f"{number} event{'s' * (number != 1)}"
        run.report.add_line(f"{events_text} with the quotes of {args.candles}, daily at 10:30 New York")
    run.report.add_table("Look-ahead", ["model", "on", "comparisons", "of them refusals", "leaks"], rows)
    if not leaks:
        run.report.add_line("No forecast changed by a bit, and no feature and no decision.")
        return 0
    shown = [
        [str(leak.week_sunday), leak.horizon, leak.model, leak.world, leak.field, _plain(leak.full), _plain(leak.other)]
        for leak in leaks[:MOST_SHOWN]
    ]
    headers = ["week", "horizon", "model", "future", "first change", "with the future", "without"]
    run.report.add_table(f"First {len(shown)} of {len(leaks)} leaks", headers, shown)
    run.report.add_line(f"LEAK: {len(leaks)} forecasts depend on values that were not yet known.")
    return LEAK


def _row(model: str, what: str, found: Hunt) -> list[str]:
    leaks = sum(leak.model == model for leak in found.leaks)
    sums = (sum(n for key, n in counts.items() if key[0] == model) for counts in (found.compared, found.refused))
    return [model, what, *map(str, sums), str(leaks)]


def _plain(value: str) -> str:
    """Return a float written to its last bit as a number people read, anything else as it is."""
    return repr(float.fromhex(value)) if "0x" in value else value


if __name__ == "__main__":
    raise SystemExit(main())
