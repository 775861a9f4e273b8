"""The look-ahead check finds nothing in the registered models, and finds every way of cheating tried here."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import pytest

from kalshi.errors import DataError
from kalshi.tsa.dataset import history_look
from kalshi.tsa.known import Floats, Ints, Known
from kalshi.tsa.lookahead import Hunt, cut, hunt, hunt_events, spoiled
from kalshi.tsa.lookahead_said import LookFrom, said_of_week
from kalshi.tsa.models import DEFAULT_MODEL, MODELS, Model
from kalshi.tsa.point_in_time import Look, StrikeQuote
from kalshi.tsa.quotes import EventHistory
from kalshi.tsa.sample import sample_vintages
from kalshi.tsa.sample_history import sample_history
from kalshi.tsa.vintages import Vintages
from kalshi.tsa.walk_forward import FAR_FUTURE, view_at
from kalshi.tsa.weeks import new_york

ROOT = Path(__file__).resolve().parents[2]
SAMPLE_COUNTS = ROOT / "src" / "data" / "historical_data.csv"


class LastYear:
    """An honest model that the cheating ones are made of: the same weekday a year ago."""

    name = "last_year"

    def day_logs(self, known: Known, days: Ints) -> Floats:
        return known.logs_at(days - 364)


class ReadsTheFuture(LastYear):
    """Asks the history behind the view for everything."""

    name = "reads_the_future"

    def day_logs(self, known: Known, days: Ints) -> Floats:
        return known.history.known(FAR_FUTURE).logs_at(days)


class ReadsTheRestatement(LastYear):
    """Uses the newest value of last year's days, restated or not."""

    name = "reads_the_restatement"

    def day_logs(self, known: Known, days: Ints) -> Floats:
        return known.history.known(FAR_FUTURE).logs_at(days - 364)


class RemembersTheFuture(LastYear):
    """Keeps what a later call computed, under a key that does not say when."""

    name = "remembers_the_future"

    def day_logs(self, known: Known, days: Ints) -> Floats:
        level = known.history.memory.setdefault("level", float(np.nanmean(known.logs[-28:])))
        return known.logs_at(days - 364) * 0 + level


class CountsTheRows(LastYear):
    """Looks at no value at all, only at how many rows there are."""

    name = "counts_the_rows"

    def day_logs(self, known: Known, days: Ints) -> Floats:
        return known.logs_at(days - 364) + len(known.history) * 1e-15


def sample() -> Vintages:
    """Sample counts with a year that is restated."""
    rows = sample_vintages(new_york(date(2026, 6, 29), 12)).rows
    counts = {row.day: row.passengers + 40_000 * (row.day.year == 2025) for row in rows}
    return Vintages.from_counts(counts, {row.day: row.passengers for row in rows})


def hunted(model: str | Model, every: int = 1) -> Hunt:
    return hunt(sample(), [model], first=date(2026, 1, 11), last=date(2026, 2, 1), horizons=("k0", "k4"), every=every)


LEARNING = ("mstl", "boosted", "stacked")  # each world learns anew, which takes its time: one week, one horizon


@pytest.mark.parametrize("model", [name for name in MODELS if name not in LEARNING])
def test_no_model_of_the_registry_leaks(model: str) -> None:
    found = hunted(model, every=2)
    assert found.leaks == []
    assert found.compared == {(model, "k0"): 4, (model, "k4"): 4}
    assert not any(found.refused.values())


def test_no_learning_model_leaks() -> None:
    short = Vintages(row for row in sample().rows if row.day >= date(2023, 7, 1))
    found = hunt(short, LEARNING, first=date(2026, 1, 18), last=date(2026, 1, 18), horizons=("k2",))
    assert found.leaks == []
    assert found.compared == {(model, "k2"): 2 for model in LEARNING}
    assert not any(found.refused.values())


@pytest.mark.parametrize("model", [ReadsTheFuture(), ReadsTheRestatement(), RemembersTheFuture(), CountsTheRows()])
def test_a_leaking_model_is_caught(model: Model) -> None:
    found = hunted(model)
    assert found.leaks
    assert {leak.model for leak in found.leaks} == {model.name}
    assert all(leak.full != leak.other for leak in found.leaks)


