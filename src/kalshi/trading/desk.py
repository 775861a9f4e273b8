"""The one door for money: identity, controls, a durable row, one attempt, and an outcome that is never guessed."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from kalshi.errors import ExchangeError, OutcomeUnknown
from kalshi.exchange.models import CreateOrder, Event, Market, Order
from kalshi.exchange.models_orders import TAKER_AT_CROSS
from kalshi.pricing.fees import fee_bound
from kalshi.store import Store
from kalshi.store.rows import OrderRow
from kalshi.store.schema import ACCEPTED, REFUSED, REJECTED, UNKNOWN, UNRESOLVED
from kalshi.trading.cancels import CancelResult, cancel_order, cancel_resting
from kalshi.trading.controls import Check, first_refusal, shared_limits
from kalshi.trading.flatten import flatten
from kalshi.trading.intents import Intent, Side, client_order_id
from kalshi.trading.limits import Limits
from kalshi.trading.lookup import Absent, find_order
from kalshi.trading.outcomes import ALREADY_EXISTS, FOK_KILLED, OrderReport, rejection_reason, report_of
from kalshi.trading.reconcile import Break, learn, reconcile

if TYPE_CHECKING:
    from kalshi.clients import ExchangeClient

__all__ = ["Desk", "OrderReport"]

log = logging.getLogger(__name__)

DAY = timedelta(hours=24)
ONE = Decimal(1)
# Series differ in their multiplier; the bound that is reserved assumes no less than the usual one.
FEE_MULTIPLIER = Decimal(1)


class Desk:
    """Submits, cancels and flattens for the strategies of one run; `reports` keeps what became of each intent.

    clock: aware time. sleep: waits between look-ups. dry_run: everything but sending.
    stop_dir: where a file named STOP, or STOP.<strategy>, stops every order.
    """

    def __init__(
        self,
        exchange: ExchangeClient,
        store: Store,
        limits: Limits,
        *,
        clock: Callable[[], datetime],
        dry_run: bool,
        run_id: str,
        sleep: Callable[[float], None] = time.sleep,
        stop_dir: Path | None = None,
    ) -> None:
        self.exchange, self.store, self.limits = exchange, store, limits
        self.clock, self.sleep = clock, sleep
        self.dry_run, self.run_id, self.stop_dir = dry_run, run_id, stop_dir
        self.reports: list[OrderReport] = []
        self._sent = 0
        self._cash: dict[int, Decimal] = {}

    def submit(
        self, intent: Intent, market: Market, *, event: Event | None = None, quoted_at: datetime | None = None
    ) -> OrderReport:
        """Place *intent* once, however often it is submitted, and return what is known of it.

        market: as read from the exchange. quoted_at: when; given, stale prices are refused.
        Raises StoreError before anything is sent where the record can not be kept.
        """
        report = self._submit(intent, market, event, quoted_at)
        self.reports.append(report)
        log.info(
            "%s: %s: %s", intent, report.outcome.value, report.reason,
            extra={"event": intent.event_ticker, "ticker": intent.ticker,
                   "client_order_id": report.client_order_id},
        )
        return report

    def submit_all(
        self, pairs: Sequence[tuple[Intent, Market]], *, quoted_at: datetime | None = None
    ) -> list[OrderReport]:
        """Submit several intents, one after the other."""
        return [self.submit(intent, market, quoted_at=quoted_at) for intent, market in pairs]

    def cancel(self, order_id: str, ticker: str) -> CancelResult:
        """Cancel one order of ours; one that is gone already is no error."""
        return cancel_order(self, order_id, ticker)

    def cancel_resting(self, event_ticker: str) -> list[CancelResult]:
        """Cancel all orders of ours that rest in an event; one failure does not stop the others."""
        return cancel_resting(self, event_ticker)

    def flatten(self, market: Market, worst_price: Decimal, rounds: int = 3) -> OrderReport:
        """Sell what is held in *market*, immediate-or-cancel, for at least *worst_price* of the side held."""
        return flatten(self, market, worst_price, rounds)

    def reconcile(self, event_ticker: str | None = None) -> list[Break]:
        """Make the store agree with the exchange and return what could not be made to agree."""
        return reconcile(self, event_ticker)

    # --- one order

    def _submit(
        self, intent: Intent, market: Market, event: Event | None, quoted_at: datetime | None
    ) -> OrderReport:
        identity = client_order_id(intent)
        known = self.store.order(identity)
        if known is not None and known.state in UNRESOLVED:
            known = self.resolve(known)
        if known is not None and known.state in (ACCEPTED, UNKNOWN):
            return report_of(intent, known, f"already {known.state} at {known.updated_at:%Y-%m-%d %H:%M} UTC")
        if known is not None and known.code == FOK_KILLED:
            return report_of(intent, known)  # its identity is spent: a new attempt needs a new generation
        row = self._row(intent, market, identity)
        reason = self._refusal(intent, market, row, quoted_at)
        if reason is not None:
            self.store.refuse(row, reason)
            return report_of(intent, row.replace(state=REFUSED, reason=reason))
        since = row.created_at - DAY
        reason = self.store.reserve(
            row, lambda others: shared_limits(row, others, self.limits, since), since=since
        )
        if reason is not None:
            return report_of(intent, row.replace(state=REFUSED, reason=reason))
        return report_of(intent, self._send(intent, row))

    def _row(self, intent: Intent, market: Market, identity: str) -> OrderRow:
        now = self.clock()
        return OrderRow(
            client_order_id=identity,
            run_id=self.run_id,
            strategy=intent.strategy,
            run_date=intent.run_date,
            event_ticker=intent.event_ticker,
            ticker=intent.ticker,
            side=intent.side.value,
            price=intent.price,
            count=intent.count,
            purpose=intent.purpose,
            generation=intent.generation,
            reduces=intent.reduces,
            strike_type=market.strike_type,
            floor_strike=market.floor_strike,
            cap_strike=market.cap_strike,
            exchange_index=market.exchange_index,
            fee_bound=_fee_bound(intent),
            created_at=now,
            updated_at=now,
            remaining=intent.count,
        )

    def _refusal(
        self, intent: Intent, market: Market, row: OrderRow, quoted_at: datetime | None
    ) -> str | None:
        now = self.clock()
        check = Check(
            intent=intent, market=market, row=row, limits=self.limits, now=now, quoted_at=quoted_at,
            sent_this_run=self._sent, locks=self.store.locks(now),
        )
        return first_refusal(check) or self._stopped(intent) or self._dry(intent, row) or self._unpaid(row)

    def _stopped(self, intent: Intent) -> str | None:
        for name in ("STOP", f"STOP.{intent.strategy}"):
            if self.stop_dir is not None and (self.stop_dir / name).exists():
                return f"stopped by the file {self.stop_dir / name}"
        return None

    def _dry(self, intent: Intent, row: OrderRow) -> str | None:
        if not self.dry_run:
            return None
        return f"dry run: would {intent}, at most ${row.price * row.count + row.fee_bound:.2f}"

    def _unpaid(self, row: OrderRow) -> str | None:
        """Return why the money on the market's own shard does not cover the order, read once per run."""
        if row.reduces:
            return None
        shard = row.exchange_index
        if shard not in self._cash:
            self._cash[shard] = self.exchange.balance().on_shard(shard)
        cost = row.price * row.count + row.fee_bound
        if cost > self._cash[shard]:
            return f"costs up to ${cost:.2f}, but shard {shard} has ${self._cash[shard]:.2f}"
        self._cash[shard] -= cost
        return None

    def _send(self, intent: Intent, row: OrderRow, *, again: bool = False) -> OrderRow:
        self._sent += 1
        began = self.clock()
        try:
            created = self.exchange.create_order(_request(intent, row))
        except OutcomeUnknown as error:
            log.warning("%s: no certain answer (%s): looking it up", intent, error)
            return self._after_lost_answer(intent, row, began, str(error), again=again)
        except ExchangeError as error:
            if error.code == ALREADY_EXISTS:
                return self._after_lost_answer(intent, row, row.created_at, "it arrived before", again=True)
            return self._ended(row, REJECTED, rejection_reason(error), code=error.code)
        price = created.average_fill_price
        return self._ended(
            row,
            ACCEPTED,
            _accepted_reason(intent, created.fill_count, created.remaining_count),
            order_id=created.order_id,
            filled=created.fill_count,
            remaining=created.remaining_count,
            average_price=_own_side(intent.side, price),
            fee=None if created.average_fee_paid is None else created.average_fee_paid * created.fill_count,
        )

    def _after_lost_answer(
        self, intent: Intent, row: OrderRow, began: datetime, why: str, *, again: bool
    ) -> OrderRow:
        found = find_order(
            self.exchange, row.ticker, row.client_order_id, began, self.clock(), self.sleep
        )
        if isinstance(found, Order):
            return learn(self, row, found, f"answer lost ({why}), found on the exchange")
        if found is Absent.NOT_THERE and not again:
            # The exchange's data are newer than the attempt and do not hold it: the same order, the same
            # identity, once more. Should it have arrived after all, the answer is order_already_exists.
            return self._send(intent, row, again=True)
        return self._ended(row, UNKNOWN, f"outcome unknown: {why}: look for it on the exchange")

    def resolve(self, row: OrderRow) -> OrderRow:
        """Look up an order of an earlier attempt or run; what is certainly not there becomes rejected."""
        began = row.sent_at or row.created_at
        found = find_order(self.exchange, row.ticker, row.client_order_id, began, row.updated_at, self.sleep)
        if isinstance(found, Order):
            return learn(self, row, found, "answer lost, found on the exchange")
        if found is Absent.NOT_THERE:
            return self._ended(row, REJECTED, "never arrived at the exchange", code="never_arrived")
        return self._ended(row, UNKNOWN, "outcome unknown: the exchange could not be asked with certainty")

    def _ended(self, row: OrderRow, state: str, reason: str, **values: object) -> OrderRow:
        changes = {"state": state, "reason": reason, "updated_at": self.clock(), **values}
        self.store.update_order(row.client_order_id, **changes)
        return row.replace(**changes)


