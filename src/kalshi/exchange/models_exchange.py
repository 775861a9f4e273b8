"""What the exchange says about itself: state, hours, and the boundaries of its archive."""

from __future__ import annotations

from kalshi.exchange.models_market import Moment, Wire


class ExchangeIndexStatus(Wire, frozen=True):
    """State of one shard."""

    exchange_index: int
    exchange_active: bool
    trading_active: bool
    intra_exchange_transfers_active: bool
    description: str = ""


class ExchangeStatus(Wire, frozen=True):
    """State of the exchange; the top-level flags describe shard 0 only."""

    exchange_active: bool
    trading_active: bool
    intra_exchange_transfers_active: bool | None = None
    exchange_estimated_resume_time: Moment | None = None
    exchange_index_statuses: list[ExchangeIndexStatus] | None = None

    def trades_on(self, exchange_index: int) -> bool:
        """Return whether trading is active on that shard."""
        for shard in self.exchange_index_statuses or ():
            if shard.exchange_index == exchange_index:
                return shard.exchange_active and shard.trading_active
        return self.exchange_active and self.trading_active


class DailySchedule(Wire, frozen=True):
    """One span of trading, "HH:MM" Eastern time."""

    open_time: str
    close_time: str


class WeeklySchedule(Wire, frozen=True):
    """Trading hours by weekday, valid from start_time to end_time."""

    start_time: Moment
    end_time: Moment
    monday: list[DailySchedule]
    tuesday: list[DailySchedule]
    wednesday: list[DailySchedule]
    thursday: list[DailySchedule]
    friday: list[DailySchedule]
    saturday: list[DailySchedule]
    sunday: list[DailySchedule]


class MaintenanceWindow(Wire, frozen=True):
    """A stated pause."""

    start_datetime: Moment
    end_datetime: Moment


class Schedule(Wire, frozen=True):
    """Trading hours and maintenance windows."""

    standard_hours: list[WeeklySchedule]
    maintenance_windows: list[MaintenanceWindow]


class UserDataTimestamp(Wire, frozen=True):
    """How fresh balance, orders, fills and positions are."""

    as_of_time: Moment


class HistoricalCutoff(Wire, frozen=True):
    """Boundaries between live and archived data."""

    market_settled_ts: Moment
    trades_created_ts: Moment
    orders_updated_ts: Moment
    market_positions_last_updated_ts: Moment | None = None
