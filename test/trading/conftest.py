"""A hall for each test: exchange, network that can fail, store and clock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from trading.harness import Hall


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    hall = Hall(tmp_path)
    yield hall
    hall.close()
