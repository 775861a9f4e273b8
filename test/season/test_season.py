"""A season adds up: tallies against numpy, the published table, the same days whatever their number."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from kalshi.errors import ConfigError
from kalshi.runtime.registry import CRONTAB
from kalshi.season.fast import UNITS, Outcome
from kalshi.season.market import FAIR, Bias
from kalshi.season.outcomes import Tally
from kalshi.season.reference import TABLE, agreement, checks
from kalshi.season.rules import all_rules, reference_rules
from kalshi.season.run import run_season

RULE = reference_rules()[0]


def test_a_tally_is_the_mean_and_error_of_all_its_days() -> None:
    chance = np.random.default_rng(4)
    fills, pnl = chance.integers(0, 5, 400), chance.integers(-4500, 1100, 400)
    tally = Tally()
    for block in np.array_split(np.arange(400), 7):
        tally.add(Outcome(RULE, fills[block], pnl[block]))
    assert tally.days == 400
    assert tally.fills_a_day == pytest.approx(fills.mean())
    assert tally.cents().mean == pytest.approx(pnl.mean() / 100)
    assert tally.cents().error == pytest.approx(pnl.std(ddof=1) / 20 / 100)
    assert tally.cents(2).mean == pytest.approx(pnl[fills >= 2].mean() / 100)
    assert tally.share(1).mean == pytest.approx((fills == 1).mean())
    assert tally.deviation == pytest.approx(pnl.std(ddof=1) / 100)
    assert tally.quantile(0.5) == np.sort(pnl)[199] / 100


def test_a_tally_without_days_knows_nothing() -> None:
    assert math.isnan(Tally().cents().mean)
    assert Tally().cents(1).days == 0
    assert math.isnan(Tally().share(0).mean)


def test_the_published_table_is_met() -> None:
    lines = run_season(reference_rules(), days=600, seed=7, step_s=15, biases=[FAIR])
    found = checks(lines)
    assert len(found) == 5 * len(TABLE) - 2
    assert all(check.agrees for check in found), agreement(found)
    assert agreement(found).startswith("All 33 figures")


def test_a_wrong_rule_would_not_meet_it() -> None:
    lines = run_season(reference_rules()[:1], days=300, seed=7, step_s=15, biases=[FAIR])
    lines[0].tally.by_fills[2].clear()
    assert "not met" in agreement(checks(lines))


def test_few_days_that_are_all_alike_are_no_reason_to_doubt_the_table() -> None:
    line = run_season(reference_rules()[:1], days=40, seed=7, step_s=15, biases=[FAIR])[0]
    line.tally.by_fills[1] = Counter({-int(0.40 * UNITS): 12})
    [check] = [check for check in checks([line]) if check.figure == "mean if 1"]
    assert check.ours == -40 and check.agrees
    line.tally.by_fills[1] = Counter({-int(0.40 * UNITS): 12_000})
    [check] = [check for check in checks([line]) if check.figure == "mean if 1"]
    assert not check.agrees  # among so many, days of another kind would have been seen


def test_a_longer_season_begins_like_a_shorter_one_and_bias_does_not_change_the_days() -> None:
    keys = ["no80", "cheap_yes"]
    short = run_season(all_rules(CRONTAB, keys), days=30, seed=1, step_s=60, biases=[FAIR])
    long = run_season(all_rules(CRONTAB, keys), days=60, seed=1, step_s=60, biases=[Bias(0.05), FAIR])
    for line in short:
        same = next(x for x in long if (x.rule, x.session, x.bias) == (line.rule, line.session, line.bias))
        assert same.tally.days == 60
        assert all(same.tally.profits()[value] >= count for value, count in line.tally.profits().items())


def test_a_rule_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(ConfigError, match=r"no99.*no45"):
        all_rules(CRONTAB, ["no99"])
