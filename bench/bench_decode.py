"""A page of 1,000 markets decoded into typed Decimal models against `json.loads` of the same bytes.

Run: PYTHONPATH=src python bench/bench_decode.py
Both sides take turns in one process, and the ratio of their medians is reported; the bound is 1.
The page holds every field the exchange sends today (generated, seeded, in its order), texts of rules
of usual length included: `json.loads` builds them all, the models skip what nothing decides by.
"""

from __future__ import annotations

import gc
import json
import random
import statistics
import time
from collections.abc import Callable

MARKETS = 1000
RUNS = 201
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN")
RULES = (
    "If the average number of travelers that pass through the checkpoints of the Transportation Security "
    "Administration in the week that ends on the day named in the title is above {strike}, as first published, "
    "then the market resolves to Yes."
)
MORE_RULES = (
    "A value that is published after the expiration time is not considered. Revisions of values that were "
    "published before do not change the outcome. The exchange may wait for a value that is late."
)


def page(markets: int = MARKETS, seed: int = 7) -> bytes:
    """Return the bytes of one page of *markets* markets, as a server would send them."""
    rng = random.Random(seed)
    return json.dumps({"cursor": "CgwI-c2e", "markets": [market(rng, number) for number in range(markets)]}).encode()


def market(rng: random.Random, number: int) -> dict[str, object]:
    """Return one quoted market of a ladder as a JSON object."""
    day, rung = divmod(number, 20)
    strike = 2_000_000 + 25_000 * rung
    bid = rng.randrange(0, 97)
    ask = min(100, bid + rng.randrange(1, 5))
    event = f"KXTSAW-26{MONTHS[day % 6]}{day % 28 + 1:02d}"
    return {
        "can_close_early": True,
        "close_time": "2026-06-15T03:59:00Z",
        "created_time": "2026-06-02T14:00:12.345678Z",
        "event_ticker": event,
        "exchange_index": 0,
        "expected_expiration_time": "2026-06-15T14:00:00Z",
        "expiration_time": "2026-06-22T14:00:00Z",
        "expiration_value": "",
        "floor_strike": strike,
        "is_provisional": False,
        "last_price_dollars": f"{bid / 100:.4f}",
        "latest_expiration_time": "2026-06-22T14:00:00Z",
        "market_type": "binary",
        "no_ask_dollars": f"{1 - bid / 100:.4f}",
        "no_bid_dollars": f"{1 - ask / 100:.4f}",
        "no_sub_title": f"Above {strike:,}",
        "notional_value_dollars": "1.0000",
        "open_interest_fp": f"{rng.randrange(0, 20000)}.00",
        "open_time": "2026-06-08T14:00:00Z",
        "previous_price_dollars": f"{rng.randrange(100) / 100:.4f}",
        "previous_yes_ask_dollars": f"{rng.randrange(100) / 100:.4f}",
        "previous_yes_bid_dollars": f"{rng.randrange(100) / 100:.4f}",
        "price_level_structure": "linear_cent",
        "price_ranges": [{"end": "1.0000", "start": "0.0000", "step": "0.0100"}],
        "result": "",
        "rules_primary": RULES.format(strike=strike),
        "rules_secondary": MORE_RULES,
        "settlement_bounds_type": "default",
        "settlement_timer_seconds": 3600,
        "status": "active",
        "strike_type": "greater",
        "subtitle": "",
        "ticker": f"{event}-A{strike / 1e6:.2f}",
        "title": f"Will more than {strike:,} people a day pass TSA checkpoints this week?",
        "updated_time": "2026-06-10T08:15:30.123456Z",
        "volume_24h_fp": f"{rng.randrange(0, 900)}.00",
        "volume_fp": f"{rng.randrange(0, 90000)}.{rng.randrange(100):02d}",
        "yes_ask_dollars": f"{ask / 100:.4f}",
        "yes_ask_size_fp": f"{rng.randrange(1, 3000)}.00",
        "yes_bid_dollars": f"{bid / 100:.4f}",
        "yes_bid_size_fp": f"{rng.randrange(1, 3000)}.00",
        "yes_sub_title": f"Above {strike:,}",
    }


def timed(call: Callable[[], object]) -> float:
    """Return the seconds of one call; its result lives until the clock has stopped."""
    start = time.perf_counter()
    kept = call()
    seconds = time.perf_counter() - start
    del kept
    return seconds


def medians(ours: Callable[[], object], theirs: Callable[[], object], runs: int) -> tuple[float, float]:
    """Return the median seconds of both, taking turns so that noise hits both; the collector rests between runs."""
    for _ in range(5):
        ours(), theirs()
    first: list[float] = []
    second: list[float] = []
    for turn in range(runs):
        pair = [(ours, first), (theirs, second)]
        for call, kept in pair if turn % 2 else reversed(pair):
            gc.collect()
            kept.append(timed(call))
    return statistics.median(first), statistics.median(second)


def main() -> None:
    """Print one Markdown table row per kind of page."""
    from kalshi.exchange.decode import decode_page
    from kalshi.exchange.models import Market

    body = page()

    def ours() -> object:
        found = decode_page(body, Market, "GET /markets", key="markets")
        assert len(found.items) == MARKETS and not found.bad_rows
        return found

    decoded, loaded = medians(ours, lambda: json.loads(body), RUNS)
    print("| what | ours | json.loads | ratio | bound |")
    print("|---|---|---|---|---|")
    name = f"page of {MARKETS} markets, {len(body) / 1e6:.1f} MB"
    print(f"| {name} | {decoded * 1000:.2f} ms | {loaded * 1000:.2f} ms | {decoded / loaded:.3f} | < 1 |")


if __name__ == "__main__":
    main()
