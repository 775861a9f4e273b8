"""What a season says: table, verdict, CSV and JSON, all from the same tallies."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from typing import Any

from kalshi.research.markdown import table
from kalshi.season.market import FAIR, NASDAQ_SIGMA
from kalshi.season.outcomes import Estimate
from kalshi.season.reference import TABLE, agreement, checks
from kalshi.season.run import Line

HEADERS = ("rule", "dev.", "P0 %", "P1 %", "P2+ %", "if 1", "if 2+", "mean", "±95 %", "s.d.", "fills", "table")
CSV_HEADERS = (
    "prices", "rule", "label", "deviation", "days", "p_0", "p_1", "p_2_and_more", "mean_if_1", "mean_if_2_and_more",
    "mean", "mean_low", "mean_high", "deviation_of_a_day", "fills_a_day", "quantile_05", "median", "quantile_95",
)  # fmt: skip
EXPLANATION = (
    "SIMULATED. Profits are cents a contract and day, after fees. dev.: deviation of the day's move in brackets; P0, "
    "P1, P2+: days with no, one, two and more filled bids; if 1, if 2+: mean profit of such days; ±95 %: half the "
    "interval of the mean; table: the mean of the reference table.",
    "Quotes: the best YES bid is the price rounded down to a cent, the ask one cent above. A NO bid at q fills at q "
    "when the YES bid reaches 1 - q. The index is a Brownian motion, so at fair prices nothing but the jump through a "
    "resting price, rounding and fees separates a rule from zero.",
)


def row_of(line: Line) -> tuple[str, ...]:
    """Return one row under HEADERS."""
    tally, mean = line.tally, line.tally.cents()
    shares = [f"{100 * tally.share(number).mean:.1f}" for number in (0, 1, 2)]
    known = TABLE.get((line.rule.key, line.session.sigma)) if line.bias == FAIR else None
    return (
        line.rule.label, f"{line.session.sigma:g}", *shares, _cents(tally.cents(1)), _cents(tally.cents(2)),
        f"{mean.mean:+.2f}", f"{mean.high - mean.mean:.2f}", f"{tally.deviation:.1f}",
        f"{tally.fills_a_day:.2f}", f"{known[4]:+.1f}" if known else "",
    )  # fmt: skip


def worlds(lines: Sequence[Line]) -> list[tuple[str, list[Line]]]:
    """Return (name of the prices, its lines) in the order of *lines*."""
    names = list(dict.fromkeys(line.bias.name for line in lines))
    return [(name, [line for line in lines if line.bias.name == name]) for name in names]


def verdict(name: str, lines: Sequence[Line]) -> str:
    """Return one sentence: which rules earn, and how many lose or can not be told from zero."""
    days = lines[0].tally.days
    if days < 2:
        return f"At {name}: {days} day says nothing."
    means = [(line, line.tally.cents()) for line in lines]
    earning = [f"{_name(line)} {mean.mean:+.1f}c" for line, mean in means if mean.low > 0]
    losing = sum(1 for _, mean in means if mean.high < 0)
    rest = len(lines) - len(earning) - losing
    return (
        f"At {name} ({days} days, {len(lines)} rules): {'no rule earns' if not earning else ', '.join(earning)}; "
        f"{losing} lose, {rest} can not be told from zero."
    )


def midday_note(lines: Sequence[Line]) -> str:
    """Return why the scripts trade so little when they do, else an empty text."""
    found = [line for line in lines if line.rule.key == "scripts" and line.tally.share(0).mean > 0.5]
    if not found:
        return ""
    return (
        f"The S&P scripts had no fill on {100 * found[0].tally.share(0).mean:.1f} % of the days: no bracket is worth "
        "55c before noon, and then midday takes the blanket down."
    )


def _name(line: Line) -> str:
    return line.rule.label + (", Nasdaq deviation" if line.session.sigma == NASDAQ_SIGMA else "")


def markdown(lines: Sequence[Line], made: dict[str, Any], picture: str) -> str:
    """Return the report."""
    parts = ["# SIMULATED season of index days", ""]
    for name, of_world in worlds(lines):
        parts += [f"## {name[0].upper()}{name[1:]}", "", verdict(name, of_world), midday_note(of_world), ""]
        parts += [table(HEADERS, [row_of(line) for line in of_world]), ""]
    parts += [f"![SIMULATED: distribution of a day's profit by rule]({picture})", ""]
    parts += ["## Beside the reference table", "", agreement(checks(lines)), ""]
    parts += ["## Method", "", *(f"- {text}" for text in EXPLANATION)]
    parts += [f"- command: `{made['command']}`", f"- code: {made['git_commit'] or 'not a git repository'}"]
    return "\n".join([*parts, ""])


def csv_text(lines: Sequence[Line]) -> str:
    """Return one row per rule and prices; cents a contract, shares 0..1, empty where there are no such days."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CSV_HEADERS)
    for line in lines:
        writer.writerow([_cell(value) for value in summary(line).values()])
    return out.getvalue()


def summary(line: Line) -> dict[str, Any]:
    """Return the numbers of one line by CSV_HEADERS."""
    tally, mean = line.tally, line.tally.cents()
    values = (
        line.bias.name, line.rule.key, line.rule.label, line.session.sigma, tally.days,
        *(tally.share(number).mean for number in (0, 1, 2)), tally.cents(1).mean, tally.cents(2).mean,
        mean.mean, mean.low, mean.high, tally.deviation, tally.fills_a_day,
        *(tally.quantile(share) for share in (0.05, 0.5, 0.95)),
    )  # fmt: skip
    return dict(zip(CSV_HEADERS, values, strict=True))


def json_text(lines: Sequence[Line], made: dict[str, Any]) -> str:
    """Return everything: provenance, rows with the count of every profit (cents a contract), the check."""
    rows = []
    for line in lines:
        known = {name: None if _missing(value) else value for name, value in summary(line).items()}
        profits = {f"{value / 100:g}": count for value, count in sorted(line.tally.profits().items())}
        rows.append({**known, "days_by_profit": profits})
    found = checks(lines)
    beside = [
        {"rule": c.line.rule.key, "deviation": c.line.session.sigma, "figure": c.figure, "ours": c.ours,
         "table": c.theirs, "joint_errors": c.errors}
        for c in found
    ]  # fmt: skip
    body = {"kind": "index_season", "simulated": True, **made, "rows": rows, "reference": beside}
    return json.dumps({**body, "agreement": agreement(found)}, indent=1) + "\n"


def _cents(found: Estimate) -> str:
    return "n/a" if found.days == 0 else f"{found.mean:+.1f}"


def _cell(value: object) -> object:
    return "" if _missing(value) else f"{value:.6g}" if isinstance(value, float) else value


def _missing(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)
