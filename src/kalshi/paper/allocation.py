"""Target balance allocation: every ten seconds the free cash of an account is spread over the shards.

Only free cash moves: what resting orders need stays on their shard, whichever reservation was chosen.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, Decimal

from kalshi.paper.records import ZERO
from kalshi.paper.world import World

EVERY = timedelta(seconds=10)
STEP, WHOLE = Decimal("0.0001"), 100


def set_allocation(world: World, account_id: str, shares: dict[int, int], reservation: str, now: datetime) -> None:
    """Keep *shares* (shard -> percent, together 100) from now on; empty ones end it."""
    account = world.accounts[account_id]
    account.allocation, account.margin_reservation, account.allocates_at = shares, reservation, now + EVERY
    world.keep(account)
    world.watch_allocation(account)


def allocate(world: World, account_id: str, now: datetime) -> None:
    """Spread the free cash by its shares, to the ten-thousandth; the rest lands on the first shard. Then wait."""
    account = world.accounts[account_id]
    if not account.allocation or account.allocates_at is None or now < account.allocates_at:
        return
    free = {shard: world.available(account_id, shard) for shard in {*account.cash, *account.allocation}}
    total = sum(free.values(), ZERO)
    if total > 0:
        wanted = dict.fromkeys(free, ZERO)
        for shard, percent in account.allocation.items():
            wanted[shard] = (total * percent / WHOLE).quantize(STEP, rounding=ROUND_FLOOR)
        wanted[min(account.allocation)] += total - sum(wanted.values(), ZERO)
        if wanted != free:
            for shard in free:
                account.cash[shard] = account.cash.get(shard, ZERO) + wanted[shard] - free[shard]
            account.updated_at = now
    account.allocates_at = now + EVERY
    world.keep(account)
    world.watch_allocation(account)
