from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi.errors import DataError
from kalshi.tsa.release_calendar import released_at
from kalshi.tsa.vintages import ASSUMED, SEEN, Vintage, Vintages
from kalshi.tsa.weeks import new_york

MONDAY = date(2026, 5, 4)
NOON = new_york(date(2026, 5, 6), 12)


def test_a_later_vintage_is_never_seen_and_never_overwrites() -> None:
    first = Vintages(()).merge({MONDAY: 2_400_000}, NOON)
    revised = first.merge({MONDAY: 2_410_000}, NOON + timedelta(days=30))
    assert revised.known(NOON).value(MONDAY) == 2_400_000
    later = revised.known(NOON + timedelta(days=30))
    assert later.value(MONDAY) == 2_410_000
    assert later.first_print(MONDAY) == 2_400_000
    assert [row.passengers for row in revised.rows] == [2_400_000, 2_410_000]


def test_an_unchanged_page_adds_nothing() -> None:
    first = Vintages(()).merge({MONDAY: 2_400_000}, NOON)
    assert first.merge({MONDAY: 2_400_000}, NOON + timedelta(hours=1)) is first


def test_history_is_marked_as_assumed_and_new_days_as_seen() -> None:
    days = {MONDAY + timedelta(days=n): 2_300_000 + n for n in range(-20, 1)}
    first = Vintages(()).merge(days, NOON)
    assert {row.basis for row in first.rows} == {ASSUMED}
    assert all(row.first_seen_at == released_at(row.day) for row in first.rows)
    after = first.merge({MONDAY + timedelta(days=1): 2_000_000}, NOON)
    assert after.rows[-1] == Vintage(NOON, MONDAY + timedelta(days=1), 2_000_000, SEEN)


def test_the_edge_of_as_of_is_inclusive() -> None:
    rows = Vintages([Vintage(NOON, MONDAY, 2_400_000)])
    assert rows.known(NOON).value(MONDAY) == 2_400_000
    assert rows.known(NOON - timedelta(seconds=1)).value(MONDAY) is None


def test_a_file_survives_the_round_trip(tmp_path: Path) -> None:
    rows = Vintages(()).merge({MONDAY: 2_400_000, date(2026, 5, 5): 2_000_001}, NOON)
    rows.save(tmp_path / "new" / "vintages.csv")
    assert Vintages.load(tmp_path / "new" / "vintages.csv").rows == rows.rows
    assert not list((tmp_path / "new").glob("*.tmp"))


def test_saving_keeps_rows_that_another_process_stored(tmp_path: Path) -> None:
    path = tmp_path / "vintages.csv"
    ours = Vintages([Vintage(NOON, MONDAY, 2_400_000)])
    theirs = Vintages([Vintage(NOON, MONDAY - timedelta(days=1), 2_500_000)])
    theirs.save(path)
    ours.save(path)
    assert len(Vintages.load(path)) == 2


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("2026-05-04,abc,2026-05-05T13:00:00Z,seen", "line 3.*abc"),
        ("2026-05-04,2400000,2026-05-05T13:00:00,seen", "line 3.*time zone"),
        ("2026-05-04,24,2026-05-05T13:00:00Z,seen", "line 3.*outside"),
        ("2026-05-04,2400000,2026-05-03T13:00:00Z,seen", "line 3.*before it began"),
        ("2026-05-04,2400000", "line 3"),
        ("2026-05-04,2400000,2026-05-05T13:00:00Z,guessed", "line 3.*guessed"),
        ("2026-05-04,2400000,0001-01-01T00:00:00+14:00,seen", "line 3.*out of range"),
        (f"2026-05-04,2400000,2026-05-05T13:00:00Z,{'x' * 200_000}", "line 3.*field limit"),
    ],
)
def test_a_corrupt_file_is_named_by_line_and_left_alone(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "vintages.csv"
    text = f"day,passengers,first_seen_at,basis\n2026-05-03,2500000,2026-05-04T13:00:00Z,seen\n{line}\n"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        Vintages.load(path)
    with pytest.raises(DataError, match=message):
        Vintages([Vintage(NOON, MONDAY, 2_400_000)]).save(path)
    assert path.read_text() == text


def test_a_cut_off_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "vintages.csv"
    path.write_text("day,passengers,first_seen_at,basis\n2026-05-03,2500000,2026-05-04T13:00:00Z,seen")
    with pytest.raises(DataError, match="cut off"):
        Vintages.load(path)


def test_an_absent_file_is_an_empty_collection(tmp_path: Path) -> None:
    empty = Vintages.load(tmp_path / "none.csv")
    assert len(empty) == 0
    assert empty.known(NOON).value(MONDAY) is None


def test_restated_history_appears_on_january_16() -> None:
    day = date(2025, 6, 2)
    rows = Vintages.from_counts({day: 2_500_000}, {day: 2_480_000})
    assert rows.known(released_at(day)).value(day) == 2_480_000
    assert rows.known(new_york(date(2026, 1, 15), 23, 59)).value(day) == 2_480_000
    assert rows.known(new_york(date(2026, 1, 16), 0)).value(day) == 2_500_000


def test_a_gap_is_unknown_and_not_filled() -> None:
    rows = Vintages(()).merge({MONDAY: 2_400_000, MONDAY + timedelta(days=2): 2_500_000}, NOON)
    known = rows.known(NOON)
    assert known.value(MONDAY + timedelta(days=1)) is None
    assert known.newest_day == MONDAY + timedelta(days=2)
    assert known.through((MONDAY + timedelta(days=1)).toordinal()).newest_day == MONDAY


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.integers(60_000, 3_000_000), st.integers(0, 400)),
        min_size=1,
        max_size=40,
    ),
    st.integers(0, 400),
)
def test_known_equals_known_of_the_truncated_history(rows: list[tuple[int, int, int]], hours: int) -> None:
    start = datetime(2026, 5, 20, tzinfo=UTC)
    vintages = [
        Vintage(start + timedelta(hours=seen), MONDAY + timedelta(days=day), count)
        for day, count, seen in rows
    ]
    as_of = start + timedelta(hours=hours)
    whole = Vintages(vintages).known(as_of)
    cut = Vintages([row for row in vintages if row.first_seen_at <= as_of]).known(as_of)
    assert whole.newest_day == cut.newest_day or not cut.values.size
    for day in range(10):
        asked = MONDAY + timedelta(days=day)
        assert whole.value(asked) == cut.value(asked)
        assert whole.first_print(asked) == cut.first_print(asked)


def test_shared_history_follows_its_caveats(real_vintages: Vintages) -> None:
    known = real_vintages.known(datetime(2026, 12, 1, tzinfo=UTC))
    assert known.newest_day == date(2026, 6, 28)
    assert not np.isnan(known.values).any()
    assert known.first_print(date(2020, 6, 12)) == 548_394  # caught too late: not taken for a first print
    assert known.first_print(date(2022, 6, 13)) != known.value(date(2022, 6, 13))
