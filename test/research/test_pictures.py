"""The picture is drawn without a display, also where there is little to draw."""

from __future__ import annotations

import subprocess
import sys
from itertools import combinations

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


@pytest.mark.parametrize("shift", [0.0, 0.004, 0.03])
def test_no_number_lies_on_another_or_on_a_mark(shift: float) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    from kalshi.research.pictures import backtest_figure

    model = np.repeat([0.05, 0.28, 0.5, 0.7, 0.93], 12)
    outcome = np.tile(np.arange(12) % 2 * 1.0, 5)
    close = Quotes(model, model + shift, model / 9, outcome, np.arange(60, dtype=np.int64) // 4)
    figure = backtest_figure(parse_trades(csv_of(three_weeks()), "test"), close, title="t", mark="SAMPLE")
    canvas = figure.canvas
    assert isinstance(canvas, FigureCanvasAgg)
    canvas.draw()
    axes = figure.axes[1]
    boxes = [text.get_window_extent() for text in axes.texts]
    assert [text.get_text() for text in axes.texts] == ["12"] * 10
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    marks = [axes.transData.transform(xy) for line in axes.lines[1:] for xy in np.column_stack(line.get_data())]
    assert not any(box.padded(8).contains(*mark) for box in boxes for mark in marks)


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
