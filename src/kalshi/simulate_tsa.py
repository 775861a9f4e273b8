"""Trade past weeks with limit orders through the desk and the paper exchange, candle by candle.

Unlike backtest_tsa, orders rest, are cancelled and quoted again, share cash and caps, and may be filled in part, all by
a named fill policy. Writes tsa_simulation_<timestamp>.csv, .md, .html and .json: what was promised, what came, and how
much of it was forecast, spread, adverse selection and fee. The CSV can be judged by analyze_backtest_sanity.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from decimal import Decimal, InvalidOperation

if not __package__:  # started by path: let `kalshi` be found and nothing in this folder shadow a library
    here = os.path.dirname(os.path.realpath(__file__))
    sys.path[:] = [os.path.dirname(here)] + [p for p in sys.path if os.path.realpath(p or ".") != here]

from kalshi.atomic import write_atomically
from kalshi.backtest_options import add_data_arguments, read_options
from kalshi.config import PROJECT_ROOT
from kalshi.errors import ConfigError
from kalshi.runtime.clock import NEW_YORK
from kalshi.runtime.files import writable_directory
from kalshi.runtime.job import job
from kalshi.runtime.run import Run
from kalshi.tsa.decide import Rules
from kalshi.tsa.trading_plan import HOLDS, POLICIES, SIZINGS, Plan

RULES = ("count", "price_share", "lowest", "highest", "min_edge", "max_spread")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add this script's own options."""
    usual, rules = Plan(), Rules()
    add_data_arguments(parser)
    add = parser.add_argument_group("what is traded").add_argument
    add("--plan-model", metavar="NAME", help="forecast; default: the one in use by the registry")
    add("--entries", default="mon", help="weekdays in New York, separated by commas, with a time as fri@15:00")
    add("--policy", default=usual.policy, choices=POLICIES, help="what counts as filled (default taker)")
    add("--hold", default=usual.hold, choices=HOLDS, help="an order rests until the next counts (news) or the close")
    add("--no-requote", action="store_true", help="leave what rests at a later entry instead of quoting again")
    add("--depth", type=int, metavar="N", help="contracts behind each quote; default: as many as wanted")
    add("--sizing", default=usual.sizing, choices=SIZINGS, help="contracts (default), dollars or kelly")
    add("--stake", default="0", help="dollars of an order, or share of Kelly's bet")
    for name in RULES:
        add(f"--{name.replace('_', '-')}", default=str(getattr(rules, name)), help=f"default {getattr(rules, name)}")
    add("--max-position", type=int, default=usual.max_position, help="contracts in one market (default 100)")
    add("--max-event-cost", default=str(usual.max_event_cost), help="most an event can lose, dollars (default 100)")
    add("--cash", default=str(usual.cash), help="dollars at the start (default 1000)")


@job("simulate_tsa", arguments=arguments, needs_exchange=False)
def main(run: Run) -> None:
    """Simulate one plan and write its reports."""
    from kalshi.backtest_inputs import find_inputs
    from kalshi.research import provenance
    from kalshi.simulation_output import simulation_files
    from kalshi.tsa.point_in_time import Forecasts
    from kalshi.tsa.replay_desk import replay
    from kalshi.tsa.trading_week import trading_week

    args = run.args
    counting = args.count
    args.count = None  # the options of backtest_tsa have one of this name, which a plan states in its rules
    options = read_options(args, run.started_at.astimezone(NEW_YORK).date())
    args.count = counting
    plan = read_plan(args)
    directory = writable_directory(args.out_dir, "report directory", "--out-dir") if args.out_dir else run.report_dir
    inputs = find_inputs(run, options)
    memory: Forecasts = {}
    weeks = [trading_week(event, inputs.vintages, plan.entries, [plan.model], memory) for event in inputs.events]
    logging.getLogger("kalshi.trading").setLevel(logging.WARNING)  # these orders go nowhere
    done = replay(weeks, plan)
    made = provenance.provenance(
        command=provenance.command_line("kalshi.simulate_tsa", vars(args)),
        root=PROJECT_ROOT,
        inputs=inputs.files,
        generated_at=run.started_at,
        parameters={"start": str(options.start), "end": str(options.end), "plan": repr(plan), "source": inputs.source},
    )
    with provenance.reserved_stem(directory, "tsa_simulation_", run.started_at) as stem:
        found, files = simulation_files(stem, inputs, weeks, done, made)
        for name, content in files.items():
            write_atomically(directory / name, content)
    for mark in found.marks:
        run.report.mark(mark)
    for line in (*inputs.notes, found.verdict):
        run.report.add_line(line)
    run.report.add_line(f"{done.decisions} decisions, {done.orders} orders, {len(done.fills)} fills")
    run.report.add_line(f"Cash: ${plan.cash:,.2f} at the start, ${done.cash:,.4f} at the end")
    if found.split is not None:
        rows = [(name, f"{total:+.4f}", f"{each:+.4f}") for name, total, each in found.split.rows()]
        run.report.add_table("Where the profit came from", ("part", "dollars", "a contract"), rows)
    for name in files:
        run.report.add_line(f"Written: {directory / name}")


def read_plan(args: argparse.Namespace) -> Plan:
    """Return the plan asked for; ConfigError names the option that is wrong."""
    from kalshi.tsa.model_registry import model_in_use

    return Plan(
        model=args.plan_model or model_in_use().model,
        entries=tuple(one.strip() for one in args.entries.split(",") if one.strip()),
        rules=Rules(**{name: _decimal(name, getattr(args, name)) for name in RULES}),
        sizing=args.sizing,
        stake=_decimal("stake", args.stake),
        policy=args.policy,
        depth=args.depth,
        hold=args.hold,
        requote=not args.no_requote,
        max_position=args.max_position,
        max_event_cost=_decimal("max_event_cost", args.max_event_cost),
        cash=_decimal("cash", args.cash),
    )


def _decimal(name: str, text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise ConfigError(f"--{name.replace('_', '-')} {text!r} is not a number")
    return value


if __name__ == "__main__":
    raise SystemExit(main())