def test_an_honest_model_is_not() -> None:
    assert hunted(LastYear()).leaks == []


def test_a_restatement_is_read_from_january_16_on() -> None:
    found = hunted(ReadsTheRestatement())
    assert {(leak.week_sunday, leak.horizon) for leak in found.leaks if leak.world == "cut"} == {
        (date(2026, 1, 11), "k0"), (date(2026, 1, 11), "k4"), (date(2026, 1, 18), "k0"),
    }


EVENTS, SAMPLE = sample_history(date(2026, 3, 1), date(2026, 3, 8), 1440)


def peeking(event: EventHistory, as_of: datetime, vintages: Vintages, models: Sequence[str | Model]) -> Look:
    """Look at the quotes that the next candle will close with."""
    look = history_look(event, as_of, vintages, models)
    ends = {market.ticker: market.first_candle(as_of, event.close_at) for market in event.markets}
    quotes = {ticker: StrikeQuote(end.bid, end.ask, as_of) for ticker, end in ends.items() if end is not None}
    return replace(look, points=tuple(replace(p, quote=quotes.get(p.ticker, p.quote)) for p in look.points))


def resulting(event: EventHistory, as_of: datetime, vintages: Vintages, models: Sequence[str | Model]) -> Look:
    """State the probability that the result makes right."""
    look = history_look(event, as_of, vintages, models)
    ends = {market.ticker: float(market.result == "yes") for market in event.markets}
    points = (replace(p, probs={model: (prob + ends[p.ticker]) / 2 for model, prob in p.probs.items()})
              for p in look.points)
    return replace(look, points=tuple(points))


def knowing(event: EventHistory, as_of: datetime, vintages: Vintages, models: Sequence[str | Model]) -> Look:
    """Take a feature from what is known in the end."""
    look = history_look(event, as_of, vintages, models)
    return replace(look, features=replace(look.features, mean_7=float(np.nanmean(vintages.known(FAR_FUTURE).values))))


def test_no_decision_on_recorded_quotes_changes_with_the_future() -> None:
    found = hunt_events(EVENTS[:1], SAMPLE, ["yoy_hol", "earlier_fixed"])
    assert found.leaks == []
    assert found.weeks == (date(2026, 3, 1),)
    assert sum(found.compared.values()) == 2 * 2 * 7


@pytest.mark.parametrize(
    ("look_from", "what"), [(peeking, "quote of"), (resulting, "decision at"), (knowing, "feature mean_7")]
)
def test_a_leaking_quote_decision_or_feature_is_caught(look_from: LookFrom, what: str) -> None:
    found = hunt_events(EVENTS[:1], SAMPLE, ["yoy_hol"], times=(time(16, 0),), look_from=look_from)
    assert found.leaks
    assert {leak.world for leak in found.leaks} == {"cut", "spoiled"}
    assert all(leak.field.startswith(what) for leak in found.leaks)


def test_decisions_are_among_what_is_compared_without_recorded_quotes_too() -> None:
    names = said_of_week(view_at(sample(), date(2026, 1, 18), "k2"), date(2026, 1, 18), MODELS["yoy_hol"])
    assert {"mean", "P(> 2300000)", "feature growth_7", "feature late_days", "decision at 2300000"} <= set(names)


def test_the_worlds_hold_the_past_as_it_was() -> None:
    vintages = sample()
    known = view_at(vintages, date(2026, 1, 11), "k2")
    for world in (cut(vintages, known), spoiled(vintages, known)):
        view = view_at(world, date(2026, 1, 11), "k2")
        assert view.as_of == known.as_of
        assert np.array_equal(view.values, known.values, equal_nan=True)
        assert np.array_equal(view.first_prints, known.first_prints, equal_nan=True)
    later = spoiled(vintages, known).known(known.as_of + timedelta(days=1))
    assert later.value(date(2025, 7, 1)) != known.value(date(2025, 7, 1))


