"""The ten-minute rule: complete the pair at up to the completing price, then free-roll above it.

COMPLETE: one leg, or legs that do not yet lock. Every other market is bid at the highest price at which its
fill locks the set. LOCKED: the guarantee, worked out from real fills and fees, reached the target; further
legs at the higher price can only add to it. No market is ever bid beyond the common size.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from kalshi.errors import ConfigError
from kalshi.index.ladder import Rung
from kalshi.index.plan import ONE, ZERO, EventState, Plan, Style, Wanted
from kalshi.pricing.negative_risk import completing_price

HEADERS = ("market", "range", "bid", "ask", "held", "NO bid", "decision", "reason")
STAND_DOWN = timedelta(minutes=20)
COMPLETE, FREE_ROLL = "complete", "free roll"


@dataclass(frozen=True)
class PairRules:
    """Prices are dollars of NO; complete_price None means as high as the lock allows.

    complete_margin: dollars per contract the lock must keep. lock_target: dollars the guarantee must reach.
    max_legs: markets held or bid while free-rolling. max_gross: dollars of all bids and legs together.
    """

    complete_price: Decimal | None = None
    complete_margin: Decimal = Decimal("0.01")
    complete_cap: Decimal = Decimal("0.85")
    free_roll_price: Decimal = Decimal("0.80")
    lock_target: Decimal = ZERO
    max_legs: int = 5
    max_gross: Decimal = Decimal(1350)
    complete_as_taker: bool = False

    def __post_init__(self) -> None:
        for name in ("complete_price", "complete_cap", "free_roll_price"):
            value = getattr(self, name)
            if value is not None and not 0 < value < 1:
                raise ConfigError(f"--{name.replace('_', '-')} must lie between 0 and 1 dollar, not {value}")


def plan(state: EventState, rules: PairRules) -> Plan:
    """Return the bids that should rest now, with the state they follow from."""
    if state.now >= state.closes_at - STAND_DOWN:
        reason = "20 minutes or less before the close: no bid rests any more"
        return _plan(state, {}, {}, (reason,), ())
    if not state.ladder.is_exclusive:
        reason = f"the ladder of {state.ladder.event_ticker} is nested: one leg does not protect another"
        return Plan(HEADERS, (), None, (), reason)
    legs = {ticker: -held for ticker, held in state.positions.items() if held < 0}
    if not legs:
        waiting = "nothing has filled" if not state.traded else "what filled was sold again, flat now"
        note = f"waiting: {waiting}; orders are left as they are"
        return _plan(state, {}, {}, (note,), None)
    by_fills = state.bought()
    if any(by_fills.get(ticker, ZERO) != state.held(ticker) for ticker in {*by_fills, *state.positions}):
        reason = "fills and positions disagree: nothing is placed before they match"
        return Plan(HEADERS, (), None, (), reason)
    found, size = state.guarantee(), max(legs.values())
    locked = found.is_locked(rules.lock_target)
    word = "LOCKED" if locked else "COMPLETE"
    notes = [
        f"state {word}: {len(legs)} NO legs, common size {size.normalize():f}, guaranteed P&L ${found.floor:.4f}, "
        f"best case ${found.best:.4f}"
    ]
    wanted, why = _free_roll(state, rules, legs, size) if locked else _complete(state, rules, legs, size)
    _cut_to_cash(state, rules, legs, wanted, why)
    return _plan(state, wanted, why, tuple(notes), tuple(wanted.values()))


def _complete(
    state: EventState, rules: PairRules, legs: dict[str, Decimal], size: Decimal
) -> tuple[dict[str, Wanted], dict[str, str]]:
    wanted: dict[str, Wanted] = {}
    why: dict[str, str] = {}
    for rung in state.rungs_by_price():
        ticker = rung.ticker
        if ticker in legs:
            _keep_remainder(state, ticker, size - legs[ticker], wanted, why)
            continue
        price = rules.complete_price
        if price is None:
            allowed = [p for p in state.no_prices(ticker) if p <= rules.complete_cap]
            margin = rules.complete_margin * size
            price = completing_price(
                state.legs, ticker, size, allowed, fee=state.maker_fee, margin=margin + rules.lock_target
            )
        if price is None:
            why[ticker] = "no price completes the set"
        else:
            _bid(state, rung, price, size, COMPLETE, wanted, why)
    if rules.complete_as_taker:
        _take_the_cheapest(state, rules, legs, size, wanted, why)
    return wanted, why


def _take_the_cheapest(
    state: EventState,
    rules: PairRules,
    legs: dict[str, Decimal],
    size: Decimal,
    wanted: dict[str, Wanted],
    why: dict[str, str],
) -> None:
    """Want the one NO on offer that completes the set at once, fee included; the rest keeps resting."""
    best: Wanted | None = None
    for rung in state.ladder.rungs:
        top = state.top(rung.ticker)
        if rung.ticker in legs or top.no_ask is None:
            continue
        limit = completing_price(
            state.legs,
            rung.ticker,
            size,
            state.no_prices(rung.ticker),
            fee=state.taker_fee,
            margin=rules.lock_target,
        )
        if limit is not None and top.no_ask <= limit and (best is None or limit > best.price):
            best = Wanted(rung.ticker, "no", limit, size, Style.TAKE, COMPLETE)
    if best is not None:
        wanted[best.ticker] = best
        why[best.ticker] = f"NO is offered at {state.top(best.ticker).no_ask}: completes the set now"


def _free_roll(
    state: EventState, rules: PairRules, legs: dict[str, Decimal], size: Decimal
) -> tuple[dict[str, Wanted], dict[str, str]]:
    wanted: dict[str, Wanted] = {}
    why: dict[str, str] = {}
    for rung in state.rungs_by_price():
        if rung.ticker in legs:
            why[rung.ticker] = "held"
        elif len(legs) + len(wanted) >= rules.max_legs:
            why[rung.ticker] = f"{rules.max_legs} legs are held or bid"
        else:
            _bid(state, rung, rules.free_roll_price, size, FREE_ROLL, wanted, why)
    return wanted, why


def _bid(
    state: EventState,
    rung: Rung,
    price: Decimal,
    size: Decimal,
    purpose: str,
    wanted: dict[str, Wanted],
    why: dict[str, str],
) -> None:
    top = state.top(rung.ticker)
    if top.problem and not state.rests(rung.ticker, "no", price):
        why[rung.ticker] = top.problem
    elif price not in state.no_prices(rung.ticker):
        why[rung.ticker] = f"{price} is not on the market's price grid"
    elif top.yes_bid is not None and top.yes_bid >= ONE - price:
        why[rung.ticker] = f"would cross: NO is offered at {top.no_ask}, the bid would be {price}"
    else:
        gain = size * (ONE - price) - state.maker_fee(price, size)
        wanted[rung.ticker] = Wanted(rung.ticker, "no", price, size, Style.REST, purpose)
        why[rung.ticker] = f"a fill raises the guarantee by ${gain:.2f}"


def _keep_remainder(
    state: EventState, ticker: str, room: Decimal, wanted: dict[str, Wanted], why: dict[str, str]
) -> None:
    """Let what is left of a held market's own order rest at its own limit, up to the common size."""
    own = [order for order in state.resting if order.ticker == ticker and order.side == "no"]
    if own and room > 0:
        count = min(own[0].remaining, room)
        wanted[ticker] = Wanted(ticker, "no", own[0].price, count, Style.REST, COMPLETE)
        why[ticker] = "its own remainder rests on" + (", up to the common size" if count == room else "")
    else:
        why[ticker] = "held"


