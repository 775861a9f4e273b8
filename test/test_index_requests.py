"""How many requests each index script makes of a served exchange, in a dry run and with its orders."""

from __future__ import annotations

import pytest

from index.served_scripts import Scripts, scripts

__all__ = ["scripts"]  # the fixture


def test_a_whole_morning_is_six_reads_and_its_orders(scripts: Scripts) -> None:
    first, _ = scripts.start("morning", "09:35", "--dry-run")  # reads the schedule too, which is kept for three days
    assert first == {"GET": 7}
    requests, said = scripts.start("morning", "09:36")
    orders = requests["POST"]
    assert orders >= 10 and requests == {"GET": 6, "POST": orders}
    assert f"Now {orders} own orders rest" in said


@pytest.mark.parametrize(
    ("script", "at", "reads"),
    [
        ("main", "10:00", 6),
        ("midday", "12:00", 6),
        ("sp_daily_every_10_minutes", "10:00", 6),
        ("nasdaq_daily_every_10_minutes", "10:10", 6),
        ("before_close", "10:00", 6),
        ("afternoon", "15:50", 6),
    ],
)
def test_a_dry_run_on_a_quiet_day_only_reads(scripts: Scripts, script: str, at: str, reads: int) -> None:
    requests, _ = scripts.start(script, at, "--dry-run")
    assert set(requests) == {"GET"} and requests["GET"] <= reads, requests
