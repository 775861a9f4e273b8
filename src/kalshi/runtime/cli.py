"""`python -m kalshi`: look after the jobs by hand. Tables for people, --json for programs."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from kalshi.config import MODES, Config, load_config
from kalshi.errors import EXIT_KNOWN_ERROR, EXIT_OK, KalshiError
from kalshi.runtime.arguments import OneLineParser, directory
from kalshi.runtime.clock import utc_now
from kalshi.runtime.report import Report
from kalshi.runtime.summary import print_out


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; a KalshiError is one line on standard error."""
    parser = _parser()
    args = parser.parse_args(argv)
    try:
        code: int = args.command(args)
    except KalshiError as error:
        parser.exit(error.exit_code, f"kalshi: error: {error}\n")
    return code


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(prog="python -m kalshi", description=__doc__, allow_abbrev=False)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, function: Any, text: str, *, common: bool = True) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
        command.set_defaults(command=function)
        if common:
            command.add_argument("--json", action="store_true", help="print JSON instead of a table")
            command.add_argument("--mode", choices=MODES, help="default KALSHI_MODE, else DEMO_MODE")
            command.add_argument("--data-dir", type=directory, metavar="DIR", help="default KALSHI_DATA_DIR")
        return command

    add("list", _list, "the jobs with their schedule (New York time)")
    run = add("run", _run, "run one job; what follows the name goes to it", common=False)
    run.add_argument("name", help="name of a job, as `list` shows it")
    run.add_argument("arguments", nargs=argparse.REMAINDER, help="arguments of the job")
    add("status", _status, "last run of every job, and the kill switch")
    orders = add("orders", _orders, "the newest orders in the store")
    orders.add_argument("--limit", type=int, default=50, help="how many; default 50")
    control = add("control", _control, "stop jobs, let them only reduce positions, or resume")
    control.add_argument("action", choices=("stop", "reduce-only", "resume"))
    control.add_argument("--job", default="", help="only this job; default all")
    control.add_argument("--reason", default="", help="shown to whoever meets the switch")
    doctor = add("doctor", _doctor, "check configuration, key, clock, exchange, mail and database")
    doctor.add_argument("--offline", action="store_true", help="leave out the checks that need the network")
    return parser


def _config(args: argparse.Namespace) -> Config:
    config = load_config(mode=args.mode)
    return replace(config, data_dir=args.data_dir or config.data_dir)


def _show(
    args: argparse.Namespace, title: str, headers: Sequence[str], rows: Sequence[Sequence[object]]
) -> None:
    if args.json:
        names = [header.replace(" ", "_") for header in headers]
        listed = [dict(zip(names, row, strict=True)) for row in rows]
        print_out(json.dumps(listed, default=str, ensure_ascii=False, indent=1) + "\n")
        return
    report = Report(title)
    report.add_table("", headers, rows)
    print_out(report.text())


def _list(args: argparse.Namespace) -> int:
    from kalshi.runtime.registry import jobs

    rows = [
        (job.name, "; ".join(job.schedule) or None, job.summary, f"src/kalshi/{job.file}") for job in jobs()
    ]
    _show(args, "Jobs", ("job", "schedule", "what it does", "file"), rows)
    return EXIT_OK


def _run(args: argparse.Namespace) -> int:
    from kalshi.runtime.registry import find

    return find(args.name).load()(args.arguments)


def _status(args: argparse.Namespace) -> int:
    from kalshi.runtime.status import last_runs

    rows = last_runs(_config(args))
    _show(args, "Last run of every job", ("job", "status", "exit code", "started", "ended", "summary"), rows)
    return EXIT_OK


def _orders(args: argparse.Namespace) -> int:
    from kalshi.runtime.status import newest_orders

    headers, rows = newest_orders(_config(args), args.limit)
    _show(args, "Orders, newest first", headers, rows)
    return EXIT_OK


def _control(args: argparse.Namespace) -> int:
    from kalshi.runtime.switch import set_switch

    done = set_switch(_config(args), args.action, job=args.job, reason=args.reason, at=utc_now())
    print_out(json.dumps({"done": done}) + "\n" if args.json else done + "\n")
    return EXIT_OK


def _doctor(args: argparse.Namespace) -> int:
    from kalshi.runtime.doctor import examine

    config = _config(args)
    findings = examine(config, clock=utc_now, offline=args.offline or config.offline)
    words = {True: "ok", False: "WRONG", None: "-"}
    _show(
        args,
        f"Doctor: mode {config.mode}",
        ("check", "state", "detail"),
        [(found.check, words[found.ok], found.detail) for found in findings],
    )
    return EXIT_KNOWN_ERROR if any(found.ok is False for found in findings) else EXIT_OK