def test_a_view_refuses_to_look_ahead() -> None:
    known = view_at(sample(), date(2026, 1, 11), "k2")
    known.before(known.newest)
    with pytest.raises(ValueError, match="not known"):
        known.before(known.newest + 1)


def test_a_period_without_a_complete_week_is_refused() -> None:
    with pytest.raises(DataError, match="nothing to compare"):
        hunt(sample(), [DEFAULT_MODEL], first=date(2026, 8, 1), last=date(2026, 9, 1))


def test_the_default_model_does_not_leak_on_real_counts(real_vintages: Vintages) -> None:
    found = hunt(
        real_vintages, [DEFAULT_MODEL], first=date(2025, 11, 16), last=date(2026, 1, 25), every=10,
        horizons=("D-7 Thu", "k0", "k4"),
    )
    assert found.weeks == (date(2025, 11, 16), date(2026, 1, 25))
    assert found.leaks == []
    assert not any(found.refused.values())


def command(*arguments: str, code: str = "") -> subprocess.CompletedProcess[str]:
    start = ["-c", code] if code else ["-m", "kalshi.lookahead"]
    return subprocess.run(
        [sys.executable, *start, *arguments], cwd=ROOT, env={**os.environ, "PYTHONPATH": "src"},
        capture_output=True, text=True, timeout=120, check=False,
    )


PERIOD = ("--counts", str(SAMPLE_COUNTS), "--from", "2026-05-01", "--to", "2026-05-10", "--every", "2")
LEAKING = """
from kalshi.tsa.models import MODELS
from kalshi.tsa.walk_forward import FAR_FUTURE
class Leaking:
    name = "leaking"
    def day_logs(self, known, days):
        return known.history.known(FAR_FUTURE).logs_at(days)
MODELS["leaking"] = Leaking()
from kalshi.lookahead import main
raise SystemExit(main())
"""


def test_the_command_says_that_nothing_changed() -> None:
    done = command(*PERIOD, "--models", "yoy_hol,earlier_fixed")
    assert done.returncode == 0, done.stderr
    assert "No forecast changed by a bit" in done.stdout
    assert "1 week ending 2026-05-10" in done.stdout


def test_the_command_checks_decisions_on_recorded_quotes(tmp_path: Path) -> None:
    tickers = [f"KXTSAW-26MAY10-A{strike}" for strike in ("2.30", "2.40")]
    ends = [int(new_york(date(2026, 5, 5 + number), 0).timestamp()) for number in range(5)]
    candles, markets = tmp_path / "candles.csv", tmp_path / "markets.csv"
    candles.write_text("ticker,end_period_ts,yes_bid_close_dollars,yes_ask_close_dollars\n" + "".join(
        f"{ticker},{end},0.4{number},0.5{number}\n" for ticker in tickers for number, end in enumerate(ends)
    ))
    markets.write_text("ticker,result\n" + "".join(f"{ticker},yes\n" for ticker in tickers))
    done = command(*PERIOD, "--models", "yoy_hol", "--candles", str(candles), "--markets", str(markets))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 event with the quotes of" in done.stdout
    assert "no feature and no decision" in done.stdout


def test_the_command_names_a_leak_and_ends_with_1() -> None:
    done = command(*PERIOD, "--models", "yoy_hol,leaking", code=LEAKING)
    assert done.returncode == 1, done.stderr
    assert "LEAK" in done.stdout
    assert "mean" in done.stdout
    assert "2026-05-10" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--counts", "nowhere.csv"), 2, "no such file"),
        ((*PERIOD, "--models", "magic"), 2, "unknown model 'magic'"),
        ((*PERIOD[:6], "--every", "0"), 2, "--every 0"),
        ((*PERIOD, "--markets", "m.csv"), 2, "--markets needs --candles"),
        ((*PERIOD[:2], "--from", "2026-06-01", "--to", "2026-05-01"), 2, "exchange the two"),
        ((*PERIOD[:2], "--from", "2030-06-01", "--to", "2030-07-01"), 3, "nothing to compare"),
    ],
)
def test_trouble_is_one_line(arguments: tuple[str, ...], code: int, words: str) -> None:
    done = command(*arguments)
    assert done.returncode == code, done.stdout + done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
