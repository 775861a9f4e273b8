"""What a job is handed: settings, time, exchange, desk, store, log and report of this one run."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

from kalshi.config import Config
from kalshi.errors import ConfigError, KalshiError
from kalshi.exchange.hosts import PAPER_BASE, is_loopback
from kalshi.runtime.clock import Clock, clock_from, new_york_text, utc_now
from kalshi.runtime.endings import NothingToDo
from kalshi.runtime.files import DATA_FIX, REPORT_FIX, store_place, writable_directory
from kalshi.runtime.report import Report

if TYPE_CHECKING:
    from kalshi.clients import ExchangeClient
    from kalshi.store import Store
    from kalshi.trading.desk import Desk
    from kalshi.trading.outcomes import OrderReport

SAMPLE_STATE = "sample_exchange.sqlite"


class Run:
    """One run of one job. Exchange, desk and store are opened when they are first asked for.

    now: aware UTC, fixed for the whole run: the moment of --date, else of the start. Decide with this.
    simulated_now: the moment of --date, None without: what a run reads itself is then news to it, too.
    clock: callable, aware UTC, moves on; starts at `now`. For ages of quotes and for waiting.
    dry_run: no order leaves this process, for the reason in dry_run_reason.
    redact: takes secrets out of a text; for files that a job writes itself.
    """

    def __init__(
        self,
        *,
        job: str,
        run_id: str,
        config: Config,
        args: argparse.Namespace,
        log: logging.Logger,
        moment: datetime | None = None,
        redact: Callable[[str], str] = str,
    ) -> None:
        self.job, self.run_id, self.config, self.args, self.log = job, run_id, config, args, log
        self.redact = redact
        self.offline: bool = args.offline or config.offline
        self.now = moment or utc_now()
        self.simulated_now = moment
        self.clock: Clock = clock_from(moment)
        self.started_at = utc_now()
        self.dry_run_reason = _dry_run_reason(config, args, moment)
        self.report = Report(f"{job}: {new_york_text(self.now)}")
        # As it was asked for. A script may set args.no_email as well: that its run is not worth a mail.
        self.no_email: bool = args.no_email
        self.alarmed = False
        self._exchange: ExchangeClient | None = None
        self._store: Store | None = None
        self._desk: Desk | None = None
        self._sample_store: Store | None = None
        self._sample = False

    @property
    def dry_run(self) -> bool:
        """Whether orders stay here: asked for, or forced by the settings."""
        return bool(self.dry_run_reason)

    @property
    def data_dir(self) -> Path:
        """The directory of caches and databases, made when missing. Raises ConfigError when not writable."""
        return writable_directory(self.config.data_dir, "data directory", DATA_FIX)

    @property
    def report_dir(self) -> Path:
        """The directory for reports, made when missing. Raises ConfigError when not writable."""
        return writable_directory(self.config.report_dir, "report directory", REPORT_FIX)

    @property
    def exchange(self) -> ExchangeClient:
        """The signed client of this run's mode, connected when first asked for."""
        if self._exchange is None:
            from kalshi.connect import connect

            if self.offline and self.config.mode != "paper" and not is_loopback(self.config.api_base):
                raise ConfigError(f"--offline and mode {self.config.mode} exclude each other: use --mode paper")
            state = self.data_dir / SAMPLE_STATE if self._sample else None
            self._exchange = connect(self.config, clock=self.clock, paper_state=state)
        return self._exchange

    def connect(self) -> None:
        """Open the connection now; ConfigError names what is wrong with key or host."""
        _ = self.exchange

    def reconcile(self) -> None:
        """Open the desk now, which first makes the record agree with the exchange; differences are reported."""
        _ = self.desk

    def enter_sample(self) -> None:
        """Trade made-up markets from here on: marked SAMPLE, on an exchange and in a store of their own.

        Made-up events bear the names of real ones and must never meet them. Call before exchange or desk.
        """
        if self.config.api_base != PAPER_BASE:
            raise ConfigError(
                "made-up markets stay inside this process, but KALSHI_API_BASE names another exchange: "
                "unset it, or let real data be read"
            )
        if self.config.mode != "paper" or self._exchange is not None or self._desk is not None:
            raise ConfigError("sample markets are for paper mode only, and before anything else was traded")
        self._sample = True
        self.report.mark("SAMPLE")

    @property
    def store(self) -> Store:
        """The record of runs, orders and fills. Raises StoreError when it can not be used."""
        if self._store is None:
            from kalshi.store import Store

            self._store = Store.open(store_place(self.config))
        return self._store

    @property
    def desk(self) -> Desk:
        """The one door for orders; store and exchange are reconciled before it opens."""
        if self._desk is None:
            from kalshi.trading.desk import Desk
            from kalshi.trading.limits import Limits

            if self._sample:
                from kalshi.store import Store

                self._sample_store = Store.open(store_place(self.config, sample=True))
            desk = Desk(
                self.exchange,
                self._sample_store or self.store,
                Limits.from_config(self.config),
                clock=self.clock,
                dry_run=self.dry_run,
                run_id=self.run_id,
                job=self.job,
                stop_dir=self.config.data_dir,
                locked_by=self.store if self._sample else None,
                attests=self.config.api_base != PAPER_BASE,
                ends_by=self.now + timedelta(minutes=self.args.time_limit),
                schedule_file=self._schedule_file(),
            )
            for found in desk.reconcile():
                self.log.warning("reconciliation: %s", found)
                # A break is named in one mail; while it lasts, its lock shows in `status` and in each refusal.
                if not found.known:
                    self.alarm(f"Reconciliation: {found}")
            for locked in desk.protect():
                self.log.warning("protection: %s", locked)
                self.alarm(f"Protection: {locked}")
            self._desk = desk
        return self._desk

    def _schedule_file(self) -> Path | None:
        """Return where the schedule of this exchange is kept; the one in this process is asked without a request."""
        if self.config.api_base == PAPER_BASE:
            return None
        return self.config.data_dir / f"schedule_{urlsplit(self.config.api_base).hostname}.json"

    @property
    def order_reports(self) -> list[OrderReport]:
        """What became of every intent of this run so far; empty as long as the desk was not used."""
        return list(self._desk.reports) if self._desk is not None else []

    def warnings(self) -> list[str]:
        """Return what a person should see to before it stops a run, as far as this run has asked for it."""
        warning = self._desk.venue.attestation_warning() if self._desk is not None else ""
        return [warning] if warning else []

    def alarm(self, line: str) -> None:
        """Add *line* to the report, which is then mailed although nothing else in it is worth a mail."""
        self.report.add_line(line)
        self.alarmed = True

    def nothing_to_do(self, reason: str) -> NoReturn:
        """End the run here, well, with *reason* in log and report, such as "XNYS is closed today"."""
        raise NothingToDo(reason)

    def close(self) -> None:
        """Give back what was opened; a failure here is logged and changes nothing."""
        for opened in (self._store, self._sample_store, self._exchange):
            close = getattr(opened, "close", None)
            if close is not None:
                try:
                    close()
                except (KalshiError, OSError) as error:
                    self.log.warning("closing failed: %s", error)


def _dry_run_reason(config: Config, args: argparse.Namespace, moment: datetime | None) -> str:
    if args.dry_run:
        return "--dry-run was given"
    if config.dry_run_forced:
        return "live mode without KALSHI_LIVE_TRADING=true"
    if moment is not None and config.mode != "paper":
        return "--date sends orders to the paper exchange only"
    return ""
