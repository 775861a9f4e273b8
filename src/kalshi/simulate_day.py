"""Live through one simulated trading day: every index line of crontab.example, as real processes, in New York time.

All scripts trade on one served paper exchange with a made-up index and its ladders; its clock goes from one
start to the next as fast as it can and stands still while scripts run. Ends with a report (every order, refusal and
mail accounted for) and a picture. SIMULATED: nothing here is a price of Kalshi. See reference/index_simulation.md.
"""

from __future__ import annotations

import argparse
import os
import sys
from datetime import date
from pathlib import Path

if not __package__:  # started by path: let `kalshi` be found and nothing in this folder shadow a library
    here = os.path.dirname(os.path.realpath(__file__))
    sys.path[:] = [os.path.dirname(here)] + [p for p in sys.path if os.path.realpath(p or ".") != here]

from kalshi.atomic import write_atomically
from kalshi.errors import ConfigError
from kalshi.runtime.clock import new_york
from kalshi.runtime.files import writable_directory
from kalshi.runtime.job import job
from kalshi.runtime.registry import CRONTAB
from kalshi.runtime.run import Run

USUAL_DAY = date(2026, 10, 6)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add this script's own options; --date names the simulated day."""
    add = parser.add_argument
    add("--seed", type=int, default=7, help="chance of index, quotes and noise (default 7)")
    add("--half-day", action="store_true", help="take the first session from the day on that closes early")
    add("--until", metavar="HH:MM", help="start nothing after this New York time; what is open is settled all the same")
    add("--with", dest="options", nargs=2, action="append", default=[], metavar=("SCRIPT", "OPTIONS"),
        help="add options to a script's lines, such as --with morning '--no-price 0.80'")
    add("--crontab", type=Path, default=CRONTAB, metavar="FILE", help="default crontab.example")
    add("--out", type=Path, metavar="DIR", help="write here; default the report directory")


@job("simulate_day", arguments=arguments, needs_exchange=False)
def main(run: Run) -> int:
    """Run the day; exit code 1 where something could not be accounted for."""
    from kalshi.research.provenance import reserved_stem
    from kalshi.season.day import Place, check_options, plan_day
    from kalshi.season.day_picture import day_picture
    from kalshi.season.day_report import fill_report
    from kalshi.season.day_run import calendar_for, live_through, moment_of, session_of

    args, options = run.args, dict(run.args.options)
    check_options(options)
    wanted = USUAL_DAY if run.simulated_now is None else new_york(run.simulated_now).date()
    days = calendar_for(wanted)
    session = session_of(days, wanted, half_day=args.half_day)
    run.report.mark("SIMULATED")
    if session is None:
        run.report.add_line(f"The New York Stock Exchange has no session on {wanted:%A, %Y-%m-%d}: no day to simulate")
        return 0
    plan = plan_day(args.crontab, session.day, until=moment_of(session.day, args.until))
    if not plan.starts:
        raise ConfigError(f"{args.crontab} starts no index script on {session.day} up to {args.until or 'midnight'}")
    run.report.title = f"Simulated day {session.day:%A, %Y-%m-%d}, New York time"
    out = writable_directory(args.out, "directory", "--out") if args.out else run.report_dir
    with reserved_stem(out, f"simulated_day_{session.day}_", run.started_at) as stem:
        place = Place((out / stem).absolute())
        day = live_through(
            plan, place, session, days, seed=args.seed, options=options, progress=run.log.info
        )
        fill_report(run.report, day)
        files: dict[str, str | bytes] = {
            f"{stem}.png": day_picture(day), f"{stem}.txt": run.report.text(), f"{stem}.html": run.report.html(),
        }  # fmt: skip
        for name, content in files.items():
            write_atomically(out / name, content)
    for name in files:
        run.report.add_line(f"Written: {out / name}")
    run.report.add_line(f"Logs, reports, store and exchange of the day: {place.root}")
    return 0 if day.accounting.in_order else 1


if __name__ == "__main__":
    raise SystemExit(main())
