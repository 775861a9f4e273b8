"""The report of a simulated day: what was started, what became of every order, what it earned."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby

from kalshi.exchange.models import Fill
from kalshi.runtime.clock import new_york
from kalshi.runtime.report import Report
from kalshi.season.day import DayPlan, Started
from kalshi.season.day_account import Accounting, Books, guarantee_over_time, time_of
from kalshi.store.rows import OrderRow

MAIL = re.compile(r"^E-mail \(not sent", re.MULTILINE)
REFUSED = re.compile(r"^(?:Refused|Nothing to do|Nothing is sent): (.*(?:\n(?!\S+: |Run \d|$).+)*)", re.MULTILINE)
MOST_FILLS = 60


@dataclass(frozen=True)
class Day:
    """Everything a report shows. minutes: by symbol, (time, index value)."""

    plan: DayPlan
    seed: int
    started: Sequence[Started]
    books: Books
    accounting: Accounting
    minutes: dict[str, list[tuple[datetime, float]]]

    @property
    def events(self) -> list[str]:
        """The events in which something traded or was tried."""
        return sorted({row.event_ticker for row in self.books.rows})


def fill_report(report: Report, day: Day) -> None:
    """Write the day into *report*."""
    report.mark("SIMULATED")
    for line in headline(day):
        report.add_line(line)
    headers = ("script", "starts", "exit codes", "mails", "orders", "seconds")
    report.add_table("What was started", headers, _scripts(day))
    if day.plan.left_out:
        left = ", ".join(f"{job} ({why})" for job, why in day.plan.left_out.items())
        report.add_line(f"Of the crontab not started: {left}.")
    report.add_table("Orders", ("event", "strategy", "purpose", "orders", "contracts", "filled", "fees"), _orders(day))
    fills = _fills(day.books.fills)
    if fills:
        report.add_table("Fills", ("time", "market", "bought", "price", "count", "fee", "role"), fills)
    for event in day.events:
        path = guarantee_over_time(day.books.fills, event)
        if path:
            rows = [(f"{new_york(at):%H:%M}", f"{floor:+.4f}", f"{best:+.4f}") for at, floor, best in _thin(path)]
            report.add_table(f"{event}: dollars after each fill", ("time", "guaranteed", "at best"), rows)
    stops = reasons(day.started)
    if stops:
        report.add_table("Why scripts did nothing", ("script", "times", "reason"), stops)
    refused = Counter((row.strategy, row.code or row.state, row.reason) for row in day.accounting.refused)
    if refused:
        counted = [(strategy, code, number, why) for (strategy, code, why), number in sorted(refused.items())]
        report.add_table("Orders refused", ("strategy", "by", "orders", "reason"), counted)
    for line in day.accounting.unexplained:
        report.add_line(f"UNEXPLAINED: {line}")


def headline(day: Day) -> list[str]:
    """Return the sentences on top."""
    codes = Counter(one.exit_code for one in day.started)
    said = ", ".join(f"exit code {code}: {count}" for code, count in sorted(codes.items()))
    mails = sum(mails_of(one.log) for one in day.started)
    return [
        f"Simulated {day.plan.day:%A, %Y-%m-%d}, seed {day.seed}: {len(day.started)} starts ({said}), {mails} mails.",
        f"{day.accounting.sentence}; {len(day.accounting.refused)} refused before or by the exchange; "
        f"{len(day.books.fills)} fills.",
        day.accounting.money + ".",
    ]


def mails_of(log: str) -> int:
    """Return how many mails a script would have sent; without an address they are printed."""
    return len(MAIL.findall(log))


def reasons(started: Sequence[Started]) -> list[tuple[str, int, str]]:
    """Return (script, how often, why) for starts that changed nothing."""
    counts: Counter[tuple[str, str]] = Counter()
    for one in started:
        for text in REFUSED.findall(one.log):
            short = re.sub(r"\b\d\d:\d\d is outside", "the time is outside", " ".join(text.split()))
            counts[one.start.job, short] += 1
    return [(job, number, why) for (job, why), number in sorted(counts.items())]


def _scripts(day: Day) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for job in dict.fromkeys(one.start.job for one in day.started):
        mine = [one for one in day.started if one.start.job == job]
        codes = Counter(one.exit_code for one in mine)
        orders = sum(_orders_in(one.log) for one in mine)
        shown = ", ".join(f"{code} x {count}" for code, count in sorted(codes.items()))
        seconds = f"{sum(one.seconds for one in mine) / len(mine):.1f}"
        rows.append((job, len(mine), shown, sum(mails_of(one.log) for one in mine), orders, seconds))
    return rows


def _orders_in(log: str) -> int:
    found = re.search(r"Orders of this run\n-+\n.*\n-.*\n((?:.+\n)*)", log)
    return sum(1 for line in found[1].splitlines() if re.match(r"\S", line)) if found else 0


def _orders(day: Day) -> list[tuple[object, ...]]:
    def key(row: OrderRow) -> tuple[str, str, str]:
        return (row.event_ticker, row.strategy, row.purpose)

    rows: list[tuple[object, ...]] = []
    for names, group in groupby(sorted(day.books.rows, key=key), key=key):
        mine = list(group)
        count, filled = sum(row.count for row in mine), sum(row.filled for row in mine)
        fees = sum((row.fee or Decimal(0)) for row in mine)
        rows.append((*names, len(mine), f"{count:f}", f"{filled:f}", f"{fees:.4f}"))
    return rows


def _fills(fills: Sequence[Fill]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for fill in sorted(fills, key=time_of)[:MOST_FILLS]:
        side = "YES" if fill.book_side == "bid" else "NO"
        price = fill.yes_price_dollars if side == "YES" else 1 - fill.yes_price_dollars
        at = f"{new_york(time_of(fill)):%H:%M}"
        role = "taker" if fill.is_taker else "maker"
        rows.append((at, fill.ticker, side, f"{price:.2f}", f"{fill.count_fp:f}", f"{fill.fee_cost:.4f}", role))
    return rows


def _thin(path: Sequence[tuple[datetime, Decimal, Decimal]]) -> list[tuple[datetime, Decimal, Decimal]]:
    """Return the last point of each minute."""
    return list({f"{at:%Y-%m-%d %H:%M}": (at, floor, best) for at, floor, best in path}.values())