def _request(intent: Intent, row: OrderRow) -> CreateOrder:
    expiration = intent.expiration
    return CreateOrder(
        ticker=intent.ticker,
        side=intent.book_side,
        count=intent.count,
        price=intent.yes_price,
        time_in_force=intent.time_in_force,
        self_trade_prevention_type=TAKER_AT_CROSS,
        client_order_id=row.client_order_id,
        expiration_time=None if expiration is None else int(expiration.timestamp()),
        post_only=True if intent.post_only else None,
        reduce_only=True if intent.reduces else None,
        # A market that was paused comes back at another price.
        cancel_order_on_pause=True if expiration is not None or intent.post_only else None,
        subaccount=0,
        exchange_index=row.exchange_index,
    )


def _fee_bound(intent: Intent) -> Decimal:
    if intent.reduces or not (intent.price.is_finite() and intent.count.is_finite() and 0 < intent.price < ONE):
        return Decimal(0)
    return fee_bound(intent.price, intent.count, FEE_MULTIPLIER)


def _own_side(side: Side, yes_price: Decimal | None) -> Decimal | None:
    if yes_price is None:
        return None
    return yes_price if side is Side.YES else ONE - yes_price


def _accepted_reason(intent: Intent, filled: Decimal, remaining: Decimal) -> str:
    if filled and not remaining:
        return "filled" if filled == intent.count else "filled in part, the rest was cancelled"
    if filled:
        return "filled in part, the rest rests"
    return "rests in the book" if remaining else "nothing was offered: nothing bought"
