"""About a hundred kills on each change; `make torture` does a thousand and more."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path

import pytest

from databases import BOTH
from torture.campaign import campaign

KILLS = 50


@pytest.mark.timeout(1200)
@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler named cc: the boundaries can not be preloaded")
@pytest.mark.parametrize("database", BOTH)
def test_no_kill_and_no_lost_answer_costs_money(tmp_path: Path, database: str) -> None:
    seed = secrets.randbelow(10**6)
    print("seed", seed)
    tally = campaign(KILLS, seed, tmp_path, postgresql=database == "postgresql")
    print(tally.text())
    assert not tally.bad, tally.text()
    assert tally.kills >= KILLS and tally.faults > 0 and tally.exchange_kills > 0 and tally.orders > 20
