"""When the exchange says that it is open: maintenance windows and weekly hours of its own schedule."""

from __future__ import annotations

from datetime import datetime, time

from kalshi.exchange.models import DailySchedule, Schedule
from kalshi.trading.intents import NEW_YORK

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MIDNIGHT = time(0)


def why_closed(schedule: Schedule, now: datetime) -> str:
    """Return why the exchange is closed at *now* (aware), empty where it is open or says nothing of that week.

    Starts are inclusive, ends exclusive. Hours are New York's on that date; a span that ends at 00:00, or
    before it begins, ends with the day.
    """
    for window in schedule.maintenance_windows:
        if window.start_datetime <= now < window.end_datetime:
            return f"maintenance until {window.end_datetime:%Y-%m-%d %H:%M} UTC"
    local = now.astimezone(NEW_YORK)
    for week in schedule.standard_hours:
        if week.start_time <= now < week.end_time:
            spans: list[DailySchedule] = getattr(week, WEEKDAYS[local.weekday()])
            if not any(_inside(span, local.time()) for span in spans):
                hours = ", ".join(f"{span.open_time}-{span.close_time}" for span in spans) or "none"
                return f"outside the exchange's hours of {local:%A} (New York): {hours}"
            break
    return ""


def _inside(span: DailySchedule, at: time) -> bool:
    opens, closes = time.fromisoformat(span.open_time), time.fromisoformat(span.close_time)
    return opens <= at and (closes <= opens or closes == MIDNIGHT or at < closes)
