"""The simulated session: prices are fair, days do not depend on each other, a bias is bounded."""

from __future__ import annotations

import numpy as np
import pytest

from kalshi.errors import ConfigError
from kalshi.season.market import FAIR, Bias, Session, fair, walks, winners, yes_bids

COARSE = Session(step_s=600)


def test_prices_of_a_ladder_add_up_to_a_dollar_at_every_step() -> None:
    index = walks(COARSE, 3, range(20))
    for step in range(COARSE.steps + 1):
        prices = fair(COARSE, index[:, step], step)
        assert prices.shape == (20, 30)
        assert np.allclose(prices.sum(axis=1), 1)
        assert (prices >= 0).all()


def test_prices_have_no_drift() -> None:
    index = walks(COARSE, 5, range(4000))
    open_, later = fair(COARSE, index[:, 0], 0), fair(COARSE, index[:, 30], 30)
    near = open_.mean(axis=0) > 0.005  # in the far wings a day in ten thousand makes the mean
    change = (later - open_).mean(axis=0)[near]
    error = (later - open_).std(axis=0)[near] / np.sqrt(4000)
    assert near.sum() > 10
    assert (np.abs(change) <= 4 * error).all()


def test_the_winner_is_the_market_that_is_worth_a_dollar_at_the_close() -> None:
    index = walks(COARSE, 1, range(50))
    final = fair(COARSE, index[:, -1], COARSE.steps)
    assert (final.argmax(axis=1) == winners(COARSE, index[:, -1])).all()
    edges = np.array([-14.0, 14.0, -14.1])  # a settlement on the edge belongs to the bracket above it
    assert winners(COARSE, edges).tolist() == [1, 29, 0]


def test_a_day_is_the_same_whatever_days_are_made_with_it() -> None:
    assert (walks(COARSE, 7, range(3, 9))[2] == walks(COARSE, 7, range(5, 6))[0]).all()
    assert not (walks(COARSE, 7, range(1)) == walks(COARSE, 8, range(1))).all()


def test_bids_are_the_price_rounded_down() -> None:
    prices = np.array([[0.0, 0.0099, 0.55, 0.5499, 1.0]])
    assert yes_bids(prices).tolist() == [[0, 0, 55, 54, 99]]


def test_a_bias_makes_cheap_yes_dearer_and_dear_yes_cheaper_but_never_more_than_doubles() -> None:
    prices = np.array([[0.0, 0.01, 0.20, 0.50, 0.80]])
    assert yes_bids(prices, Bias(0.10)).tolist() == [[0, 2, 23, 50, 77]]
    assert yes_bids(prices, Bias(flat=0.02)).tolist() == [[0, 2, 22, 52, 82]]
    assert FAIR.name == "fair prices"
    assert Bias(0.034, 0.02).name == "longshot bias 0.034, YES +2c"


@pytest.mark.parametrize("given", [{"sigma": 0}, {"step_s": 7}, {"ranges": 3}, {"slope": 0.6}, {"flat": 1}], ids=str)
def test_what_makes_no_sense_is_refused(given: dict[str, float]) -> None:
    kind: type = Bias if set(given) & {"slope", "flat"} else Session
    with pytest.raises(ConfigError):
        kind(**given)
