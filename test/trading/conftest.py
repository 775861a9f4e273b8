"""A hall for each test: exchange, network that can fail, store and clock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kalshi.store.place import Place
from trading.harness import Hall


@pytest.fixture
def hall(tmp_path: Path, store_place: Place) -> Iterator[Hall]:
    """A hall for each database: a test that takes it runs on SQLite and on PostgreSQL."""
    hall = Hall(tmp_path, store_place)
    yield hall
    hall.close()
