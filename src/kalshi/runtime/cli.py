"""`python -m kalshi`: look after the jobs by hand. Tables for people, --json for programs."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from typing import Any

from kalshi.config import MODES, Config, env_file_path, load_config
from kalshi.errors import EXIT_KNOWN_ERROR, EXIT_OK, ConfigError, KalshiError
from kalshi.runtime.arguments import OneLineParser, directory
from kalshi.runtime.clock import utc_now
from kalshi.runtime.files import with_data_dir
from kalshi.runtime.interrupts import EXIT_INTERRUPTED
from kalshi.runtime.report import Report, Table
from kalshi.runtime.summary import print_out


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; a KalshiError is one line on standard error."""
    parser = _parser()
    args = parser.parse_args(argv)
    try:
        code: int = args.command(args)
    except KalshiError as error:
        parser.exit(error.exit_code, f"kalshi: error: {error}\n")
    except KeyboardInterrupt:
        parser.exit(EXIT_INTERRUPTED, "kalshi: interrupted from the keyboard\n")
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

    add("list", _list, "the jobs with their schedule (New York time) and parameters")
    run = add("run", _run, "run one job; what follows the name goes to it", common=False)
    run.add_argument("name", help="name of a job, as `list` shows it")
    run.add_argument("arguments", nargs=argparse.REMAINDER, help="arguments of the job")
    add("status", _status, "last run of every job, positions, results, limits used, open orders, locks, kill switch")
    orders = add("orders", _orders, "the newest orders in the store")
    orders.add_argument("--limit", type=_number_of_rows, default=50, metavar="N", help="how many; default 50")
    control = add("control", _control, "stop jobs or an event, let them only close, or resume")
    control.add_argument("action", choices=("stop", "reduce-only", "resume"))
    control.add_argument("--scope", default="", help="a job, a strategy or an event ticker; default every job")
    control.add_argument("--reason", default="", help="shown to whoever meets the switch")
    control.add_argument("--cancel", action="store_true", help="with stop: also cancel what rests of that scope")
    reconcile = add("reconcile", _reconcile, "make the store agree with the exchange; exit code 3 where it does not")
    reconcile.add_argument("--event", metavar="TICKER", help="one event only; default all")
    doctor = add("doctor", _doctor, "check configuration, key, clock, exchange, mail and database")
    doctor.add_argument("--offline", action="store_true", help="leave out the checks that need the network")
    return parser


def _number_of_rows(text: str) -> int:
    number = int(text) if text.isdecimal() and len(text) <= 6 else 0
    if not 1 <= number <= 100_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 100000")
    return number


def _config(args: argparse.Namespace) -> Config:
    return with_data_dir(load_config(mode=args.mode), args.data_dir)


def _show(args: argparse.Namespace, title: str, *tables: Table, note: str = "", mode: str = "live") -> None:
    if args.json:
        listed = {
            name.lower().replace(" ", "_"): [dict(zip(map(_key, headers), row, strict=True)) for row in rows]
            for name, headers, rows in tables
        }
        print_out(json.dumps(listed, default=str, ensure_ascii=False, indent=1) + "\n")
        return
    report = Report(title)
    if mode != "live":
        report.mark(mode.upper())
    if note:
        report.add_line(note)
    for name, headers, rows in tables:
        report.add_table(name[:1].upper() + name[1:], headers, rows)
    print_out(report.text())


def _note_on_mode(args: argparse.Namespace) -> str:
    """Return what a newcomer has to know: that nobody chose this mode; empty where somebody did."""
    if args.mode or any(os.environ.get(name, "").strip() for name in ("KALSHI_MODE", "DEMO_MODE")):
        return ""
    path = env_file_path()
    found = "KALSHI_MODE is not set" if path.exists() else f"no .env found ({path})"
    return f"{found}: mode live; use --mode paper, or copy .env.example to .env"


def _key(header: str) -> str:
    return header.replace(" ", "_")


def _list(args: argparse.Namespace) -> int:
    from kalshi.runtime.registry import jobs

    found = jobs()
    rows: list[tuple[object, ...]] = [(j.name, "; ".join(j.schedule) or None, j.summary) for j in found]
    own: list[tuple[object, ...]] = [
        (job.name, one.option, one.default, one.meaning) for job in found if job.trades for one in job.parameters()
    ]
    _show(
        args,
        "Jobs of this project",
        ("jobs", ("job", "schedule", "what it does"), rows),
        ("parameters of those that trade", ("job", "parameter", "default", "meaning"), own),
        note="Every job has the common ones as well: --mode, --dry-run, --date and more, see its --help",
    )
    return EXIT_OK


def _run(args: argparse.Namespace) -> int:
    from kalshi.runtime.registry import find

    return find(args.name).load()(args.arguments)


def _status(args: argparse.Namespace) -> int:
    from kalshi.runtime.status import overview

    config = _config(args)
    _show(args, f"Status: mode {config.mode}", *overview(config, utc_now()), note=_note_on_mode(args), mode=config.mode)
    return EXIT_OK


def _orders(args: argparse.Namespace) -> int:
    from kalshi.runtime.status import newest_orders

    config = _config(args)
    title = f"Orders, newest first: mode {config.mode}"
    _show(args, title, *newest_orders(config, args.limit), note=_note_on_mode(args), mode=config.mode)
    return EXIT_OK


def _control(args: argparse.Namespace) -> int:
    from kalshi.runtime import switch

    config = _config(args)
    if args.cancel and args.action != "stop":
        raise ConfigError("--cancel goes with `control stop` only")
    if args.action == "stop":
        done = switch.stop(config, args.scope, args.reason, utc_now())
    elif args.action == "reduce-only":
        done = switch.reduce_only(config, args.scope, args.reason, utc_now())
    else:
        done = switch.resume(config, args.scope)
    if args.cancel:
        from kalshi.runtime.by_hand import cancel_resting, desk_by_hand

        with desk_by_hand(config) as desk:
            table = cancel_resting(desk, args.scope)
        _show(args, done, table)
        return EXIT_OK if all(row[2] == "yes" for row in table[2]) else EXIT_KNOWN_ERROR
    print_out(json.dumps({"done": done}) + "\n" if args.json else done + "\n")
    return EXIT_OK


def _reconcile(args: argparse.Namespace) -> int:
    from kalshi.runtime.by_hand import desk_by_hand, reconcile

    config = _config(args)
    with desk_by_hand(config) as desk:
        table = reconcile(desk, args.event)
    _show(args, f"Reconciliation: mode {config.mode}", table, note=_note_on_mode(args), mode=config.mode)
    return EXIT_KNOWN_ERROR if table[2] else EXIT_OK


def _doctor(args: argparse.Namespace) -> int:
    from kalshi.runtime.doctor import examine
    from kalshi.runtime.findings import WRONG

    config = _config(args)
    findings = examine(config, clock=utc_now, offline=args.offline or config.offline)
    rows: list[tuple[object, ...]] = [(found.check, found.state, found.detail) for found in findings]
    table = ("checks", ("check", "state", "detail"), rows)
    _show(args, f"Doctor: mode {config.mode}", table, note=_note_on_mode(args), mode=config.mode)
    return EXIT_KNOWN_ERROR if any(found.state == WRONG for found in findings) else EXIT_OK
