"""The same simulation as `replay_desk` for thousands of plans at once, in whole numbers.

Written again from the rules, not derived from the engine: a test compares both fill by fill. Plans are rows of
arrays; markets of one decision come one after the other, because the caps on cash and event depend on their order.
Fees are those of the series' type `quadratic`: the taker pays 0.07 P (1 - P) a contract, the maker nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from kalshi.tsa.decide import MOST_CONTRACTS
from kalshi.tsa.plan_table import KELLY, STAKE, PlanTable, plan_table
from kalshi.tsa.tape import MICRO, NONE, PER_UNIT, PRICE_UNIT, Bools, Ints, Tape, TapeGroup, TapeWeek
from kalshi.tsa.trading_plan import KELLY_CAP, Plan

CENT_UNITS = PRICE_UNIT // 100
CENT_MICRO = MICRO // 100
PRECISION = 100  # millionths: the exchange keeps balances to $0.0001
FEE_PARTS = 40_000  # of a millionth: 0.07 count P (1 - P) is 7 count x (20,000 - x) of them, x in price units
KELLY_CAP_SHARE = float(KELLY_CAP)
TINY = 1e-9  # dollars; decides between neighbours in float only where they agree to the last digit

Fill = tuple[int, str, int, int, int, int, int, int, bool, int]  # plan, event, market, entry, side, price, ...


@dataclass(eq=False)
class FastResult:
    """Per plan and week: profit, contracts, fees and parts of it in millionths of a dollar.

    pnl = forecast + spread + adverse - fees (see `research.metrics`); promised: what the model expected.
    fills: (plan, event ticker, market, entry, side 1 for YES, price in units, count, fee, taker, moment) if kept.
    """

    pnl: Ints
    contracts: Ints
    orders: Ints
    filled: Ints
    fees: Ints
    cost: Ints
    spread: Ints
    adverse: Ints
    forecast: Ints
    promised: Ints
    cash: Ints
    fills: list[Fill] = field(default_factory=list)

    @classmethod
    def empty(cls, shape: tuple[int, int], cash: Ints) -> FastResult:
        """Return the result before anything was traded."""
        a, b, c, d, e, f, g, h, i, j = np.zeros((10, *shape), dtype=np.int64)
        return cls(a, b, c, d, e, f, g, h, i, j, cash.copy())


def replay_fast(tape: Tape, plans: Sequence[Plan], *, keep_fills: bool = False) -> FastResult:
    """Return what *plans* do on *tape*, each with its own account."""
    table = plan_table(plans, tape.entries, tape.models)
    result = FastResult.empty((len(plans), len(tape.weeks)), table.cash)
    for number, week in enumerate(tape.weeks):
        _Week(week, number, table, result, keep_fills).run()
    return result


class _Week:
    """The state of all plans in one event. side: 0 nothing, 1 YES, -1 NO; money in millionths, by (plan, market)."""

    def __init__(self, week: TapeWeek, number: int, table: PlanTable, result: FastResult, keep: bool) -> None:
        shape = (table.size, week.won.size)
        self.week, self.number, self.t, self.result, self.keep = week, number, table, result, keep
        self.bankroll = result.cash.copy()
        self.cash = result.cash.copy()
        self.held_side, self.held = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        self.spent = np.zeros(shape, dtype=np.int64)  # cost and fees of what is held
        self.rest = np.zeros(shape, dtype=np.int64)  # contracts of the order that rests; one at most
        self.rest_side, self.rest_price = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        self.rest_count, self.rest_bound = np.ones(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        self.rest_end, self.carried = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        self.rest_value, self.rest_mid = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        self.rest_entry = np.zeros(shape, dtype=np.int64)

    def run(self) -> None:
        """Walk through the week's moments, then pay."""
        reaches = {moment: arrays for moment, *arrays in self.week.reaches}
        for moment in sorted({*reaches, *(group.at for group in self.week.groups)}):
            if moment in reaches and self.rest.any():
                self._reach(moment, *reaches[moment])
            for group in (g for g in self.week.groups if g.at == moment):
                self._decide(group)
        won = np.where(self.week.won, 1, -1)
        self.cash += (self.held * (self.held_side == won) * MICRO).sum(axis=1)
        self.result.cash[:] = self.cash

    # --- what rests

    def _reach(self, moment: int, markets: Ints, dearest: Ints, cheapest: Ints, mid: Ints) -> None:
        """Fill what rests in *markets* where the candle that closes at *moment* got there, at its limit."""
        self._expire(moment - 1)
        through = np.where(self.t.through, CENT_UNITS, 0)
        columns = (array.tolist() for array in (markets, dearest, cheapest, mid))
        for market, high, low, middle in zip(*columns, strict=True):
            rest, side = self.rest[:, market], self.rest_side[:, market]
            limit = self.rest_price[:, market]  # own side
            meets_yes = (low != NONE) & (low + through < PRICE_UNIT) & (low + through <= limit)
            meets_no = (high != NONE) & (high - through > 0) & (PRICE_UNIT - high + through <= limit)
            met = (rest > 0) & np.where(side > 0, meets_yes, meets_no)
            rows = np.flatnonzero(met)
            if rows.size:
                count = np.minimum(rest[rows], self.t.depth[rows])
                self.rest[rows, market] -= count
                zero = np.zeros_like(count)
                self._book(
                    rows, market, side[rows], limit[rows], count, zero, self.rest_value[rows, market],
                    self.rest_mid[rows, market], np.full_like(count, middle), self.rest_entry[rows, market],
                    moment, is_taker=False,
                )  # fmt: skip

    def _expire(self, moment: int) -> None:
        self.rest[self.rest_end <= moment] = 0

    # --- decisions

    def _decide(self, group: TapeGroup) -> None:
        t = self.t
        active = t.entries[:, group.entry] & (group.prob[t.model, 0] != NONE)
        if not active.any():
            return
        self._expire(group.at)
        cancels = active & t.requote
        self.rest[np.ix_(cancels, group.markets)] = 0
        free = self.cash - (self.rest * self.rest_price).sum(axis=1) * PER_UNIT
        end = np.where(t.until_close, self.week.close_end, np.minimum(self.week.close_end, group.news_end))
        active &= group.at < end
        for column, market in enumerate(group.markets.tolist()):
            self._order(group, column, market, active, free, end)

    def _order(self, group: TapeGroup, column: int, market: int, active: Bools, free: Ints, end: Ints) -> None:
        t = self.t
        prob = group.prob[t.model, column]
        yes = prob >= MICRO // 2
        value = np.where(yes, prob, MICRO - prob)
        bid, ask = int(group.bid[column]), int(group.ask[column])
        own_ask = np.where(yes, ask, NONE if bid == NONE else PRICE_UNIT - bid)
        wanted = active & (self.rest[:, market] == 0) & (t.lowest <= value) & (value <= t.highest)
        if bid != NONE and ask != NONE:
            wanted &= (ask - bid) * PER_UNIT <= t.max_spread
        limit = value * t.share // (MICRO * (MICRO // 10_000)) // 100 * CENT_UNITS
        wanted &= (limit > 0) & (limit < PRICE_UNIT)
        takes = (own_ask != NONE) & (own_ask <= limit)
        expected = np.where(takes, own_ask, limit)
        fee = np.where(takes, _fee(expected, t.fee_count), 0)
        wanted &= (value - expected * PER_UNIT - t.min_edge) * t.fee_count - fee >= 0
        mid = int(group.mid[column])
        own_mid = np.where(yes, mid, PRICE_UNIT - mid) if mid != NONE else np.full(t.size, NONE)
        price = np.where(t.at_mid, own_mid, own_ask)
        fillable = (price != NONE) & (price <= limit)
        side = np.where(yes, 1, -1)
        held = self.held[:, market]
        wanted &= (t.rests | fillable) & ((held == 0) | (self.held_side[:, market] == side))
        rows = np.flatnonzero(wanted)
        if not rows.size:
            return
        count = np.minimum(self._size(rows, value[rows], limit[rows]), t.max_position[rows] - held[rows])
        bound = _fee_bound(limit[rows], np.maximum(count, 0))
        needed = count * limit[rows] * PER_UNIT + bound
        allowed = (count >= 1) & (needed <= free[rows])
        allowed &= self._worst(rows, market, side[rows], limit[rows], count, bound) <= t.max_event_cost[rows]
        rows, count, bound, needed = rows[allowed], count[allowed], bound[allowed], needed[allowed]
        if not rows.size:
            return
        free[rows] -= needed
        self.result.orders[rows, self.number] += 1
        self.carried[rows, market] = 0
        taken = np.where(fillable[rows], np.minimum(count, t.depth[rows]), 0)
        left = np.where(t.rests[rows], count - taken, 0)
        self.rest[rows, market], self.rest_side[rows, market] = left, side[rows]
        self.rest_price[rows, market], self.rest_count[rows, market] = limit[rows], count
        self.rest_bound[rows, market], self.rest_end[rows, market] = bound, end[rows]
        self.rest_value[rows, market], self.rest_entry[rows, market] = value[rows], group.entry
        self.rest_mid[rows, market] = mid
        now = np.flatnonzero(taken > 0)
        if now.size:
            at, who = rows[now], taken[now]
            self._book(
                at, market, side[at], price[at], who, _fee(price[at], who), value[at], np.full_like(who, mid),
                np.full_like(who, int(group.mid_after[column])), np.full_like(who, group.entry), group.at,
                is_taker=True,
            )  # fmt: skip

    def _size(self, rows: Ints, value: Ints, limit: Ints) -> Ints:
        t = self.t
        stake = t.stake[rows]
        kelly = t.sizing[rows] == KELLY
        if kelly.any():
            p = value / MICRO
            fee = 0.07 * (limit / PRICE_UNIT) * (1 - limit / PRICE_UNIT)
            cost = limit / PRICE_UNIT + fee
            share = np.minimum(stake / MICRO * np.maximum(0.0, (p - cost) / (1 - cost)), KELLY_CAP_SHARE)
            cents = np.floor(share * (self.bankroll[rows] / CENT_MICRO) + TINY).astype(np.int64)
            stake = np.where(kelly, cents * CENT_MICRO, stake)
        count = stake * FEE_PARTS // (limit * PER_UNIT * FEE_PARTS + 7 * limit * (PRICE_UNIT - limit))
        count = np.minimum(count, MOST_CONTRACTS)
        while True:
            above = (count > 0) & (count * limit * PER_UNIT + _fee_bound(limit, count) > stake)
            if not above.any():
                break
            count = count - above
        return np.where(t.sizing[rows] >= STAKE, count, t.count[rows])

    def _worst(self, rows: Ints, market: int, side: Ints, limit: Ints, count: Ints, bound: Ints) -> Ints:
        """Return what the event can lose at most once the order is placed: over every outcome of the ladder."""
        held, held_side = self.held[rows], self.held_side[rows]
        rest, rest_side, price = self.rest[rows], self.rest_side[rows], self.rest_price[rows]
        share = self.rest_bound[rows] * rest / np.maximum(self.rest_count[rows], 1)
        results = []
        for pays in (1, -1):
            filled = (held * (held_side == pays) * MICRO - self.spent[rows]).astype(np.float64)
            open_ = rest * ((rest_side == pays) * MICRO - price * PER_UNIT) - share
            total = filled + np.minimum(open_, 0.0)
            new = count * ((side == pays) * MICRO - limit * PER_UNIT) - bound
            total[:, market] += np.minimum(new, 0)
            results.append(total)
        # The settlement value lies above the first k strikes: YES pays in those, NO in the others.
        zero = np.zeros((rows.size, 1))
        above = np.concatenate([zero, np.cumsum(results[0], axis=1)], axis=1)
        below = np.concatenate([np.cumsum(results[1][:, ::-1], axis=1)[:, ::-1], zero], axis=1)
        worst: Ints = np.ceil(-(above + below).min(axis=1) - TINY * MICRO).astype(np.int64)
        return worst

    # --- executions

    def _book(
        self, rows: Ints, market: int, side: Ints, price: Ints, count: Ints, fee: Ints, value: Ints, mid: Ints,
        mid_after: Ints, entry: Ints, moment: int, *, is_taker: bool,
    ) -> None:  # fmt: skip
        """Book *count* contracts at own-side *price*; mid, mid_after: of YES."""
        r, n = self.result, self.number
        cost = count * price * PER_UNIT
        rounding = -(cost + fee) % PRECISION  # the balance is floored, what is lost comes back once it adds up
        carried = self.carried[rows, market] + rounding
        rebate = np.minimum(carried, fee + rounding) // PRECISION * PRECISION
        self.carried[rows, market] = carried - rebate
        paid = fee + rounding - rebate
        self.cash[rows] -= cost + paid
        self.held[rows, market] += count
        self.held_side[rows, market] = side
        self.spent[rows, market] += cost + paid
        won = np.where(self.week.won[market], side > 0, side < 0) * MICRO
        own_mid = np.where(mid == NONE, price, np.where(side > 0, mid, PRICE_UNIT - mid)) * PER_UNIT
        after = np.where(mid_after == NONE, own_mid, np.where(side > 0, mid_after, PRICE_UNIT - mid_after) * PER_UNIT)
        r.pnl[rows, n] += count * won - cost - paid
        r.contracts[rows, n] += count
        r.filled[rows, n] += 1
        r.fees[rows, n] += paid
        r.cost[rows, n] += cost
        r.spread[rows, n] += count * own_mid - cost
        r.adverse[rows, n] += count * (after - own_mid)
        r.forecast[rows, n] += count * (won - after)
        r.promised[rows, n] += count * value - cost - paid
        if self.keep:
            yes_price = np.where(side > 0, price, PRICE_UNIT - price)
            for i, one in enumerate(rows.tolist()):
                r.fills.append(
                    (one, self.week.event_ticker, market, int(entry[i]), int(side[i]), int(yes_price[i]), int(count[i]),
                     int(paid[i]), is_taker, moment)
                )  # fmt: skip


def _fee(price: Ints, count: Ints) -> Ints:
    """Return the taker's trade fee, rounded up to a millionth of a dollar."""
    return -(-7 * count * price * (PRICE_UNIT - price) // FEE_PARTS)


def _fee_bound(price: Ints, count: Ints) -> Ints:
    """Return the taker's fee rounded up to the next whole cent."""
    return -(-7 * count * price * (PRICE_UNIT - price) // (FEE_PARTS * CENT_MICRO)) * CENT_MICRO
