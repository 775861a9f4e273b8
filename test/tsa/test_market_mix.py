"""The second stage: what the weight is learned from, and that a mixed ladder is a ladder."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kalshi.tsa.dataset import build_dataset, history_look, learned_mixer, moments
from kalshi.tsa.market_mix import LEAST_EVENTS, Mixer, Quoted, learn_weight, mix_ladder, mixed_name, usable_mid
from kalshi.tsa.point_in_time import Point, StrikeQuote
from kalshi.tsa.sample_history import sample_history
from kalshi.tsa.weeks import new_york

EVENTS, VINTAGES = sample_history(date(2026, 2, 1), date(2026, 3, 8), 1440)
MODEL = "yoy_hol"


def events(model_right: bool, count: int = 8) -> list[Quoted]:
    """Quotes of *count* events on which one of model and mid is near the outcome and the other is not."""
    found = []
    for number in range(count):
        for outcome in (0, 1):
            good, bad = (0.9, 0.4) if outcome else (0.1, 0.6)
            model, mid = (good, bad) if model_right else (bad, good)
            found.append(Quoted(f"E{number}", model, mid, outcome))
    return found


def test_who_is_right_gets_the_weight() -> None:
    assert learn_weight(events(model_right=True)) == 1
    assert learn_weight(events(model_right=False)) == 0


def test_too_few_events_give_the_model_no_weight() -> None:
    past = events(model_right=True)
    few = [one for one in past if one.event_ticker < f"E{LEAST_EVENTS - 1}"]
    assert learn_weight(few) == 0
    assert learn_weight([]) == 0


def test_each_event_counts_once_however_many_quotes_it_has() -> None:
    right, wrong = events(model_right=True, count=3), events(model_right=False, count=4)
    many = [Quoted(f"R{one.event_ticker}", one.model, one.mid, one.outcome) for one in right] * 50
    assert learn_weight([*many, *wrong]) < 0.5


def test_the_weight_has_the_least_loss_of_the_grid() -> None:
    draw = np.random.default_rng(3)
    past = []
    for number in range(12):
        for _ in range(5):
            truth = float(draw.uniform(0.05, 0.95))
            noise = draw.normal(size=2)
            model, mid = (1 / (1 + math.exp(-(math.log(truth / (1 - truth)) + one))) for one in noise)
            past.append(Quoted(f"E{number}", model, mid, int(draw.random() < truth)))

    def loss(weight: float) -> float:
        total = 0.0
        for one in past:
            odds = weight * math.log(one.model / (1 - one.model)) + (1 - weight) * math.log(one.mid / (1 - one.mid))
            total += math.log(1 + math.exp(-odds if one.outcome else odds))
        return total

    weight = learn_weight(past)
    assert 0 < weight < 1
    assert all(loss(weight) <= loss(other) + 1e-9 for other in np.linspace(0, 1, 21))


LADDER = st.lists(st.floats(0, 1), min_size=2, max_size=21).map(lambda values: sorted(values, reverse=True))


@settings(max_examples=150, deadline=None)
@given(LADDER, st.floats(0, 1), st.data())
def test_a_mixed_ladder_is_a_ladder(probs: list[float], w: float, data: st.DataObject) -> None:
    mids = data.draw(st.lists(st.none() | st.floats(0.03, 0.97), min_size=len(probs), max_size=len(probs)))
    mixed = mix_ladder(probs, mids, w)
    assert all(0 <= prob <= 1 for prob in mixed)
    assert all(later <= earlier + 1e-12 for earlier, later in pairwise(mixed))
    assert [prob for prob in mixed if prob in (0, 1)] == [prob for prob in probs if prob in (0, 1)]


def test_the_ends_of_the_weight_are_model_and_market() -> None:
    probs, mids = [0.9, 0.6, 0.2], [0.8, 0.5, 0.1]
    assert mix_ladder(probs, mids, 1.0) == pytest.approx(probs)
    assert mix_ladder(probs, mids, 0.0) == pytest.approx(mids)
    assert mix_ladder(probs, [None] * 3, 0.0) == probs


def test_a_strike_without_a_price_moves_with_its_neighbours() -> None:
    mixed = mix_ladder([0.8, 0.5, 0.3], [0.6, None, 0.1], 0.0)
    assert mixed[1] < 0.5
    assert mixed[0] > mixed[1] > mixed[2]


@pytest.mark.parametrize(
    ("bid", "ask", "mid"),
    [
        ("0.40", "0.50", 0.45), ("0.40", "0.51", None), ("0.50", "0.50", None), ("0.01", "0.03", None),
        (None, "0.5", None),
    ],
)
def test_what_is_a_usable_price(bid: str | None, ask: str | None, mid: float | None) -> None:
    quote = StrikeQuote(bid and Decimal(bid), ask and Decimal(ask), datetime(2026, 3, 3, tzinfo=UTC))  # type: ignore[arg-type]
    assert usable_mid(Point("E", "E-A2.1", 2_100_000, quote.at, quote, {})) == mid


def test_an_event_is_learned_from_when_its_week_is_known_and_not_before() -> None:
    mixer = Mixer([MODEL])
    for event in EVENTS:
        for as_of in moments(event.sunday, [new_york(event.sunday, 10).time()])[1:]:
            look = history_look(event, as_of, VINTAGES, [MODEL])
            mixer.learn(look, [int(market.result == "yes") for market in event.markets])
    first = VINTAGES.known(new_york(EVENTS[0].sunday + timedelta(days=1), 8))  # before Monday's release
    assert mixer.weight(MODEL, first) == (0.0, 0)
    weight, settled = mixer.weight(MODEL, VINTAGES.known(new_york(EVENTS[-1].sunday + timedelta(days=3), 12)))
    assert weight > 0
    assert settled == len(EVENTS)


def test_a_mixer_learns_at_the_closes_of_daily_candles() -> None:
    mixer = learned_mixer(EVENTS[:3], VINTAGES, [MODEL])
    known = VINTAGES.known(new_york(EVENTS[-1].sunday, 12))
    assert mixer.weight(MODEL, known)[1] == 3
    thursday = new_york(EVENTS[-1].sunday - timedelta(days=3), 10, 30)
    look = history_look(EVENTS[-1], thursday, VINTAGES, [MODEL])
    assert set(mixer.mix(look, known).points[0].probs) == {MODEL, mixed_name(MODEL)}


def test_the_dataset_mixes_without_a_look_at_later_events() -> None:
    whole = build_dataset(EVENTS, VINTAGES, [MODEL], with_market=True)
    name = mixed_name(MODEL)
    assert whole.mixed == (name,)
    part = build_dataset(EVENTS[:4], VINTAGES, [MODEL], with_market=True)
    said = [[row.look.points[row.number].probs[name] for row in one.rows] for one in (whole, part)]
    assert said[0][: len(said[1])] == said[1]
