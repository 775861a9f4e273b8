"""The scripts themselves and the arrays, on the same simulated days: the same fills and the same dollars."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kalshi import afternoon, midday, morning, sp_daily_every_10_minutes
from kalshi.runtime.job import Job
from kalshi.season.fast import trade
from kalshi.season.market import FAIR, Bias, Session, walks
from kalshi.season.real import Call, trade_really
from kalshi.season.rules import PairRule, Schedule

SESSION = Session(step_s=60)
WHOLE_DAY = Schedule(
    blanket=5, passes=tuple(range(20, 370, 25)), stand_aside=150, last_bid=370, flatten=380, needs_quotes=True
)
HELD = replace(WHOLE_DAY, stand_aside=None, flatten=None)


def job_of(module: object) -> Job:
    found = module.main.job  # type: ignore[attr-defined]
    assert isinstance(found, Job)
    return found


def calls_of(rule: PairRule) -> list[Call]:
    """The command lines of the day that the rule describes."""
    schedule = rule.schedule
    assert schedule.passes is not None
    price = f"0.{rule.blanket:02d}"
    found = [Call(int(schedule.blanket), job_of(morning), ("--no-price", price, "--count", "1"))]
    found += [Call(minute, job_of(sp_daily_every_10_minutes)) for minute in schedule.passes if rule.complete]
    if schedule.stand_aside is not None:
        found.append(Call(schedule.stand_aside, job_of(midday)))
    if schedule.flatten is not None:
        found.append(Call(schedule.flatten, job_of(afternoon)))
    return sorted(found, key=lambda call: call.minute)


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("rule", "bias", "days"),
    [
        (PairRule("a", "80c, loop, midday, sold in the afternoon", 80, True, 80, WHOLE_DAY), FAIR, range(3)),
        (PairRule("b", "45c, loop, held", 45, True, 80, HELD), FAIR, range(3)),
        (PairRule("c", "85c, no loop, held", 85, False, None, HELD), Bias(0.1), range(2)),
    ],
    ids=lambda value: value.label if isinstance(value, PairRule) else "",
)
def test_scripts_and_arrays_trade_alike(rule: PairRule, bias: Bias, days: range, tmp_path: Path) -> None:
    index = walks(SESSION, 21, days)
    outcome = trade(SESSION, [bias], [rule], index)[0][0]
    for number in range(len(days)):
        place = tmp_path / str(number)
        place.mkdir()
        real = trade_really(SESSION, bias, index[number], calls_of(rule), place)
        assert (real.bought, real.pnl) == (outcome.fills[number], outcome.pnl[number]), real.refusals
    assert outcome.fills.sum() > 0
