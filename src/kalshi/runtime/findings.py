"""What one check of `doctor` found: ok, something to see to soon, something wrong, or nothing to check."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kalshi.errors import KalshiError

OK, WARN, WRONG, NOT_ASKED = "ok", "warn", "WRONG", "-"


@dataclass(frozen=True)
class Finding:
    """The answer of one check; detail says what was seen and, where it is not ok, the fix."""

    check: str
    state: str
    detail: str


Answer = str | tuple[str, str]
Check = Callable[[], Answer]


def finding(name: str, check: Check) -> Finding:
    """Ask one check: a text is ok, a pair is (state, detail), a KalshiError is wrong."""
    try:
        answer = check()
    except KalshiError as error:
        return Finding(name, WRONG, str(error))
    return Finding(name, *answer) if isinstance(answer, tuple) else Finding(name, OK, answer)