def _cut_to_cash(
    state: EventState,
    rules: PairRules,
    legs: dict[str, Decimal],
    wanted: dict[str, Wanted],
    why: dict[str, str],
) -> None:
    """Drop the bids, least likely last, that gross limit or balance do not cover."""
    spent = sum((-leg.contracts * (ONE - leg.yes_price) for leg in state.legs if leg.ticker in legs), ZERO)
    room = rules.max_gross - spent
    if state.balance is not None:
        room = min(room, state.balance + sum((order.cost for order in state.resting), ZERO))
    for ticker, order in list(wanted.items()):
        if order.cost > room:
            del wanted[ticker]
            why[ticker] = f"{order.cost:.2f} more is above --max-gross or the balance"
        else:
            room -= order.cost


def _plan(
    state: EventState,
    wanted: dict[str, Wanted],
    why: dict[str, str],
    notes: tuple[str, ...],
    orders: tuple[Wanted, ...] | None,
) -> Plan:
    rows = []
    for rung in state.ladder.rungs:
        top, order = state.top(rung.ticker), wanted.get(rung.ticker)
        decision = order.purpose if order else "leave" if orders is None else "none"
        rows.append(
            (
                rung.ticker,
                rung.label,
                top.yes_bid,
                top.yes_ask,
                state.held(rung.ticker),
                order.price if order else None,
                decision,
                why.get(rung.ticker, "waiting for a fill" if orders is None else "too near the close"),
            )
        )
    return Plan(HEADERS, tuple(rows), orders, notes)
