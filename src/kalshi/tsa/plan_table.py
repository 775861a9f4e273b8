"""Plans as columns of whole numbers, one row per plan; what `replay_fast` reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from kalshi.tsa.decide import MOST_CONTRACTS
from kalshi.tsa.tape import Bools, Ints, micro
from kalshi.tsa.trading_plan import SIZINGS, Plan

CONTRACTS, STAKE, KELLY = range(3)
assert SIZINGS == ("contracts", "dollars", "kelly")


@dataclass(frozen=True, eq=False)
class PlanTable:
    """share, lowest, highest, stake, money: millionths. fee_count: contracts the decision's fee is rounded over."""

    size: int
    model: Ints
    entries: Bools
    share: Ints
    lowest: Ints
    highest: Ints
    min_edge: Ints
    max_spread: Ints
    count: Ints
    fee_count: Ints
    sizing: Ints
    stake: Ints
    rests: Bools
    through: Bools
    at_mid: Bools
    until_close: Bools
    requote: Bools
    depth: Ints
    max_position: Ints
    max_event_cost: Ints
    cash: Ints


def plan_table(plans: Sequence[Plan], entries: Sequence[str], models: Sequence[str]) -> PlanTable:
    """Return *plans* as columns; ValueError where one names an entry or model that is not on the tape.

    Raises DataError for a parameter finer than a millionth.
    """
    known = {entry: number for number, entry in enumerate(entries)}
    chosen = np.zeros((len(plans), len(entries)), dtype=np.bool_)
    for row, plan in enumerate(plans):
        missing = [entry for entry in plan.entries if entry not in known]
        if missing or plan.model not in models:
            raise ValueError(f"{missing or plan.model} is not on the tape")
        chosen[row, [known[entry] for entry in plan.entries]] = True
    number = {model: i for i, model in enumerate(models)}

    def ints(values: list[int]) -> Ints:
        return np.array(values, dtype=np.int64)

    def micros(values: list[Decimal]) -> Ints:
        seen: dict[Decimal, int] = {}
        return ints([seen.setdefault(value, micro(value)) if value not in seen else seen[value] for value in values])

    def bools(values: list[bool]) -> Bools:
        return np.array(values, dtype=np.bool_)

    return PlanTable(
        size=len(plans),
        model=ints([number[p.model] for p in plans]),
        entries=chosen,
        share=micros([p.rules.price_share for p in plans]),
        lowest=micros([p.rules.lowest for p in plans]),
        highest=micros([p.rules.highest for p in plans]),
        min_edge=micros([p.rules.min_edge for p in plans]),
        max_spread=micros([p.rules.max_spread for p in plans]),
        count=ints([int(p.rules.count) for p in plans]),
        fee_count=ints([int(p.rules.count) if p.sizing == "contracts" else 1 for p in plans]),
        sizing=ints([SIZINGS.index(p.sizing) for p in plans]),
        stake=micros([p.stake for p in plans]),
        rests=bools([p.fills.rests for p in plans]),
        through=bools([p.fills.through for p in plans]),
        at_mid=bools([p.fills.at_mid for p in plans]),
        until_close=bools([p.hold == "close" for p in plans]),
        requote=bools([p.requote for p in plans]),
        depth=ints([MOST_CONTRACTS if p.depth is None else p.depth for p in plans]),
        max_position=ints([p.max_position for p in plans]),
        max_event_cost=micros([p.max_event_cost for p in plans]),
        cash=micros([p.cash for p in plans]),
    )
