"""Shared parts of the TSA tests: the real counts where the machine has them, and made-up ones elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kalshi.tsa.vintages import Vintages

DATA = Path(os.environ.get("KALSHI_SHARED_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")


def _file(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{name} is not on this machine (KALSHI_SHARED_DATA)")
    return path


@pytest.fixture(scope="session")
def real_counts() -> Path:
    return _file("tsa_counts.csv")


@pytest.fixture(scope="session")
def real_first_prints() -> Path:
    return _file("tsa_first_print.csv")


@pytest.fixture(scope="session")
def real_markets() -> Path:
    return _file("kxtsaw_markets.csv")


@pytest.fixture(scope="session")
def real_candles() -> Path:
    return _file("kxtsaw_candles_1d.csv")


@pytest.fixture(scope="session")
def real_vintages(real_counts: Path, real_first_prints: Path) -> Vintages:
    return Vintages.from_shared(real_counts, real_first_prints)
