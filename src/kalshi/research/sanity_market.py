"""Checks of a backtest against the market it says to have traded: fees, results, hours, ladders, exposure.

Each looks only at rows that state what it needs, and is skipped for files without such columns. Fees, hours, ladders
and exposure are those of the weekly TSA event: they are skipped for markets of another series (KX...).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

import numpy as np

from kalshi.pricing.fees import charge, taker_fee
from kalshi.research.metrics import weekly_pnl
from kalshi.research.sanity_check import TOLERANCE, Check
from kalshi.research.trades import Problem, Trades, sunday_of

NEW_YORK = ZoneInfo("America/New_York")
OPENS, CLOSES = time(10), time(23, 59)  # Monday and Sunday, New York
BALANCE_STEP = 1e-4  # dollars: parts of one order share the rounding of the balance
MOST_SHARE, LEAST_WEEKS = 0.5, 5  # of the weekly profits' sizes, and weeks below which one is bound to be large


def market_checks(trades: Trades) -> list[Check]:
    """Return every check with its problems, in a fixed order; the last one only warns."""
    return [_fees(trades), _outcomes(trades), _first_prints(trades), _hours(trades), _monotone(trades),
            _both_sides(trades), _concentration(trades)]  # fmt: skip


def _missing(trades: Trades, *columns: str) -> bool:
    return any(name not in trades.columns for name in columns)


def _other_series(trades: Trades) -> bool:
    return any(market.startswith("KX") and not market.startswith("KXTSAW") for market in trades.markets)


def _fees(trades: Trades) -> Check:
    found = Check("fees", "fees are those of the fee code: the taker's, none for a maker (column `role`)", ())
    if _missing(trades, "fee", "fill_price", "side", "market", "date") or _other_series(trades):
        return replace(found, ran=False)
    roles = trades.texts.get("role") or ("taker",) * len(trades)
    parts: dict[tuple[object, ...], int] = defaultdict(int)
    names = list(zip(trades.markets, trades.days, _texts(trades, "entry"), strict=True))
    for name in names:
        parts[name] += 1
    problems = []
    for i, role in enumerate(roles):
        expected = 0.0 if role == "maker" else _taker_fee(trades, i)
        if expected is None:
            continue  # price or count can not be: reported by the checks of the columns
        slack = TOLERANCE if parts[names[i]] == 1 else BALANCE_STEP
        if abs(trades["fee"][i] - expected) > slack + 1e-12:
            problems.append(_problem(found, trades, i, f"fee is {trades['fee'][i]:g}, the fee code says {expected:g}"))
    return replace(found, problems=tuple(problems))


def _taker_fee(trades: Trades, i: int) -> float | None:
    try:
        price, count = Decimal(repr(float(trades["fill_price"][i]))), Decimal(repr(float(trades["count"][i])))
        if not (0 <= price <= 1 and count > 0):
            return None
        cost = count * (price if trades.sides[i] == "yes" else 1 - price)
        return float(charge(-cost, taker_fee(price, count)).fee)
    except (InvalidOperation, ValueError):
        return None


def _outcomes(trades: Trades) -> Check:
    found = Check("result", "outcome is 1 where the result of the market is the side that was bought", ())
    if _missing(trades, "outcome", "side", "result"):
        return replace(found, ran=False)
    problems = [
        _problem(found, trades, i, f"outcome is {trades['outcome'][i]:g}; {side.upper()} was bought, {result} was paid")
        for i, (side, result) in enumerate(zip(trades.sides, trades.texts["result"], strict=True))
        if result in ("yes", "no") and trades["outcome"][i] != float(side == result)
    ]  # fmt: skip
    return replace(found, problems=tuple(problems))


def _first_prints(trades: Trades) -> Check:
    found = Check("first prints", "the result is what the first prints imply, or is marked as differing", ())
    if _missing(trades, "result", "strike", "first_print_mean"):
        return replace(found, ran=False)
    problems = []
    marks = _texts(trades, "settlement_check")
    for i, (result, mark) in enumerate(zip(trades.texts["result"], marks, strict=True)):
        mean, strike = trades["first_print_mean"][i], trades["strike"][i]
        if np.isnan(mean) or np.isnan(strike) or result not in ("yes", "no"):
            continue
        implied = "yes" if mean > strike else "no"
        near = abs(mean - strike) < 0.1  # the mean is written with one decimal
        if not near and (implied == result) == (mark == "differs"):
            said = f"paid {result}, first prints of {mean:,.1f} at a strike of {strike:,.0f} imply {implied}"
            problems.append(_problem(found, trades, i, said + (f", marked {mark}" if mark else "")))
    return replace(found, problems=tuple(problems))


def _hours(trades: Trades) -> Check:
    found = Check(
        "hours", "decided and filled while the event was open (Monday 10:00 to Sunday 23:59), in this order", ()
    )
    timeless = "as_of" not in trades.columns and "candle_end" not in trades.columns
    if _missing(trades, "date") or timeless or _other_series(trades):
        return replace(found, ran=False)
    problems = []
    decided, filled = _texts(trades, "as_of"), _texts(trades, "candle_end")
    for i, day in enumerate(trades.days):
        if day is None:
            continue
        opens, closes = _window(day)
        moments = [("decided", _moment(decided[i])), ("filled", _moment(filled[i]))]
        for what, at in moments:
            if at is not None and not opens <= at <= closes:
                problems.append(_problem(found, trades, i, f"{what} {at:%Y-%m-%d %H:%M} UTC, outside of trading"))
        if moments[0][1] is not None and moments[1][1] is not None and moments[1][1] < moments[0][1]:
            problems.append(_problem(found, trades, i, "filled before it was decided"))
    return replace(found, problems=tuple(problems))


def _window(day: date) -> tuple[datetime, datetime]:
    sunday = sunday_of(day)
    monday = sunday - timedelta(days=6)
    return datetime.combine(monday, OPENS, NEW_YORK).astimezone(UTC), datetime.combine(
        sunday, CLOSES, NEW_YORK
    ).astimezone(UTC)


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _monotone(trades: Trades) -> Check:
    found = Check("ladder", "along a ladder, P(YES) of one model at one moment never rises with the strike", ())
    if _missing(trades, "prob", "side", "strike", "date", "as_of") or _other_series(trades):
        return replace(found, ran=False)
    ladders: dict[tuple[object, ...], list[tuple[float, float, int]]] = defaultdict(list)
    keys = zip(
        trades.days, _texts(trades, "as_of"), _texts(trades, "model"), _texts(trades, "event_ticker"), strict=True
    )
    for i, key in enumerate(keys):
        prob = trades["prob"][i] if trades.sides[i] == "yes" else 1 - trades["prob"][i]
        if not np.isnan(trades["strike"][i]):
            ladders[key].append((float(trades["strike"][i]), float(prob), i))
    problems = []
    for rungs in ladders.values():
        lowest = np.inf
        for strike, prob, i in sorted(rungs):
            if prob > lowest + TOLERANCE:
                said = f"P(YES) {prob:.6g} at {strike:,.0f} is above {lowest:.6g} at a lower strike"
                problems.append(_problem(found, trades, i, said))
            lowest = min(lowest, prob)
    return replace(found, problems=tuple(problems))


def _both_sides(trades: Trades) -> Check:
    found = Check("exposure", "no market is bought on both sides in one week: the pair pays $1 and costs more", ())
    if _missing(trades, "market", "side", "date") or _other_series(trades):
        return replace(found, ran=False)
    first: dict[tuple[str, date], int] = {}
    problems = []
    for i, (market, day, side) in enumerate(zip(trades.markets, trades.days, trades.sides, strict=True)):
        if day is None or side not in ("yes", "no"):
            continue
        before = first.setdefault((market, sunday_of(day)), i)
        if trades.sides[before] != side:
            said = f"{market} is bought {side.upper()} here, the other side in line {trades.lines[before]}"
            problems.append(_problem(found, trades, i, said))
    return replace(found, problems=tuple(problems))


def _concentration(trades: Trades) -> Check:
    found = Check(
        "concentration", f"no week makes up more than {MOST_SHARE:.0%} of what was won and lost", (), warns=True
    )
    if _missing(trades, "date", "pnl") or np.isnan(trades["pnl"]).any():
        return replace(found, ran=False)
    weekly = np.abs(weekly_pnl(trades))
    if weekly.size < LEAST_WEEKS or not weekly.sum():
        return replace(found, ran=False)
    largest = int(weekly.argmax())
    share = weekly[largest] / weekly.sum()
    said = f"the week of {trades.week_labels[largest]} is {share:.0%} of what was won and lost in {weekly.size} weeks"
    return replace(found, problems=(Problem(found.name, 0, said),) if share > MOST_SHARE else ())


def _texts(trades: Trades, name: str) -> tuple[str, ...]:
    return trades.texts.get(name) or ("",) * len(trades)


def _problem(check: Check, trades: Trades, i: int, text: str) -> Problem:
    return Problem(check.name, trades.lines[i], text)


def warnings(checks: Iterable[Check]) -> list[Problem]:
    """Return what is no broken invariant but should be known."""
    return [problem for check in checks if check.warns for problem in check.problems]
