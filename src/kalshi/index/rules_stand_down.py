"""The midday rule: when nothing has filled by noon, take the blanket down; when something has, leave it.

A fill is a fill even when the position is gone again, so fills are counted and not positions.
"""

from __future__ import annotations

from decimal import Decimal

from kalshi.index.plan import EventState, Plan

HEADERS = ("market", "range", "resting NO", "held", "decision", "reason")


def plan(state: EventState, min_filled: Decimal = Decimal(1)) -> Plan:
    """Return nothing wanted when fewer than *min_filled* contracts traded, else leave every order alone."""
    stands_down = state.traded < min_filled
    word = "cancel" if stands_down else "leave"
    reason = (
        f"{state.traded} contracts filled, fewer than {min_filled}"
        if stands_down
        else f"{state.traded} contracts filled: sp_daily_every_10_minutes completes the set"
    )
    rows = []
    for rung in state.ladder.rungs:
        orders = [order for order in state.resting if order.ticker == rung.ticker]
        held = state.held(rung.ticker)
        if orders or held:
            resting = sum((order.remaining for order in orders), Decimal(0))
            rows.append((rung.ticker, rung.label, resting, held, word if orders else "hold", reason))
    found = state.guarantee()
    notes = [f"{len(state.resting)} own orders rest in the event; {reason}"]
    if state.legs:
        notes.append(f"guaranteed P&L ${found.floor:.4f}, best case ${found.best:.4f}, {found.legs} legs")
    return Plan(HEADERS, tuple(rows), () if stands_down else None, tuple(notes))
