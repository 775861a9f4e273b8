"""From a plan to orders: what rests is compared with what is wanted, and the desk makes the difference.

Orders that are right already are left alone, so that they keep their place in the queue.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal

from kalshi.exchange.models_orders import GOOD_TILL_CANCELED, IMMEDIATE_OR_CANCEL
from kalshi.index.discovery import NEW_YORK
from kalshi.index.paper_day import RunLike
from kalshi.index.plan import ZERO, Plan, Resting, Style, Wanted, changes
from kalshi.index.trading_day import TradingDay, read_state
from kalshi.store import Store
from kalshi.store.rows import OrderRow
from kalshi.trading.intents import Intent, Side
from kalshi.trading.outcomes import OrderOutcome, OrderReport

# Resting orders end by themselves 20 minutes before the close, also when no script runs any more.
STAND_DOWN = timedelta(minutes=20)
FLATTEN_ROUNDS = 3
CENT = Decimal("0.01")


def report_plan(run: RunLike, plan: Plan) -> None:
    """Write the plan's notes and its whole decision table into the report."""
    for note in plan.notes:
        run.report.add_line(note)
    run.report.add_line(plan.funnel())
    if plan.refusal:
        run.report.add_line(f"Refused: {plan.refusal}")
    rows = [[_short(row[0]), *(_shown(value) for value in row[1:])] for row in plan.rows]
    if rows:
        run.report.add_table("Decisions", plan.headers, rows)


def _short(ticker: object) -> str:
    """Return the market's own part of its ticker; the event is named above the table."""
    return str(ticker).rpartition("-")[2]


def _shown(value: object) -> object:
    if not isinstance(value, Decimal):
        return value
    if value == value.to_integral_value():
        return f"{value:.0f}"
    return f"{value:.2f}" if value == value.quantize(CENT) else f"{value.normalize():f}"


def carry_out(
    run: RunLike, day: TradingDay, plan: Plan, *, off: str = "", whole: bool = False, often: bool = False
) -> list[OrderReport]:
    """Report *plan* and make its orders the ones that exist; return what became of those sent.

    off: why this run must send nothing, empty when it may. whole: the first order that is not accepted
    takes back all orders placed before it. often: the job runs all day, so it mails only when it changed
    something.
    """
    report_plan(run, plan)
    mail_off = run.args.no_email
    if often:
        run.args.no_email = True
    if plan.refusal or plan.wanted is None:
        return []
    todo = changes(plan.wanted, day.state.resting)
    smaller = f"{len(todo.shrink)} to make smaller, " if todo.shrink else ""
    run.report.add_line(
        f"Own orders: {len(todo.keep)} stay, {smaller}{len(todo.cancel)} to cancel, {len(todo.place)} to place"
    )
    if off:
        run.report.add_line(f"Nothing is sent: {off}")
        return []
    if often and (todo.cancel or todo.place or todo.shrink) and not run.dry_run:
        run.args.no_email = mail_off
    stuck = _cancel(run, [*todo.cancel, *_shrink(run, day, todo.shrink)])
    placed: list[OrderReport] = []
    for want in todo.place:
        if want.ticker in stuck:
            run.report.add_line(f"{want.ticker}: not placed, the order before it could not be cancelled")
            continue
        placed.append(_send(run, day, want))
        if whole and not run.dry_run and placed[-1].outcome is not OrderOutcome.ACCEPTED:
            _take_back(run, placed)
            break
    if not run.dry_run:
        _report_after(run, day, placed, changed=bool(todo.cancel or todo.shrink))
    return placed


def _cancel(run: RunLike, orders: Iterable[Resting]) -> set[str]:
    """Cancel *orders*, each whatever became of the others; return the markets where one may still rest."""
    results = [run.desk.cancel(order.order_id, order.ticker) for order in orders]
    if results:
        rows = [(r.ticker, r.order_id, "done" if r.done else "not done", r.reason) for r in results]
        run.report.add_table("Cancels", ("market", "order", "result", "reason"), rows)
    return set() if run.dry_run else {result.ticker for result in results if not result.done}


def _shrink(run: RunLike, day: TradingDay, pairs: Iterable[tuple[Resting, Wanted]]) -> list[Resting]:
    """Make orders smaller, which keeps their place in the queue; return those that must be cancelled instead.

    An order left too large could fill beyond the common size, so one that is certainly not changed has to go.
    """
    rows, too_large = [], []
    for order, want in pairs:
        market, total = day.found.markets[order.ticker], order.filled + want.count
        report = run.desk.amend(order.order_id, market, price=order.price, count=total, quoted_at=day.state.now)
        rows.append((order.ticker, order.order_id, order.remaining, want.count, report.outcome.value, report.reason))
        if report.outcome in (OrderOutcome.REJECTED, OrderOutcome.REFUSED) and not run.dry_run:
            too_large.append(order)
    if rows:
        run.report.add_table("Made smaller", ("market", "order", "from", "to", "result", "reason"), rows)
    return too_large


