"""Rate limits of the served exchange: token buckets by tier; a request that finds too little is a 429.

Figures: reference/kalshi_api.md, section on rate limits. Unsigned callers share the bucket of one address-less
guest with the read budget of the lowest tier; the real limit for them is not published.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from kalshi.errors import ConfigError
from kalshi.paper.refusals import Refused

DEFAULT_COST = 10
# (method, path): tokens; a batch pays per order.
COSTS = {
    ("DELETE", "/portfolio/events/orders"): 2,
    ("DELETE", "/portfolio/events/orders/{order_id}"): 2,
    ("DELETE", "/portfolio/events/orders/batched"): 2,
    ("GET", "/portfolio/orders/{order_id}"): 2,
    ("POST", "/account/api_usage_level/upgrade"): 30,
}
BATCH = "/portfolio/events/orders/batched"
ORDERS = "/portfolio/events/orders"
BALANCE = "/portfolio/balance"
GUEST = "guest"


@dataclass(frozen=True)
class Tier:
    """Tokens per second, capacities in tokens, and balance calls per second."""

    read: int
    read_capacity: int
    write: int
    write_capacity: int
    balance: int = 5


TIERS = {
    "basic": Tier(200, 600, 100, 100, balance=1),
    "advanced": Tier(300, 900, 300, 900, balance=1),
    "expert": Tier(600, 600, 600, 1800),
    "premier": Tier(1200, 1200, 1200, 3600),
    "paragon": Tier(2400, 2400, 2400, 7200),
    "prime": Tier(4800, 4800, 4800, 14400),
    "prestige": Tier(12000, 12000, 9600, 28800),
}


def check_tier(name: str) -> str:
    """Return the tier's name, "" for "none". Raises ConfigError for any other word."""
    if name != "none" and name not in TIERS:
        raise ConfigError(f"tier {name!r} is unknown: use none or one of {', '.join(TIERS)}")
    return "" if name == "none" else name


class _Routing(msgspec.Struct):
    """The part of a write's body that says what it costs."""

    exchange_index: int | None = None
    orders: list[msgspec.Raw] | None = None


class _Bucket:
    def __init__(self, rate: float, capacity: float, now: float) -> None:
        self.rate, self.capacity, self.tokens, self.seen = rate, capacity, capacity, now

    def has(self, cost: float, now: float) -> bool:
        self.tokens = min(self.capacity, self.tokens + (now - self.seen) * self.rate)
        self.seen = now
        return self.tokens >= cost


class Limiter:
    """The buckets of all members. clock: monotonic seconds, the wall's and not the market's."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def admit(
        self, member: str, tier: str, method: str, path: str, *, body: bytes, exchange_index: str, shards: list[int]
    ) -> None:
        """Charge one request, or refuse it with 429 and charge nothing.

        path: the operation's, with its placeholders. exchange_index: the query's. shards: those there are.
        """
        limits = TIERS[tier]
        if method == "GET":
            name, rate, capacity = "read", limits.read, limits.read_capacity
            cost = COSTS.get((method, path), DEFAULT_COST)
            if path == BALANCE:
                name, rate, capacity, cost = "balance", limits.balance, 1, 1
            self._take([(member, name)], rate, capacity, cost)
            return
        cost, names = _price(method, path, body, exchange_index, shards)
        self._take([(member, name) for name in names], limits.write, limits.write_capacity, cost)

    def _take(self, names: list[tuple[str, str]], rate: float, capacity: float, cost: float) -> None:
        now = self._clock()
        buckets = []
        for name in names:
            bucket = self._buckets.get(name)
            if bucket is None or bucket.rate != rate:
                bucket = self._buckets[name] = _Bucket(rate, capacity, now)
            buckets.append(bucket)
        if not all(bucket.has(cost, now) for bucket in buckets):
            raise Refused(429, {"error": "too many requests"})
        for bucket in buckets:
            bucket.tokens -= cost


def _price(method: str, path: str, body: bytes, exchange_index: str, shards: list[int]) -> tuple[int, list[str]]:
    """Return the tokens of a write and the buckets that pay them."""
    try:
        routing = msgspec.json.decode(body, type=_Routing) if body else _Routing()
    except msgspec.MsgspecError:
        routing = _Routing()  # the body is refused later; it costs like any other
    cost = COSTS.get((method, path), DEFAULT_COST)
    if path == BATCH:
        return cost * max(1, len(routing.orders or ())), ["write"]
    single = path.startswith(ORDERS + "/") or (method, path) == ("POST", ORDERS)
    if not single:
        return cost, ["write"]
    named = routing.exchange_index
    if named is None and exchange_index.lstrip("-").isdigit():
        named = int(exchange_index)
    if named is None or named < 0:
        return cost, ["write", *(f"write {shard}" for shard in shards if shard)]
    return cost, [f"write {named}" if named else "write"]
