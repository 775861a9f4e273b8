"""The picture of a simulated day: the indices, own fills at their times, and what the sets guarantee."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from kalshi.drawing import BLUE, GREEN, ORANGE, RED, new_figure, png
from kalshi.index.tickers import NASDAQ_DAILY, SP_DAILY
from kalshi.runtime.clock import new_york
from kalshi.season.day_account import guarantee_over_time, time_of
from kalshi.season.day_report import Day
from kalshi.season.pictures import MARK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SERIES = {"^GSPC": (SP_DAILY, "S&P 500"), "^NDX": (NASDAQ_DAILY, "Nasdaq-100")}
SIDES = (("bid", GREEN, "^", "bought YES or sold NO"), ("ask", RED, "v", "bought NO or sold YES"))


def day_picture(day: Day) -> bytes:
    """Return a PNG: one panel per index with own fills, and below the guaranteed P&L of each event."""
    title = f"SIMULATED {day.plan.day:%A, %Y-%m-%d}, seed {day.seed}: index, own fills, guaranteed P&L"
    figure = new_figure(10.5, 7.6, title, mark=MARK)
    symbols = [symbol for symbol in SERIES if symbol in day.minutes]
    panels = figure.subplots(len(symbols) + 1, 1, sharex=True, height_ratios=[2.0] * len(symbols) + [1.7])
    for axes, symbol in zip(panels, symbols, strict=False):
        _index(axes, symbol, day)
    _guarantees(panels[-1], day)
    hours = range(int(_hour(day.minutes[symbols[0]][0][0])), int(_hour(day.minutes[symbols[0]][-1][0])) + 1)
    panels[-1].set_xticks(list(hours), [f"{hour}:00" for hour in hours])
    said = f"New York time. {day.accounting.sentence}. {day.accounting.money}."
    panels[-1].set_xlabel(said, fontsize=8.5)
    return png(figure)


def _index(axes: Axes, symbol: str, day: Day) -> None:
    series, name = SERIES[symbol]
    points = [(_hour(at), value) for at, value in day.minutes[symbol]]
    axes.plot([hour for hour, _ in points], [value for _, value in points], color=BLUE, linewidth=1.3)
    fills = [fill for fill in day.books.fills if fill.ticker.startswith(f"{series}-")]
    for side, color, marker, label in SIDES:
        hours = [_hour(time_of(fill)) for fill in fills if fill.book_side == side]
        if hours:
            levels = [_value_at(points, hour) for hour in hours]
            shown = f"{label} ({len(hours)} fill{'s' * (len(hours) != 1)})"
            axes.scatter(hours, levels, color=color, marker=marker, s=34, zorder=3, label=shown)
    axes.set_title(f"{name}, points" + ("" if fills else ": no own fill"), fontsize=9.5, loc="left")
    axes.grid(color="#e2e2e2", linewidth=0.6)
    if fills:
        axes.legend(fontsize=8, loc="upper left", frameon=False)


def _guarantees(axes: Axes, day: Day) -> None:
    opens = min(_hour(points[0][0]) for points in day.minutes.values())
    closes = max(_hour(points[-1][0]) for points in day.minutes.values())
    for series, color in ((SP_DAILY, BLUE), (NASDAQ_DAILY, ORANGE)):
        for event in (name for name in day.events if name.startswith(f"{series}-")):
            path = guarantee_over_time(day.books.fills, event)
            hours = [opens, *(_hour(at) for at, _, _ in path), closes]
            values = [0.0, *(float(floor) for _, floor, _ in path)]
            axes.step(hours, [*values, values[-1]], where="post", color=color, linewidth=1.8, label=event)
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set_title("guaranteed P&L of an event, dollars after fees", fontsize=9.5, loc="left")
    axes.grid(color="#e2e2e2", linewidth=0.6)
    axes.margins(y=0.25)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=8, loc="best", frameon=False)


def _hour(at: datetime) -> float:
    """Return the hour of the day in New York, with its fraction."""
    local = new_york(at)
    return local.hour + local.minute / 60 + local.second / 3600


def _value_at(points: Sequence[tuple[float, float]], hour: float) -> float:
    """Return the last value known at *hour*."""
    return next((value for at, value in reversed(points) if at <= hour), points[0][1])
