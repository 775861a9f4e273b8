"""`@job`: turns one function into a script that cron can start, kill, overlap and be told the outcome of.

The order of a run: arguments, log, configuration, lock, run row, kill switch, the function, run row closed,
report saved and printed, one mail, one ping, exit code. The one place where exceptions become exit codes is
`endings.explain`.
"""

from __future__ import annotations

import argparse
import secrets
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from kalshi.config import Config, load_config
from kalshi.errors import EXIT_OK, EXIT_ORDER_UNKNOWN, KalshiError
from kalshi.runtime import run_rows
from kalshi.runtime.arguments import AddArguments, build_parser
from kalshi.runtime.clock import parse_moment, utc_now
from kalshi.runtime.endings import Ending, NothingToDo, explain
from kalshi.runtime.files import with_data_dir
from kalshi.runtime.interrupts import sigterm_as_exception, time_limit
from kalshi.runtime.job_lock import Hangs, job_lock
from kalshi.runtime.ping import ping
from kalshi.runtime.run import Run
from kalshi.runtime.run_log import RunLog
from kalshi.runtime.summary import deliver, print_out
from kalshi.runtime.switch import check_switch

JobFunction = Callable[[Run], "int | None"]
Main = Callable[..., int]


@dataclass(frozen=True)
class Job:
    """What `@job` was told. exclusive: takes a lock, leaves a run row, obeys the switch, mails a summary."""

    name: str
    function: JobFunction
    arguments: AddArguments | None
    exclusive: bool
    needs_exchange: bool

    @property
    def description(self) -> str:
        """The docstring of the script, for --help."""
        return (sys.modules[self.function.__module__].__doc__ or self.function.__doc__ or self.name).strip()


def job(
    name: str,
    *,
    arguments: AddArguments | None = None,
    needs_exchange: bool = True,
    exclusive: bool | None = None,
) -> Callable[[JobFunction], Main]:
    """Make `main(argv=None) -> int` out of `def main(run: Run) -> int | None`.

    arguments: adds the script's own options to the argparse parser it is given.
    needs_exchange: False for tools that only read and write files: no lock, no run row, no switch, no mail.
    exclusive: set it where that should be decided otherwise, such as True for a fetcher that owns a file.
    An int that the function returns becomes the exit code; None means 0, or 6 after an order left unknown.
    """

    def decorate(function: JobFunction) -> Main:
        spec = Job(
            name, function, arguments, needs_exchange if exclusive is None else exclusive, needs_exchange
        )

        def main(argv: Sequence[str] | None = None) -> int:
            return execute(spec, argv)

        main.__doc__ = function.__doc__
        main.__module__ = function.__module__
        main.job = spec  # type: ignore[attr-defined]  # `python -m kalshi` and tests read it
        return main

    return decorate


def execute(spec: Job, argv: Sequence[str] | None = None) -> int:
    """Run *spec* once with the arguments *argv* (default: the process's) and return the exit code."""
    try:
        args = build_parser(spec.name, spec.description, spec.arguments).parse_args(argv)
    except SystemExit as stopped:  # --help, or a usage error that argparse has printed
        return stopped.code if isinstance(stopped.code, int) else EXIT_OK
    run_id = f"{utc_now():%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    log = RunLog(run_id, spec.name, json_lines=args.json_log)
    try:
        # Tools that only fetch and compute may take as long as they need.
        with sigterm_as_exception(), time_limit(60 * args.time_limit if spec.exclusive else 0):
            run = _prepare(spec, args, run_id, log)
            return _run_exclusively(spec, run, log) if spec.exclusive else _run_tool(spec, run, log)
    except BaseException as error:  # noqa: BLE001 - the outermost frame: every ending becomes an exit code
        return explain(error, log.logger).code
    finally:
        log.close()


def _prepare(spec: Job, args: argparse.Namespace, run_id: str, log: RunLog) -> Run:
    config = _with_directories(load_config(mode=args.mode), args)
    log.redact.learn(config)
    moment = parse_moment(args.date) if args.date is not None else None
    run = Run(
        job=spec.name, run_id=run_id, config=config, args=args, log=log.logger, moment=moment, redact=log.redact
    )
    if spec.needs_exchange and config.mode != "paper":
        run.connect()  # a missing or unreadable key is said before any work is done
    return run


def _with_directories(config: Config, args: argparse.Namespace) -> Config:
    return replace(with_data_dir(config, args.data_dir), report_dir=args.report_dir or config.report_dir)


def _run_tool(spec: Job, run: Run, log: RunLog) -> int:
    try:
        code = spec.function(run)
    except NothingToDo as reason:
        run.report.add_line(str(reason))
        code = EXIT_OK
    finally:
        run.close()
    if not run.report.is_empty:
        print_out(log.redact(run.report.text()))
    return code or EXIT_OK


def _run_exclusively(spec: Job, run: Run, log: RunLog) -> int:
    if run.config.mode != "live":
        run.report.mark(run.config.mode.upper())
    if run.dry_run:
        run.report.mark("DRY RUN")
    lock_dir, _ = run.data_dir, run.report_dir  # both must be writable before anything is decided
    name, ends_by = f"{spec.name}_{run.config.mode}", run.started_at + timedelta(minutes=run.args.time_limit)
    try:
        with job_lock(lock_dir, name, run_id=run.run_id, started_at=run.started_at, ends_by=ends_by):
            ending = _recorded(spec, run, log)
            deliver(run, ending, redact=log.redact)
            ping(run, ending)
    except Hangs as error:
        # Nobody else says so: the holder can not, and cron's mail about a second start looks like any other.
        ending = explain(error, run.log)
        deliver(run, ending, redact=log.redact)
    finally:
        run.close()
    return ending.code


def _recorded(spec: Job, run: Run, log: RunLog) -> Ending:
    opened = False
    try:
        check_switch(run)
        run_rows.open_row(run)
        opened = True
        if run.dry_run:
            run.log.info("dry run: %s", run.dry_run_reason)
        code = spec.function(run)
        ending = _ended_well(run, code)
    except BaseException as error:  # noqa: BLE001 - the row is closed whatever happened
        ending = _with_unknown_orders(run, explain(error, run.log))
        ending = replace(ending, line=log.redact(ending.line))  # it goes into the store
    if opened:
        try:
            run_rows.close_row(run, ending)
        except KalshiError as error:
            run.log.error("the run row could not be closed: %s", error)
    return ending


def _ended_well(run: Run, code: int | None) -> Ending:
    return _with_unknown_orders(run, Ending(code or EXIT_OK, "ok" if not code else "failed"))


def _with_unknown_orders(run: Run, ending: Ending) -> Ending:
    """Return *ending*, or the one that says which orders may be live: nothing else is as urgent."""
    unknown = [report for report in run.order_reports if report.outcome.value == "unknown"]
    if not unknown:
        return ending
    names = ", ".join(f"{report.intent.ticker} {report.client_order_id}" for report in unknown)
    line = f"outcome unknown: {names}: the next run looks them up before it trades"
    run.log.error(line)
    return Ending(EXIT_ORDER_UNKNOWN, "order_unknown", f"{line}; {ending.line}" if ending.line else line)
