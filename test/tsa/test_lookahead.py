"""The look-ahead check finds nothing in the registered models, and finds every way of cheating tried here."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from kalshi.errors import DataError
from kalshi.tsa.known import Floats, Ints, Known
from kalshi.tsa.lookahead import Hunt, cut, hunt, spoiled
from kalshi.tsa.models import DEFAULT_MODEL, MODELS, Model
from kalshi.tsa.sample import sample_vintages
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


def hunted(model: str | Model, **options: int) -> Hunt:
    return hunt(sample(), [model], first=date(2026, 1, 11), last=date(2026, 2, 1), horizons=("k0", "k4"), **options)


@pytest.mark.parametrize("model", ["earlier", "earlier_fixed", "yoy_hol", "analog", "dhr", "combined"])
def test_no_model_of_the_registry_leaks(model: str) -> None:
    found = hunted(model, every=2)
    assert found.leaks == ()
    assert found.compared == {(model, "k0"): 4, (model, "k4"): 4}
    assert not any(found.refused.values())


def test_every_model_is_in_that_list() -> None:
    assert set(MODELS) == {"earlier", "earlier_fixed", "yoy_hol", "analog", "dhr", "combined"}


@pytest.mark.parametrize("model", [ReadsTheFuture(), ReadsTheRestatement(), RemembersTheFuture(), CountsTheRows()])
def test_a_leaking_model_is_caught(model: Model) -> None:
    found = hunted(model)
    assert found.leaks
    assert {leak.model for leak in found.leaks} == {model.name}
    assert all(leak.full != leak.other for leak in found.leaks)


def test_an_honest_model_is_not() -> None:
    assert hunted(LastYear()).leaks == ()


def test_a_restatement_is_read_from_january_16_on() -> None:
    found = hunted(ReadsTheRestatement())
    assert {(leak.week_sunday, leak.horizon) for leak in found.leaks if leak.world == "cut"} == {
        (date(2026, 1, 11), "k0"), (date(2026, 1, 11), "k4"), (date(2026, 1, 18), "k0"),
    }


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
    period = {"first": date(2025, 11, 16), "last": date(2026, 1, 25)}
    found = hunt(real_vintages, [DEFAULT_MODEL], **period, every=10, horizons=("D-7 Thu", "k0", "k4"))
    assert found.weeks == (date(2025, 11, 16), date(2026, 1, 25))
    assert found.leaks == ()
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
        ((*PERIOD[:2], "--from", "2026-06-01", "--to", "2026-05-01"), 2, "exchange the two"),
        ((*PERIOD[:2], "--from", "2030-06-01", "--to", "2030-07-01"), 3, "nothing to compare"),
    ],
)
def test_trouble_is_one_line(arguments: tuple[str, ...], code: int, words: str) -> None:
    done = command(*arguments)
    assert done.returncode == code, done.stdout + done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
