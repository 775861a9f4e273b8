"""TSA weekly ladder: fetch counts, forecast the week, price every contract, place guarded orders, report.

Cron: weekdays after the morning's publication. Orders on Mondays by default, when the event opens at 10:00
New York time; other days report only.
"""

from __future__ import annotations

import os
import sys

if not __package__:  # started by path: let `kalshi` be found and nothing in this folder shadow a library
    here = os.path.dirname(os.path.realpath(__file__))
    sys.path[:] = [os.path.dirname(here)] + [p for p in sys.path if os.path.realpath(p or ".") != here]

import argparse

from kalshi import tsa_steps
from kalshi.atomic import write_atomically
from kalshi.runtime.clock import new_york
from kalshi.runtime.job import job
from kalshi.runtime.run import Run


def _arguments(parser: argparse.ArgumentParser) -> None:
    tsa_steps.add_decision_arguments(parser)
    parser.add_argument("--order-weekdays", default="mon", help="days on which orders are placed: mon,tue or all")


@job("tsa_trading_bot", arguments=_arguments)
def main(run: Run) -> None:
    """Run the bot once."""
    weekdays = tsa_steps.order_weekdays(run.args.order_weekdays)
    picture = tsa_steps.look(run)
    if picture is None:
        run.nothing_to_do("no TSA event is open for trading")
    tsa_steps.report_trend(run, picture.counts)
    save_page(run, picture)
    tsa_steps.show_to_paper(run, picture)
    run.reconcile()
    if new_york(run.now).weekday() not in weekdays:
        run.nothing_to_do(f"orders are placed on {run.args.order_weekdays} only (--order-weekdays)")
    tsa_steps.place(run, picture)


def save_page(run: Run, picture: tsa_steps.Picture) -> None:
    """Write the page of the week beside the reports; it replaces that of an earlier run."""
    from kalshi.research.page import render
    from kalshi.tsa_week_page import week_page

    page = week_page(picture, now=run.now, job=run.job, marks=run.report.marks)
    path = run.report_dir / f"tsa_week_{picture.week.week_sunday}.html"
    write_atomically(path, run.redact(render(page)))
    run.report.add_line(f"Page of the week: {path}")


if __name__ == "__main__":
    raise SystemExit(main())
