"""The point-in-time dataset: what is in a row, what is not, and that the bot and the simulation make it alike."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from kalshi.errors import ConfigError, DataError
from kalshi.history.quote_candle import QuoteCandle
from kalshi.tsa.dataset import Dataset, build_dataset, history_look, moments
from kalshi.tsa.dataset_file import KNOWN_FIELDS, LATER_FIELDS, dataset_bytes, read_dataset, summary_of, table_of
from kalshi.tsa.point_in_time import StrikeQuote, features_of, look_at
from kalshi.tsa.quotes import EventHistory, MarketHistory
from kalshi.tsa.sample_history import sample_history
from kalshi.tsa.vintages import Vintage, Vintages
from kalshi.tsa.weeks import new_york

ROOT = Path(__file__).resolve().parents[2]
SUNDAY = date(2026, 3, 8)  # the clocks go forward on it
EVENTS, VINTAGES = sample_history(date(2026, 3, 1), SUNDAY, 1440)
EVENT = EVENTS[-1]
MODELS = ("yoy_hol", "earlier_fixed")


def built(*events: EventHistory, times: tuple[time, ...] = (time(10, 30),), vintages: Vintages = VINTAGES) -> Dataset:
    return build_dataset(events, vintages, MODELS, times=times)


def test_there_is_one_row_per_event_moment_and_strike() -> None:
    made = built(*EVENTS)
    keys = [(row.look.event_ticker, row.look.as_of, row.look.points[row.number].strike) for row in made.rows]
    assert len(set(keys)) == len(keys) == sum(7 * len(event.markets) for event in EVENTS)
    assert keys == sorted(keys, key=lambda key: (key[1], key[2]))


def test_a_row_knows_nothing_from_after_its_moment() -> None:
    for row in built(*EVENTS, times=(time(0), time(10, 30), time(23, 0))).rows:
        look, point = row.look, row.look.points[row.number]
        assert point.quote is None or point.quote.at <= look.as_of
        assert row.fill is None or row.fill.at > look.as_of
        assert look.features.newest_day < look.as_of.date()
        assert look.features.next_release > look.as_of or look.features.late_days


def test_the_simulation_and_a_bot_at_that_moment_say_the_same() -> None:
    as_of = new_york(SUNDAY - timedelta(days=3), 10, 30)
    simulated = history_look(EVENT, as_of, VINTAGES, MODELS)
    seen = Vintages(row for row in VINTAGES.rows if row.first_seen_at <= as_of)  # all a bot could have stored
    quotes = {point.ticker: point.quote for point in simulated.points if point.quote is not None}
    live = look_at(seen.known(as_of), SUNDAY, EVENT.markets, MODELS, quotes=quotes)
    assert live.features == simulated.features
    assert live.points == simulated.points
    for model in MODELS:
        assert live.forecasts[model].mean == simulated.forecasts[model].mean


def test_later_counts_and_quotes_are_refused() -> None:
    as_of = new_york(SUNDAY - timedelta(days=3), 10, 30)
    known = VINTAGES.known(as_of)
    late = {EVENT.markets[0].ticker: StrikeQuote(None, Decimal("0.5"), as_of + timedelta(seconds=1))}
    with pytest.raises(ValueError, match="which is after"):
        look_at(known, SUNDAY, EVENT.markets, MODELS, quotes=late)
    with pytest.raises(ValueError, match="the counts: of"):
        look_at(known, SUNDAY, EVENT.markets, MODELS, as_of=as_of - timedelta(seconds=1))


def test_midnight_sees_the_candle_that_closes_then() -> None:
    tuesday = moments(SUNDAY, [time(0)])[1]
    candle = QuoteCandle(int(tuesday.timestamp()), Decimal("0.40"), Decimal("0.44"))
    event = replace(EVENT, markets=tuple(replace(market, candles=(candle,)) for market in EVENT.markets))
    point = history_look(event, tuesday, VINTAGES, MODELS).points[0]
    assert point.quote == StrikeQuote(Decimal("0.40"), Decimal("0.44"), tuesday)
    assert history_look(event, tuesday - timedelta(seconds=1), VINTAGES, MODELS).points[0].quote is None


def test_moments_follow_the_wall_clock_through_a_change_of_the_clocks() -> None:
    hours = [moment.hour for moment in moments(SUNDAY, [time(10, 30)])]
    assert hours == [15, 15, 15, 15, 15, 15, 14]
    twice = moments(date(2026, 11, 1), [time(1, 30)])[-1]  # 01:30 comes twice on that Sunday
    assert twice == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


def test_features_count_what_is_published_and_what_is_late() -> None:
    thursday = SUNDAY - timedelta(days=3)
    found = features_of(VINTAGES.known(new_york(thursday, 10, 30)), SUNDAY)
    assert (found.known_days, found.late_days, found.newest_day) == (3, 0, thursday - timedelta(days=1))
    outage = Vintages(row for row in VINTAGES.rows if not thursday - timedelta(days=4) < row.day < thursday)
    late = features_of(outage.known(new_york(thursday, 10, 30)), SUNDAY)
    assert (late.known_days, late.late_days, late.week_sum) == (0, 3, 0)
    assert late.next_release == new_york(thursday - timedelta(days=2), 9)


def test_a_revision_after_the_week_moves_neither_forecast_nor_outcome() -> None:
    moved = Vintages((
        *VINTAGES.rows,
        *(Vintage(new_york(SUNDAY + timedelta(days=30), 9), SUNDAY - timedelta(days=n), 3_900_000) for n in range(7)),
    ))
    assert table_of(built(EVENT)).equals(table_of(built(EVENT, vintages=moved)))


def test_what_can_not_be_a_row_is_counted_by_name() -> None:
    single = replace(EVENT, markets=EVENT.markets[:1])
    late = replace(EVENT, open_at=new_york(SUNDAY - timedelta(days=3), 12))
    made = built(single, late)
    size = len(EVENT.markets)
    assert made.excluded[EVENT.event_ticker, "a ladder of 1 strike"] == 7
    assert made.excluded[EVENT.event_ticker, "not open for trading at that time"] == 4 * size
    assert len(made.rows) == 3 * size
    with pytest.raises(DataError, match="no row can be made: a ladder of 1 strike"):
        built(single)


def test_markets_without_result_or_quotes_stay_with_empty_cells_and_a_count() -> None:
    silent = (QuoteCandle(int(new_york(SUNDAY, 0).timestamp()), None, None),)
    markets = tuple(MarketHistory(market.ticker, market.strike, "", silent) for market in EVENT.markets)
    made = built(replace(EVENT, markets=markets, has_results=True))
    cells = 7 * len(markets)
    assert made.notes["no result of yes or no"] == cells
    assert made.notes["no quote seen yet"] == cells
    assert sum(count for note, count in made.notes.items() if note.startswith("no quote to fill at")) == cells
    assert table_of(made).column("bid").null_count == cells
    assert summary_of(made)["empty_cells"]["no result of yes or no"] == cells


def test_a_model_without_a_forecast_leaves_its_cells_empty() -> None:
    first = min(row.day for row in VINTAGES.rows if row.day.year == 2026)
    short = Vintages(row for row in VINTAGES.rows if row.day >= first)
    made = built(EVENT, vintages=short)
    table = table_of(made)
    assert table.column("p_yoy_hol").null_count == len(made.rows)
    assert any(note.startswith("no forecast by yoy_hol") for note in made.notes)


def test_a_file_comes_back_with_its_origin_and_is_the_same_each_time(tmp_path: Path) -> None:
    made = built(EVENT)
    about = {**summary_of(made), "parameters": {"times": ["10:30"]}}
    content = dataset_bytes(made, about)
    assert content == dataset_bytes(built(EVENT), about)
    path = tmp_path / "weeks.parquet"
    path.write_bytes(content)
    table, found = read_dataset(path)
    assert found == json.loads(json.dumps(about))
    assert table.equals(table_of(made))
    assert [field.name for field in table.schema] == list(found["columns"])
    assert {name for name, _ in (*KNOWN_FIELDS, *LATER_FIELDS)} < set(found["columns"])


def test_what_is_no_dataset_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        read_dataset(tmp_path / "absent.parquet")
    (tmp_path / "text.parquet").write_text("no parquet")
    with pytest.raises(DataError, match="is no dataset"):
        read_dataset(tmp_path / "text.parquet")
    old = tmp_path / "old.parquet"
    old.write_bytes(dataset_bytes(built(EVENT), {"format": 0}))
    with pytest.raises(DataError, match="has format 0"):
        read_dataset(old)


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "kalshi.build_dataset", *arguments]
    return subprocess.run(words, cwd=ROOT, env={**os.environ, "PYTHONPATH": "src"}, capture_output=True, text=True,
                          timeout=120, check=False)


PERIOD = ("--start", "2026-03-02", "--end", "2026-03-08")


def test_the_command_writes_file_and_origin(tmp_path: Path) -> None:
    out = tmp_path / "new" / "weeks.parquet"
    done = command(*PERIOD, "--sample", "--models", "yoy_hol", "--out", str(out), "--report-dir", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "SAMPLE" in done.stdout
    table, inside = read_dataset(out)
    beside = json.loads(out.with_suffix(".json").read_text())
    assert beside["rows"] == table.num_rows == inside["rows"] > 0
    assert beside["parameters"]["times"] == ["10:30"]
    assert inside.items() <= beside.items()
    assert "generated_at" not in inside


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((*PERIOD, "--sample", "--out", "weeks.csv"), 2, "must end in .parquet"),
        ((*PERIOD, "--sample", "--out", "w.parquet", "--times", "noon"), 2, "write HH:MM"),
        ((*PERIOD, "--sample", "--out", "w.parquet", "--times", "10:30Z"), 2, "without a zone"),
        ((*PERIOD, "--sample", "--out", "w.parquet", "--counts", "x.csv"), 2, "exclude each other"),
        (("--start", "2026-03-09", "--end", "2026-03-08", "--out", "w.parquet"), 2, "exchange the two"),
    ],
)
def test_wrong_use_is_one_line(tmp_path: Path, arguments: tuple[str, ...], code: int, words: str) -> None:
    done = command(*arguments, "--report-dir", str(tmp_path))
    assert done.returncode == code, done.stdout + done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_the_documented_command_runs(tmp_path: Path) -> None:
    text = (ROOT / "reference" / "backtesting.md").read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if "kalshi.build_dataset" in line and "--out" in line)
    words = line.split("kalshi.build_dataset ")[1].replace("weeks.parquet", str(tmp_path / "weeks.parquet")).split()
    done = command(*words, "--models", "earlier_fixed", "--report-dir", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "weeks.json").exists()
