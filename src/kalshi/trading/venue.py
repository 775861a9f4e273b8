"""What only the exchange knows before an order: whether it trades, the money on a shard, the location attestation.

Each is read when it is first needed and kept for a while: the balance for the run, the state for a minute.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from kalshi.errors import ExchangeError
from kalshi.exchange.models import ExchangeStatus, Market
from kalshi.store.rows import OrderRow, Refusal
from kalshi.trading.controls import refusal
from kalshi.trading.exposure import full_cost, most_contracts
from kalshi.trading.kept_schedule import schedule_at
from kalshi.trading.opening_hours import why_closed

if TYPE_CHECKING:
    from kalshi.clients import ExchangeClient
    from kalshi.exchange.models import Balance, Schedule, Series

STATUS_AGE = timedelta(minutes=1)
# A pause met by an order is believed for so long, whatever the state says: a paused market is not asked again.
PAUSE_AGE = timedelta(minutes=5)
PAUSED = ("trading_is_paused", "exchange_is_paused")
# Not tradable with a lapsed attestation; economics and financial series are not among them.
ATTESTED_CATEGORIES = ("sports", "elections", "entertainment")
ATTESTATION_WARNING = timedelta(days=14)


class Venue:
    """What one run has learned of the exchange. attests: whether its keys need a location attestation.

    schedule_file: where the schedule is kept between runs; None: it is read in each.
    """

    def __init__(
        self,
        exchange: ExchangeClient,
        clock: Callable[[], datetime],
        *,
        attests: bool = True,
        schedule_file: Path | None = None,
    ) -> None:
        self.exchange, self.clock, self.schedule_file = exchange, clock, schedule_file
        self.attests = attests
        self._status: tuple[datetime, ExchangeStatus] | None = None
        self._schedule: Schedule | None = None
        self._paused: dict[str, tuple[datetime, str]] = {}
        self._balance: Balance | None = None
        self._spent: dict[int, Decimal] = {}
        self._attested_until: datetime | None = None
        self._attestation_read = False
        self._category: dict[str, str] = {}

    def refusal(self, row: OrderRow, market: Market) -> Refusal | None:
        """Return why the exchange would not take an order now, or why it can not be known; else None."""
        return self._paused_lately(row) or self._closed(row, market) or self._unattested(row)

    def unpaid(self, row: OrderRow, *, already: Decimal = Decimal(0)) -> Refusal | None:
        """Return why the money on the market's own shard does not cover the order.

        already: dollars that the exchange holds for it.
        """
        if row.reduces:
            return None
        shard = row.exchange_index
        try:
            balance = self.balance()
        except ExchangeError as error:
            return Refusal("balance", f"the balance could not be read: {error}")
        cash = balance.on_shard(shard) - self._spent.get(shard, Decimal(0)) + already
        cost = full_cost(row)
        if cost <= cash:
            return None
        possible = most_contracts(row, lambda smaller: full_cost(smaller) <= cash)
        where = f" ({shards_in_words(balance)})" if balance.balance_breakdown else ""
        return refusal("balance", f"costs up to ${cost:.2f}, but shard {shard} has ${cash:.2f}{where}", possible)

    def balance(self) -> Balance:
        """Return the money as it was when this run first asked, before what it sent since."""
        if self._balance is None:
            self._balance = self.exchange.balance()
        return self._balance

    def status(self) -> ExchangeStatus:
        """Return whether the exchange trades, at most a minute old."""
        now = self.clock()
        if self._status is None or now - self._status[0] > STATUS_AGE:
            self._status = (now, self.exchange.exchange_status())
        return self._status[1]

    def know(self, series: Series) -> None:
        """Take over a series that was read elsewhere in this run."""
        self._category[series.ticker] = series.category

    def pay(self, row: OrderRow) -> None:
        """Count an order's cost against the balance that was read."""
        if not row.reduces:
            self._spent[row.exchange_index] = self._spent.get(row.exchange_index, Decimal(0)) + full_cost(row)

    def give_back(self, row: OrderRow) -> None:
        """Take back what `pay` counted for an order that the exchange did not take."""
        if not row.reduces:
            self._spent[row.exchange_index] = self._spent.get(row.exchange_index, Decimal(0)) - full_cost(row)

    def met(self, row: OrderRow) -> None:
        """Learn from a rejection: after a pause nothing more is sent to that market, or to anything, for a while."""
        if row.code == PAUSED[0]:
            self._paused[row.ticker] = (self.clock(), row.code)
        elif row.code == PAUSED[1]:
            self._paused[""] = (self.clock(), row.code)

    def balance_in_words(self) -> str:
        """Return the money of each shard, read anew, for the reason of a rejection."""
        try:
            return shards_in_words(self.exchange.balance())
        except ExchangeError as error:
            return f"the balance could not be read: {error}"

    def attestation_warning(self) -> str:
        """Return what a person should know about the location attestation; empty in time or where it was not read."""
        until = self._attested_until
        if until is None or until - self.clock() > ATTESTATION_WARNING:
            return ""
        when = f"{until:%Y-%m-%d %H:%M} UTC"
        if until > self.clock():
            return f"the location attestation ends at {when}: renew it on the exchange's page"
        return f"the location attestation ended at {when}: sports, elections and entertainment can not be traded"

    # --- one question each

    def _paused_lately(self, row: OrderRow) -> Refusal | None:
        for name in ("", row.ticker):
            at, code = self._paused.get(name, (None, ""))
            if at is not None and self.clock() - at < PAUSE_AGE:
                return Refusal("pause", f"paused at {at:%H:%M} UTC ({code}): not sent, the next run tries again")
        return None

    def _closed(self, row: OrderRow, market: Market) -> Refusal | None:
        now = self.clock()
        try:
            status = self.status()
            if self._schedule is None:
                self._schedule = schedule_at(self.schedule_file, now, self.exchange.exchange_schedule)
        except ExchangeError as error:
            if row.reduces:
                return None  # let the exchange itself say no to an exit
            return Refusal("exchange", f"whether the exchange trades could not be read: {error}")
        if not status.trades_on(market.exchange_index):
            back = status.exchange_estimated_resume_time
            until = f", expected back at {back:%Y-%m-%d %H:%M} UTC" if back else ""
            return Refusal("pause", f"trading is paused on shard {market.exchange_index}{until}")
        closed = why_closed(self._schedule, now)
        return Refusal("exchange hours", closed) if closed else None

    def _unattested(self, row: OrderRow) -> Refusal | None:
        if row.reduces or not self.attests:
            return None
        try:
            known = self._category.get(row.ticker.partition("-")[0])
            if known is not None and known.lower() not in ATTESTED_CATEGORIES:
                return None
            until = self._attestation()
            if until is not None and until > self.clock():
                return None
            category = self._category_of(row.ticker)
        except ExchangeError as error:
            return Refusal("attestation", f"the location attestation could not be read: {error}")
        if category.lower() not in ATTESTED_CATEGORIES:
            return None
        said = f"ended at {until:%Y-%m-%d %H:%M} UTC" if until else "was never made"
        return Refusal(
            "attestation", f"the location attestation {said}: {category} can not be traded until a person renews it"
        )

    def _attestation(self) -> datetime | None:
        if self.attests and not self._attestation_read:
            ends = self.exchange.api_keys().api_key_region_expiration_ts
            self._attested_until = None if ends is None else datetime.fromtimestamp(ends, UTC)
            self._attestation_read = True
        return self._attested_until

    def _category_of(self, ticker: str) -> str:
        series = ticker.partition("-")[0]
        if series not in self._category:
            self._category[series] = self.exchange.series(series).category
        return self._category[series]


def shards_in_words(balance: Balance) -> str:
    """Return the money of each shard, such as `shard 0: $12.00, shard 2: $0.00`."""
    rows = balance.balance_breakdown or ()
    return ", ".join(f"shard {row.exchange_index}: ${row.balance:.2f}" for row in rows) or "no breakdown by shard"
