"""Money and contract counts on the wire: strings, exact, never through a float."""

from __future__ import annotations

from decimal import Decimal

CENT = Decimal("0.01")


def dollars_text(amount: Decimal) -> str:
    """Return *amount* dollars as the wire form: at least four decimals, more only where they are needed.

    Raises ValueError where *amount* is not a finite number.
    """
    return _fixed(amount, 4)


def count_text(count: Decimal) -> str:
    """Return *count* contracts as the wire form with two decimals.

    Raises ValueError where *count* is not a finite multiple of 0.01.
    """
    text = _fixed(count, 2)
    if len(text.partition(".")[2]) > 2:
        raise ValueError(f"a count has steps of 0.01 contracts, not {count}")
    return text


def _fixed(number: Decimal, decimals: int) -> str:
    if not number.is_finite():
        raise ValueError(f"{number} is not an amount")
    text = f"{number:f}"
    whole, _, part = text.partition(".")
    return f"{whole}.{part.rstrip('0').ljust(decimals, '0')}"
