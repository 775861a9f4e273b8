"""The picture is drawn without a display, also where there is little to draw."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from backtest_files import csv_of, three_weeks
from kalshi.research.market_score import Quotes, score_against_mid
from kalshi.research.trades import parse_trades

PNG = b"\x89PNG\r\n\x1a\n"


def quotes(number: int) -> Quotes:
    half = np.full(number, 0.5)
    return Quotes(half, half + 0.1, half / 5, np.arange(number) % 2 * 1.0, np.arange(number, dtype=np.int64) // 2)


@pytest.mark.parametrize(("rows", "number"), [(6, 12), (6, 0), (1, 1)])
def test_a_png_comes_out(rows: int, number: int) -> None:
    from kalshi.research.pictures import backtest_picture

    trades = parse_trades(csv_of(three_weeks()[:rows]), "test")
    assert backtest_picture(trades, quotes(number), title="t", mark="SAMPLE").startswith(PNG)


def test_nothing_is_drawn_with_before_it_is_needed() -> None:
    program = "import sys; import kalshi.research.pictures; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], env={"PYTHONPATH": ":".join(sys.path)}).returncode == 0


def test_model_and_market_are_scored_on_the_same_quotes() -> None:
    everything, usable = score_against_mid(
        Quotes(
            model=np.array([0.8, 0.2, 0.99]), mid=np.array([0.7, 0.4, 0.985]), spread=np.array([0.1, 0.06, 0.01]),
            outcome=np.array([1.0, 0.0, 1.0]), weeks=np.array([1, 2, 2], dtype=np.int64),
        )
    )  # fmt: skip
    assert (everything.quotes, everything.weeks, usable.quotes, usable.weeks) == (3, 2, 2, 2)
    assert usable.model == pytest.approx(0.04)
    assert usable.mid == pytest.approx((0.09 + 0.16) / 2)
    assert usable.difference.mean == pytest.approx(0.04 - 0.125)
    assert usable.half_and_half == pytest.approx((0.0625 + 0.09) / 2)
