"""Keep below the account's own rate limits: token buckets for reads, writes and the balance.

The exchange refills buckets continuously and charges each endpoint its own price (10 tokens where
nothing else is listed). Several jobs of one account share the buckets, so 85 % of the refill is used.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping

from kalshi.exchange.hosts import API_PATH

SHARE = 0.85
DEFAULT_COST = 10
# Charged until the account's own figures are read. Source: reference/kalshi_api.md, rate limits.
DEFAULT_COSTS: dict[tuple[str, str], int] = {
    ("GET", "/portfolio/orders/{order_id}"): 2,
    ("DELETE", "/portfolio/events/orders"): 2,
    ("DELETE", "/portfolio/events/orders/{order_id}"): 2,
    ("DELETE", "/portfolio/events/orders/batched"): 2,
    ("POST", "/account/api_usage_level/upgrade"): 30,
}
BALANCE = ("GET", "/portfolio/balance")
BASIC_READ = (200.0, 200.0)  # tokens per second, capacity; the tier of a new account
BASIC_WRITE = (100.0, 100.0)
BALANCE_RATE = 1.0  # calls per second, no burst


class TokenBucket:
    """A bucket that refills continuously; `take` waits until the price is there.

    rate: tokens per second. capacity: tokens, and what it holds at first.
    clock: monotonic seconds. A price above the capacity waits for a full bucket and leaves a debt.
    """

    def __init__(
        self,
        rate: float,
        capacity: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        if rate <= 0 or capacity <= 0:
            raise ValueError("a bucket needs a rate and a capacity above zero")
        self.rate = rate
        self.capacity = capacity
        self._tokens = capacity
        self._clock = clock
        self._sleep = sleep
        self._seen = clock()
        self._lock = threading.Lock()

    @property
    def spent(self) -> float:
        """Tokens that are missing to a full bucket now."""
        with self._lock:
            self._refill()
            return self.capacity - self._tokens

    def spend(self, tokens: float) -> None:
        """Take *tokens* out without waiting: they were spent elsewhere."""
        with self._lock:
            self._tokens -= tokens

    def take(self, cost: float) -> float:
        """Pay *cost* tokens, waiting for them where needed; return the seconds waited."""
        with self._lock:
            self._refill()
            missing = min(cost, self.capacity) - self._tokens
            self._tokens -= cost
            # The debt is entered before the wait, so that another thread queues up behind this one.
            wait = max(0.0, missing / self.rate)
        if wait > 0:
            self._sleep(wait)
        return wait

    def drain(self) -> None:
        """Count the bucket as empty: the exchange says so."""
        with self._lock:
            self._refill()
            self._tokens = min(self._tokens, 0.0)

    def _refill(self) -> None:
        now = self._clock()
        elapsed = max(0.0, now - self._seen)
        self._seen = now
        self._tokens = min(self.capacity, self._tokens + elapsed * self.rate)


class Pacer:
    """The buckets of one account, and what each endpoint costs."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
        share: float = SHARE,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._share = share
        self._default_cost = DEFAULT_COST
        self._costs = {_key(*name): cost for name, cost in DEFAULT_COSTS.items()}
        self._reads = self._bucket(*BASIC_READ)
        self._writes = self._bucket(*BASIC_WRITE)
        self._balance = self._bucket(BALANCE_RATE, 1.0)
        # Asked once, when a request would have to wait for the first time: most runs never get there, and
        # save the two reads that tell the account's own limits.
        self.learn: Callable[[], object] | None = None

    @property
    def write_capacity(self) -> float:
        """Tokens that one write may cost at most."""
        return self._writes.capacity

    def pace(self, method: str, template: str, items: int = 1) -> float:
        """Wait until the request may leave; return the seconds waited.

        template: the path with its {placeholders}; an unknown one pays the default price.
        items: orders in a batch; each pays the price.
        """
        if (method, template) == BALANCE:
            return self._balance.take(1)
        bucket = self._bucket_of(method, template)
        if self.learn is not None and bucket.spent + self.cost(method, template) * items > bucket.capacity:
            learn, self.learn = self.learn, None
            learn()
        return self._bucket_of(method, template).take(self.cost(method, template) * items)

    def cost(self, method: str, template: str) -> int:
        """Return the tokens that one call, or one order of a batch, costs."""
        return self._costs.get(_key(method, template), self._default_cost)

    def refused(self, method: str, template: str) -> None:
        """Note a 429: the bucket is empty, whatever was counted here."""
        self._bucket_of(method, template).drain()

    def use_limits(self, *, read: tuple[float, float], write: tuple[float, float]) -> None:
        """Pace by the account's own limits from now on: tokens per second and capacity of each bucket.

        What was spent already stays spent.
        """
        spent = self._reads.spent, self._writes.spent
        self._reads, self._writes = self._bucket(*read), self._bucket(*write)
        self._reads.spend(spent[0])
        self._writes.spend(spent[1])

    def use_costs(self, default_cost: int, costs: Mapping[tuple[str, str], int]) -> None:
        """Charge the exchange's own prices from now on, by (method, path with placeholders)."""
        self._default_cost = default_cost
        self._costs.update({_key(*name): cost for name, cost in costs.items()})

    def _bucket(self, rate: float, capacity: float) -> TokenBucket:
        return TokenBucket(rate * self._share, capacity, clock=self._clock, sleep=self._sleep)

    def _bucket_of(self, method: str, template: str) -> TokenBucket:
        if (method, template) == BALANCE:
            return self._balance
        return self._reads if method == "GET" else self._writes


def _key(method: str, path: str) -> tuple[str, str]:
    # The names of the placeholders are not part of a path's identity, nor is the prefix of all paths.
    return method.upper(), re.sub(r"\{[^}]*\}|:[A-Za-z_]+", "{}", path.removeprefix(API_PATH))
