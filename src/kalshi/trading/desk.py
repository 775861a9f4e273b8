"""The one door for money: identity, controls, a durable row, one attempt, an outcome that is never guessed."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from kalshi.exchange.models import Market, MarketPosition
from kalshi.pricing.fees import fee_bound
from kalshi.store import Store
from kalshi.store.rows import OrderRow, Refusal
from kalshi.store.schema import ACCEPTED, REFUSED, REJECTED, UNRESOLVED
from kalshi.trading.amend import amend_order
from kalshi.trading.cancels import CancelResult, cancel_order, cancel_resting
from kalshi.trading.caution import caution_refusal
from kalshi.trading.controls import Check, first_refusal
from kalshi.trading.exposure import full_cost
from kalshi.trading.flatten import flatten
from kalshi.trading.intents import Intent, client_order_id
from kalshi.trading.limits import Limits
from kalshi.trading.outcomes import FOK_KILLED, OrderOutcome, OrderReport, report_of
from kalshi.trading.protections import Protection, protect
from kalshi.trading.reconcile import Break, reconcile
from kalshi.trading.shared_limits import shared_refusal
from kalshi.trading.submit import resolve, send, send_again
from kalshi.trading.venue import Venue

if TYPE_CHECKING:
    from kalshi.clients import ExchangeClient

__all__ = ["Break", "CancelResult", "Desk", "OrderOutcome", "OrderReport"]

log = logging.getLogger(__name__)

DAY = timedelta(hours=24)
ONE = Decimal(1)
USUAL_MULTIPLIER = Decimal(1)
DRY_RUN = "dry run"


class Desk:
    """Submits, cancels and flattens for the strategies of one run; `reports` keeps what became of each intent.

    clock: aware time. sleep: waits between look-ups. dry_run: everything but sending; what was not sent is
    a refused row, which neither counts nor stands in the way of a later order.
    job: the script that trades; a lock or STOP file of its name stops its orders as one of the strategy does.
    stop_dir: where a file named STOP, or STOP.<strategy or job>, stops every order; default beside the store's file.
    ends_by: when the run should have ended (aware); later only exits are sent.
    locked_by: a second store whose locks hold as well. attests: whether the keys need a location attestation.
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
        job: str = "",
        sleep: Callable[[float], None] = time.sleep,
        stop_dir: Path | None = None,
        locked_by: Store | None = None,
        attests: bool = True,
        ends_by: datetime | None = None,
        schedule_file: Path | None = None,
    ) -> None:
        self.exchange, self.store, self.limits = exchange, store, limits
        self.clock, self.sleep = clock, sleep
        self.dry_run, self.run_id, self.job = dry_run, run_id, job
        if stop_dir is None and store.path is None:
            raise ValueError("this store is no file, so there is nothing beside it: name stop_dir")
        self.stop_dir = stop_dir or (store.path or Path()).parent
        self.lock_stores = (store,) if locked_by is None else (store, locked_by)
        self.venue = Venue(exchange, clock, attests=attests, schedule_file=schedule_file)
        self.positions: list[MarketPosition] = []  # of the account, as the reconciliation of all of it read them
        self.reports: list[OrderReport] = []
        self.sent = 0
        self.ends_by = ends_by

    def submit(
        self,
        intent: Intent,
        market: Market,
        *,
        quoted_at: datetime | None = None,
        fee_multiplier: Decimal = USUAL_MULTIPLIER,
        mutually_exclusive: bool = False,
    ) -> OrderReport:
        """Place *intent* once, however often it is submitted, and return what is known of it.

        market: as read from the exchange. quoted_at: when; given, stale prices are refused.
        fee_multiplier: that of the series; the fee that is reserved is never below the usual one.
        mutually_exclusive: that of the event; makes the worst loss exact where strikes are no numbers.
        Raises StoreError before anything is sent where the record can not be kept.
        """
        sent = self.sent
        row = self._row(intent, market, max(USUAL_MULTIPLIER, fee_multiplier), mutually_exclusive)
        report = self._submit(intent, market, row, quoted_at)
        return self.tell(
            replace(report, earlier=self.sent == sent and report.outcome is not OrderOutcome.REFUSED)
        )

    def tell(self, report: OrderReport) -> OrderReport:
        """Keep *report* for the summary of the run, log it and return it."""
        intent = report.intent
        self.reports.append(report)
        fields = {
            "event": intent.event_ticker,
            "ticker": intent.ticker,
            "client_order_id": report.client_order_id,
        }
        log.info("%s: %s: %s", intent, report.outcome.value, report.reason, extra=fields)
        return report

    @contextmanager
    def on_its_way(self, intent: Intent, row: OrderRow) -> Iterator[None]:
        """Report an order as unknown whatever breaks off the block that sends it: SIGTERM, time limit, database."""
        try:
            yield
        except BaseException:
            report = report_of(intent, row, "broken off while it was sent: it may have arrived")
            self.tell(replace(report, outcome=OrderOutcome.UNKNOWN))
            raise

    def amend(
        self,
        order_id: str,
        market: Market,
        *,
        price: Decimal,
        count: Decimal,
        quoted_at: datetime | None = None,
    ) -> OrderReport:
        """Change price or size of an own resting order; it keeps its identity.

        price: dollars of the side bought. count: contracts, the filled part plus the wanted rest. A new price
        or a larger count loses the place in the queue. An unknown outcome counts, until it is known, as
        whichever of the two costs more.
        """
        return amend_order(self, order_id, market, price, count, quoted_at)

    def cancel(self, order_id: str, ticker: str) -> CancelResult:
        """Cancel one order of ours; one that is gone already is no error."""
        return cancel_order(self, order_id, ticker)

    def cancel_resting(
        self, event_ticker: str, *, strategy: str | None = None, run_ids: Collection[str] | None = None
    ) -> list[CancelResult]:
        """Cancel all orders of ours that rest in an event; one failure does not stop the others.

        strategy, run_ids: those of one strategy, of some runs only. A result that is not `done` is an order that
        may rest still.
        """
        return cancel_resting(self, event_ticker, strategy, run_ids)

    def flatten(
        self, market: Market, worst_price: Decimal, rounds: int = 3, *, strategy: str = "flatten"
    ) -> OrderReport:
        """Sell what is held in *market*, immediate-or-cancel, for at least *worst_price* of the side held.

        The report's `remaining` is what is still held.
        """
        return flatten(self, market, worst_price, rounds, strategy)

    def reconcile(self, event_ticker: str | None = None) -> list[Break]:
        """Make the store agree with the exchange and return what could not be made to agree."""
        return reconcile(self, event_ticker)

    def protect(self) -> list[Protection]:
        """Lock, until a stated time, the strategies that lost too much; return what is new. Reconcile before."""
        return protect(self.store, self.limits, self.clock())

    # --- one order

    def _submit(
        self, intent: Intent, market: Market, row: OrderRow, quoted_at: datetime | None
    ) -> OrderReport:
        known = self.store.order(row.client_order_id)
        if known is not None and known.state in UNRESOLVED:
            known = self._resolved(intent, market, known)
        if known is not None and (known.state == ACCEPTED or known.state in UNRESOLVED):
            return self._known(intent, known)
        if known is not None and known.code == FOK_KILLED:
            return report_of(intent, known)  # its identity is spent: a new attempt needs a new generation
        refusal = self.refusal(intent, market, row, quoted_at) or self.venue.unpaid(row)
        if refusal is None and self.dry_run:
            refusal = Refusal(DRY_RUN, f"dry run: would {intent}, at most ${full_cost(row):.2f}")
        if refusal is not None:
            self.store.refuse(row, refusal)
            return report_of(intent, row.replace(state=REFUSED, reason=refusal.reason, code=refusal.control))
        since = row.created_at - DAY
        reserved = self.store.reserve(
            row, lambda others: shared_refusal(row, others, self.limits, since), since=since
        )
        if reserved.ours:
            return report_of(intent, self._send(intent, reserved.row))
        if reserved.row.state in UNRESOLVED:  # another process is sending the very same order right now
            return self._known(intent, self._resolved(intent, market, reserved.row))
        if reserved.row.state == ACCEPTED:
            return self._known(intent, reserved.row)
        return report_of(intent, reserved.row)

    def _send(self, intent: Intent, row: OrderRow) -> OrderRow:
        self.venue.pay(row)
        self.sent += 1
        with self.on_its_way(intent, row):
            sent = send(self, intent, row)
        if sent.state == REJECTED:
            self.venue.give_back(row)
            self.venue.met(sent)
        return sent

    def _resolved(self, intent: Intent, market: Market, known: OrderRow) -> OrderRow:
        """Look the order of an earlier attempt up; where it is not there yet, send the same one again."""
        found = resolve(self, known)
        if not found.absent or found.row.state not in UNRESOLVED:
            return found.row
        refusal = Refusal(DRY_RUN, "dry run") if self.dry_run else self.refusal(intent, market, known, None)
        if refusal is not None:
            said = f"sent before, not on the exchange yet, and not sent again: {refusal.reason}"
            return found.row.replace(reason=said)
        self.sent += 1
        with self.on_its_way(intent, found.row):
            return send_again(self, intent, found.row)

    def _known(self, intent: Intent, row: OrderRow) -> OrderReport:
        if row.state != ACCEPTED:
            return report_of(intent, row)
        at = f"{row.created_at:%Y-%m-%d %H:%M} UTC"
        return report_of(intent, row, f"already placed at {at}: {row.reason}")

    def _row(self, intent: Intent, market: Market, fee_multiplier: Decimal, exclusive: bool) -> OrderRow:
        now = self.clock()
        return OrderRow(
            client_order_id=client_order_id(intent),
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
            fee_bound=most_fee(intent, fee_multiplier),
            created_at=now,
            updated_at=now,
            remaining=intent.count,
            exclusive=exclusive,
        )

    def refusal(
        self, intent: Intent, market: Market, row: OrderRow, quoted_at: datetime | None, *, shrinks: bool = False
    ) -> Refusal | None:
        """Return what objects to *intent* before anything shared is reserved, None where nothing does.

        shrinks: it only makes a resting order smaller or cheaper.
        """
        now = self.clock()
        check = Check(
            intent=intent,
            market=market,
            row=row,
            limits=self.limits,
            now=now,
            quoted_at=quoted_at,
            sent_this_run=self.sent,
            ends_by=self.ends_by,
            unknown_this_run=[r.intent.ticker for r in self.reports if r.outcome is OrderOutcome.UNKNOWN],
        )
        return (
            first_refusal(check) or self.stopped(intent, shrinks=shrinks) or self.venue.refusal(row, market)
        )

    def stopped(self, intent: Intent, *, shrinks: bool = False) -> Refusal | None:
        """Return why nothing may leave for *intent* at this moment: a STOP file, a lock, or the end of the run."""
        now = self.clock()
        if self.ends_by is not None and now > self.ends_by and not intent.reduces:
            return Refusal("run time", f"this run should have ended by {self.ends_by:%Y-%m-%d %H:%M} UTC")
        return caution_refusal(
            intent, job=self.job, stores=self.lock_stores, stop_dir=self.stop_dir, now=now, shrinks=shrinks
        )


def most_fee(intent: Intent, multiplier: Decimal = USUAL_MULTIPLIER) -> Decimal:
    """Return the most that an order can be charged, dollars; 0 for one that closes or is impossible."""
    usable = intent.price.is_finite() and intent.count.is_finite() and 0 < intent.price < ONE
    if intent.reduces or not usable or intent.count <= 0:
        return Decimal(0)
    return fee_bound(intent.price, intent.count, multiplier)
