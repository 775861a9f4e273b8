"""Replay the index scripts on recorded candles: their rules at cron's times, fills by a named policy, fees of the day.

Runs on what fetch_index_candles kept. Writes index_backtest_<timestamp>.csv, .md and .json; the CSV is one that
analyze_backtest_sanity and compare_backtests read. Method and limits: reference/index_simulation.md.
"""

from __future__ import annotations

import argparse
import os
import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

if not __package__:  # started by path: let `kalshi` be found and nothing in this folder shadow a library
    here = os.path.dirname(os.path.realpath(__file__))
    sys.path[:] = [os.path.dirname(here)] + [p for p in sys.path if os.path.realpath(p or ".") != here]

from kalshi.atomic import write_atomically
from kalshi.backtest_options import period_of
from kalshi.config import PROJECT_ROOT
from kalshi.errors import ConfigError, DataError
from kalshi.index.script_arguments import amount
from kalshi.runtime.files import writable_directory
from kalshi.runtime.job import job
from kalshi.runtime.registry import CRONTAB
from kalshi.runtime.run import Run


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add this script's own options."""
    add = parser.add_argument
    add("--series", default="KXINX", help="KXINX (default: the S&P scripts) or KXNASDAQ100 (cheap YES)")
    add("--start", required=True, metavar="YYYY-MM-DD", help="events of this day and later")
    add("--end", required=True, metavar="YYYY-MM-DD", help="events up to this day, inclusive")
    add("--interval", default="1", metavar="MINUTES", help="candles of 1 (default), 60 or 1440 minutes")
    add("--maker", default="through", help="resting orders fill: through (default), touch or none")
    add("--skip", default="", metavar="A,B", help="scripts to leave out, such as midday")
    add("--no-price", type=amount, default=Decimal("0.45"), help="dollars of NO in the blanket (default 0.45)")
    add("--count", type=amount, default=Decimal(1), help="contracts of one order (default 1)")
    add("--out", type=Path, metavar="DIR", help="write here; default the report directory")


@job("backtest_index", arguments=arguments, needs_exchange=False)
def main(run: Run) -> None:
    """Replay every event of the period and write the reports."""
    from kalshi.index.rules_blanket import BlanketRules
    from kalshi.index.rules_cheap_yes import CheapYesRules
    from kalshi.research import provenance
    from kalshi.season.backtest_output import report_files
    from kalshi.season.cron import read_crontab, starts_on
    from kalshi.season.index_history import index_store, past_events
    from kalshi.season.replay import JOBS_OF, ReplayRules, replay

    args, series = run.args, run.args.series.upper()
    start, end, interval = period_of(args.start, args.end, args.interval)
    if series not in JOBS_OF:
        raise ConfigError(f"--series {series}: no script trades it; use {' or '.join(JOBS_OF)}")
    rules = ReplayRules(
        BlanketRules(args.no_price, args.count),
        cheap=CheapYesRules(max_contracts=args.count),
        maker=args.maker,
        skip=tuple(filter(None, (word.strip() for word in args.skip.split(",")))),
    )
    out = writable_directory(args.out, "directory", "--out") if args.out else run.report_dir
    store = index_store(run.data_dir, series)
    events, notes = past_events(store, start, end, interval)
    if not events:
        raise DataError(
            f"{store.root} holds no settled event of {start} .. {end} with candles of {interval} minutes"
            f"{': ' + notes[0] if notes else ''}: run fetch_index_candles --series {series} first"
        )
    lines = read_crontab(CRONTAB)
    replays = [replay(event, starts_on(lines, event.day), rules, timedelta(minutes=interval)) for event in events]
    simulated = any(event.event_ticker.endswith("SIM") for event in events)
    made = provenance.provenance(
        command=provenance.command_line("kalshi.backtest_index", vars(args)),
        root=PROJECT_ROOT,
        inputs=[CRONTAB, *store.files(start, end, interval)],
        generated_at=run.started_at,
        parameters={"series": series, "start": str(start), "end": str(end), "maker": args.maker},
    )
    with provenance.reserved_stem(out, "index_backtest_", run.started_at) as stem:
        data = "SAMPLE" if simulated else "fetched history"
        found, files = report_files(stem, replays, args.maker, data, made, notes)
        for name, content in files.items():
            write_atomically(out / name, content)
    if simulated:
        run.report.mark("SAMPLE")
    for line in (found.headline, *found.lines):
        run.report.add_line(line)
    for name in files:
        run.report.add_line(f"Written: {out / name}")


if __name__ == "__main__":
    raise SystemExit(main())