def _send(run: RunLike, day: TradingDay, want: Wanted) -> OrderReport:
    market = day.found.markets[want.ticker]
    if want.style is Style.CLOSE:
        return run.desk.flatten(market, want.price, FLATTEN_ROUNDS, strategy=run.job)
    rests = want.style is Style.REST
    intent = Intent(
        strategy=day.strategy,
        run_date=run.now.astimezone(NEW_YORK).date(),
        event_ticker=day.event_ticker,
        ticker=want.ticker,
        side=Side(want.side),
        price=want.price,
        count=want.count,
        purpose=want.purpose,
        generation=_generation(run.store, day, want),
        time_in_force=GOOD_TILL_CANCELED if rests else IMMEDIATE_OR_CANCEL,
        post_only=rests,
        expiration=day.state.closes_at - STAND_DOWN if rests else None,
    )
    return run.desk.submit(intent, market, quoted_at=day.state.now)


def _generation(store: Store, day: TradingDay, want: Wanted) -> int:
    """Return the number of this attempt: a new one only after a definite end of the one before.

    An attempt whose outcome is not known keeps its number, so that the desk looks it up instead of sending
    twice; one that was refused here never left and keeps it too.
    """
    earlier = [
        row
        for row in store.orders(event_ticker=day.event_ticker)
        if (row.strategy, row.ticker, row.purpose) == (day.strategy, want.ticker, want.purpose)
    ]
    if not earlier:
        return 1
    last = max(earlier, key=lambda row: row.generation)
    return last.generation + (1 if last.state in ("accepted", "rejected") else 0)


def _take_back(run: RunLike, placed: list[OrderReport]) -> None:
    failed, before = placed[-1], placed[:-1]
    run.report.add_line(
        f"Half-way: {failed.intent.ticker} was {failed.outcome.value} ({failed.reason}); "
        f"the {len(before)} orders placed before it are taken back"
    )
    results = [run.desk.cancel(r.order_id, r.intent.ticker) for r in before if r.order_id and r.remaining]
    rows = [(r.ticker, r.order_id, "done" if r.done else "not done", r.reason) for r in results]
    run.report.add_table("Taken back", ("market", "order", "result", "reason"), rows)


def _report_after(run: RunLike, day: TradingDay, placed: list[OrderReport], *, changed: bool) -> None:
    """Say what exists now: surviving orders, positions, guarantee; read back where anything may have moved.

    Where every order was accepted and rests whole, the answers themselves say so, and newer than a list would.
    """
    if not changed and not placed:
        return
    resting = [report for report in placed if report.outcome is OrderOutcome.ACCEPTED and not report.filled]
    if not changed and len(resting) == len(placed) and not day.state.positions and not day.state.resting:
        gross = sum((report.intent.price * report.remaining for report in resting), ZERO)
        run.report.add_line(f"Now {len(resting)} own orders rest (${gross:.2f}), as the exchange answered")
        return
    after = read_state(run, day.series, day.found, day.session, day.strategy)
    gross = sum((order.cost for order in after.resting), ZERO)
    run.report.add_line(f"Now {len(after.resting)} own orders rest (${gross:.2f}), ${after.balance:.2f} are free")
    if after.positions:
        found = after.guarantee()
        held = ", ".join(f"{ticker} {count:+}" for ticker, count in sorted(after.positions.items()))
        run.report.add_line(f"Held (+ YES, - NO): {held}; guaranteed P&L ${found.floor:.4f}, best ${found.best:.4f}")


def spent_today(store: Store, event_ticker: str, strategy: str, purpose: str) -> tuple[set[str], Decimal]:
    """Return the markets this strategy tried to buy in for *purpose*, and what that cost at most, dollars.

    Counted are stored intents, whatever the position list says: filled, resting, or of unknown outcome.
    """
    rows = [
        row
        for row in store.orders(event_ticker=event_ticker)
        if row.strategy == strategy and row.purpose == purpose and row.state not in ("refused", "rejected")
    ]
    return {row.ticker for row in rows}, sum((_cost(row) for row in rows), ZERO)


def _cost(row: OrderRow) -> Decimal:
    if row.state != "accepted":
        return row.price * row.count + row.fee_bound
    price = row.average_price if row.average_price is not None else row.price
    fee = row.fee if row.fee is not None else (row.fee_bound if row.filled else ZERO)
    return row.filled * price + row.remaining * row.price + fee
