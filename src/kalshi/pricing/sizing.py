"""How many contracts: a fixed count, a fixed amount of dollars, or a capped fraction of Kelly after fees.

All answers are whole contracts, never negative, before the desk's own limits. Prices are dollars of the
side that is bought; fees are the cent-ceiled bound for a taker.
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal

from kalshi.pricing.fees import affordable_count, break_even

ONE = Decimal(1)


def fixed_contracts(count: Decimal, *, offered: Decimal | None = None) -> int:
    """Return *count*, or what is *offered* at the price when that is less; whole contracts."""
    wanted = count if offered is None else min(count, offered)
    return max(0, int(wanted.to_integral_value(rounding=ROUND_FLOOR)))


def fixed_dollars(
    budget: Decimal, price: Decimal, *, multiplier: Decimal = ONE, offered: Decimal | None = None
) -> int:
    """Return how many contracts *budget* dollars buy at *price*, the fee included.

    offered: contracts at the price, an upper limit. A price outside of (0, 1) buys nothing.
    """
    if budget <= 0 or not 0 < price < 1:
        return 0
    return fixed_contracts(Decimal(affordable_count(budget, price, multiplier)), offered=offered)


def kelly_fraction(probability: Decimal, price: Decimal, *, multiplier: Decimal = ONE) -> Decimal:
    """Return the share of the bankroll that Kelly stakes on a contract that wins with *probability*.

    A contract costs c = price + fee and pays 1 dollar, so the share is (p - c) / (1 - c), at least 0.
    """
    if not 0 < price < 1 or not 0 <= probability <= 1:
        return Decimal(0)
    cost = break_even(price, multiplier)
    return max(Decimal(0), (probability - cost) / (1 - cost)) if cost < 1 else Decimal(0)


def kelly_contracts(
    probability: Decimal,
    price: Decimal,
    bankroll: Decimal,
    *,
    fraction: Decimal = Decimal("0.25"),
    cap: Decimal = Decimal("0.02"),
    multiplier: Decimal = ONE,
    offered: Decimal | None = None,
) -> int:
    """Return contracts for *fraction* of Kelly, staking at most the share *cap* of *bankroll* dollars.

    No edge after fees gives 0. fraction and cap are shares, 0..1.
    """
    share = min(fraction * kelly_fraction(probability, price, multiplier=multiplier), cap)
    return fixed_dollars(share * bankroll, price, multiplier=multiplier, offered=offered)
