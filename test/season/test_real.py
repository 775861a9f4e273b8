"""The scripts themselves and the arrays, on the same simulated days: the same fills and the same dollars."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kalshi import afternoon, midday, morning, sp_daily_every_10_minutes
from kalshi.runtime.job import Job
from kalshi.season.fast import trade
from kalshi.season.market import FAIR, Bias, Session, walks
from kalshi.season.real import calls_of, trade_really
from kalshi.season.rules import PairRule, Schedule

SESSION = Session(step_s=60)
WHOLE_DAY = Schedule(
    blanket=5, passes=tuple(range(20, 370, 25)), stand_aside=150, last_bid=370, flatten=380, needs_quotes=True
)
HELD = replace(WHOLE_DAY, stand_aside=None, flatten=None)


SCRIPTS: dict[str, Job] = {
    module.main.job.name: module.main.job for module in (morning, midday, sp_daily_every_10_minutes, afternoon)
}


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("rule", "bias", "days"),
    [
        (PairRule("a", "80c, loop, midday, sold in the afternoon", 80, True, 80, WHOLE_DAY), FAIR, range(2)),
        (PairRule("b", "45c, loop, held", 45, True, 80, HELD), FAIR, range(2)),
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
        real = trade_really(SESSION, bias, index[number], calls_of(rule, SCRIPTS), place)
        assert (real.bought, real.pnl) == (outcome.fills[number], outcome.pnl[number]), real.refusals
    assert outcome.fills.sum() > 0
