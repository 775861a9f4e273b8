"""Choosing by the past only, and what the best of many is worth."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi.research import metrics
from kalshi.research.sweep_findings import PlanResults, findings_json, plan_rows, sweep_findings
from kalshi.research.sweep_selection import best, reality_check, scores, walk_forward


def noise(plans: int, weeks: int, seed: int, edge: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(edge, 1.0, (plans, weeks))


def test_the_plan_that_gained_most_steadily_is_chosen_and_none_where_all_lost() -> None:
    past = np.array([[5.0, -1.0, 2.0], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0]])
    assert best(past) == 1 and best(-past) is None and best(np.zeros((2, 0))) is None
    assert scores(past)[1] == 1.0 and scores(past)[2] == 0.0


def test_scores_rise_with_the_t_statistic() -> None:
    weekly = noise(50, 12, seed=1)
    t = weekly.mean(axis=1) / (weekly.std(axis=1, ddof=1) / np.sqrt(12))
    assert (np.argsort(scores(weekly)) == np.argsort(t)).all()


@given(st.integers(0, 10_000), st.integers(1, 3), st.integers(1, 4), st.integers(0, 11))
def test_no_choice_changes_with_a_week_in_its_gap_or_later(seed: int, gap: int, least: int, spoiled: int) -> None:
    weekly = noise(6, 12, seed)
    wrong = weekly.copy()
    wrong[:, spoiled:] = np.where(np.arange(6)[:, None] == seed % 6, 1e9, np.nan)
    before, after = walk_forward(weekly, gap=gap, least=least), walk_forward(wrong, gap=gap, least=least)
    for one, other in zip(before, after, strict=True):
        if one.week - gap <= spoiled:
            assert (one.plan, one.score, one.past_weeks) == (other.plan, other.score, other.past_weeks)


def test_the_chooser_is_handed_the_past_as_an_array_of_its_own() -> None:
    weekly = noise(4, 8, seed=3)
    kept = weekly.copy()
    seen = []

    def greedy(past: np.ndarray) -> int:
        seen.append(past.shape[1])
        assert past.base is None and list(inspect.signature(best).parameters) == ["past"]
        past[:] = 1e9  # it may do with it what it likes
        return 0

    choices = walk_forward(weekly, gap=1, least=2, chooser=greedy)
    assert seen == [2, 3, 4, 5, 6] and (weekly == kept).all()
    assert [choice.out_of_sample for choice in choices] == list(kept[0, 3:])


def test_the_best_of_many_without_an_edge_is_no_evidence() -> None:
    p_values = [reality_check(noise(300, 30, seed), samples=300, seed=seed).p_value for seed in range(60)]
    assert np.mean(np.array(p_values) <= 0.05) < 0.15  # nominal 0.05; the first plan alone would be tested at it, too
    assert min(p_values) > 0 and max(p_values) <= 1


def test_a_real_edge_is_found_among_many() -> None:
    weekly = noise(300, 60, seed=5)
    weekly[17] += 1.2
    found = reality_check(weekly, samples=500)
    assert found.plan == 17 and found.p_value < 0.01 and found.trials == 300


def test_more_trials_make_the_same_best_plan_less_surprising() -> None:
    few = noise(20, 40, seed=9)
    few[3] += 0.42
    many = np.vstack([few, np.random.default_rng(10).normal(-0.2, 1.0, (2000, 40))])
    many[20:] -= many[20:].mean(axis=1, keepdims=True)  # none of them is better than the one above
    lone, deflated = reality_check(few), reality_check(many)
    assert lone.plan == deflated.plan == 3 and deflated.p_value > 2 * lone.p_value


def test_nothing_traded_is_p_one() -> None:
    found = reality_check(np.zeros((5, 8)))
    assert (found.plan, found.p_value, found.trials) == (None, 1.0, 5)


# --- findings


def results_of(weekly: np.ndarray) -> PlanResults:
    zero = np.zeros_like(weekly)
    columns = dict.fromkeys(("contracts", "orders", "filled", "cost", "promised"), np.ones_like(weekly))
    parts = {"spread": zero - 0.01, "adverse": zero + 0.02, "fees": zero + 0.03, "forecast": weekly + 0.02}
    weeks = tuple(f"week {number}" for number in range(weekly.shape[1]))
    names = [{"model": f"m{number}"} for number in range(weekly.shape[0])]
    return PlanResults(weeks, {"pnl": weekly, **columns, **parts}, names)


def find(weekly: np.ndarray, mark: str = "") -> str:
    return sweep_findings(results_of(weekly), gap=1, least=4, samples=300, seed=1, mark=mark).verdict


def test_the_verdict_says_what_the_numbers_say() -> None:
    strong = noise(5, 60, seed=2)
    strong[0] += 3
    assert find(strong).startswith("Evidence of an edge after fees: out of sample mean +$")
    assert find(noise(5, 60, seed=2)).startswith("No evidence of an edge after fees: ")
    assert find(strong[:, :20]).startswith("Too little to judge after fees: ") and "needs 20 weeks" in find(
        strong[:, :20]
    )
    assert find(strong, "SAMPLE").startswith("Made-up SAMPLE data, no evidence of anything")
    assert find(strong, "MID").startswith("Fills at the mid, which nobody gets, no evidence of anything")
    assert "no week is left" in find(strong[:, :3])


def test_chance_gains_out_of_sample_need_the_reality_check_too() -> None:
    weekly = np.full((400, 40), -0.01)
    weekly[:, 30:] = 0.0
    lucky = noise(400, 40, seed=4) * 0.001
    assert not find(lucky + weekly * 0).startswith("Evidence of an edge")


def test_only_chosen_plans_have_an_out_of_sample_cell() -> None:
    results = results_of(noise(6, 20, seed=8, edge=0.3))
    findings = sweep_findings(results, gap=1, least=4, samples=200, seed=1)
    rows = plan_rows(results, findings)
    chosen = {choice.plan for choice in findings.choices}
    assert {row["plan"] for row in rows if row["out_of_sample_pnl"] is not None} == chosen - {None}
    total = sum(float(str(row["out_of_sample_pnl"])) for row in rows if row["out_of_sample_pnl"] is not None)
    assert total == pytest.approx(sum(choice.out_of_sample for choice in findings.choices), abs=1e-5)
    said = findings_json(results, findings)
    assert said["trials"] == 6 and len(said["walk_forward"]) == len(findings.choices)
    split = findings.split
    assert split.realised == pytest.approx(split.forecast + split.spread + split.fee + split.adverse)
    assert isinstance(findings.out_of_sample, metrics.Interval)
