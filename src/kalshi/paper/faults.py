"""Faults on purpose: a scenario says which answers get lost, late, cut or wrong, for tests of clients.

A scenario is a JSON object {"rules": [rule, ...], "events": [event, ...]}; events happen by the clock, see
`kalshi.paper.scripted`. Each rule names the requests it is for and what happens:

    {"method": "POST", "path": "/portfolio/events/orders", "skip": 1, "times": 1, "do": "lose_answer"}

method: default any. path: below /trade-api/v2, `*` stands for anything; default any. skip: so many matching
requests pass first. times: so many are hit, 0 for all that follow; default 1. The first rule that hits, wins.

do            what happens
lose_answer   the request is done, the connection closes without an answer
status        `status` (429, 500, 503, 504, ...) is answered and nothing is done
cut           the request is done, half of the body arrives
delay         the answer waits `seconds`
stale         the answer is the one the same GET got before, once it got one
same_cursor   a page names its own cursor as the next one, so that paging would never end
malformed_row the first row of the answer's list lacks its fields
refuse        404 as for an order that is gone, and nothing is done
pause_market  before the request, `ticker` stops trading (resume_market: trades again)
"""

from __future__ import annotations

import fnmatch
import logging
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal, Protocol
from urllib.parse import parse_qs

import msgspec

from kalshi.errors import ConfigError
from kalshi.exchange.hosts import API_PATH
from kalshi.paper.scripted import MarketEvent

COMPLETE, LOST, CUT = "complete", "lost", "cut"
MAX_REMEMBERED = 200

log = logging.getLogger(__name__)
Answered = tuple[int, dict[str, str], bytes]
Asked = tuple[str, str, Mapping[str, str], bytes]


class Rule(msgspec.Struct, forbid_unknown_fields=True):
    """One line of a scenario; see the module."""

    do: Literal[
        "lose_answer",
        "status",
        "cut",
        "delay",
        "stale",
        "same_cursor",
        "malformed_row",
        "refuse",
        "pause_market",
        "resume_market",
    ]
    method: str = "*"
    path: str = "*"
    skip: int = 0
    times: int = 1
    status: int = 503
    seconds: float = 1.0
    ticker: str = ""


class Scenario(msgspec.Struct, forbid_unknown_fields=True):
    """The rules and the market events of one scenario file."""

    rules: list[Rule] = []
    events: list[MarketEvent] = []


class Reply(msgspec.Struct):
    """What goes out for one request. ending: complete, lost (nothing is sent) or cut (half the body)."""

    status: int
    headers: dict[str, str]
    body: bytes
    delay_s: float = 0.0
    ending: str = COMPLETE


class Exchange(Protocol):
    """The part of PaperExchange that a scenario stands in front of."""

    def handle(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answered: ...
    def pause_market(self, ticker: str, paused: bool) -> None: ...
    def together(self) -> AbstractContextManager[None]: ...


def load_scenario(path: Path) -> Scenario:
    """Return the scenario in *path*. Raises ConfigError naming what is wrong."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Scenario)
    except (OSError, msgspec.MsgspecError) as error:
        raise ConfigError(f"scenario {path} can not be used: {error}") from None


class Faults:
    """Stands between the server and *exchange* and does to answers what the *scenario* says."""

    def __init__(self, exchange: Exchange, scenario: Scenario | None = None) -> None:
        self._exchange = exchange
        self._rules = list(scenario.rules) if scenario else []
        self._seen = [0] * len(self._rules)
        self._earlier: dict[tuple[str, str], Answered] = {}

    def stage(self, rule: Rule) -> None:
        """Add one more rule; it counts the requests from now on."""
        self._rules.append(rule)
        self._seen.append(0)

    def handle_many(self, asked: Sequence[Asked]) -> list[Reply]:
        """Answer requests that came in while the disk was busy, with one write for all of them.

        An exception means that none of them was done.
        """
        if len(asked) == 1 or all(one[0] == "GET" for one in asked):
            return [self.handle(*one) for one in asked]
        with self._exchange.together():
            return [self.handle(*one) for one in asked]

    def handle(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer one request, or spoil it as the scenario says."""
        rule = self._rule_for(method, target.partition("?")[0].removeprefix(API_PATH))
        if rule is None:
            return Reply(*self._remember(method, target, self._exchange.handle(method, target, headers, body)))
        log.warning("staged fault: %s on %s %s", rule.do, method, target.partition("?")[0])
        if rule.do == "status":
            return _instead(rule.status)
        if rule.do == "refuse":
            return _json(404, {"error": {"code": "not_found", "message": "order not found"}})
        if rule.do in ("pause_market", "resume_market"):
            self._exchange.pause_market(rule.ticker, rule.do == "pause_market")
        earlier = self._earlier.get((method, target)) if rule.do == "stale" else None
        answer = earlier or self._remember(method, target, self._exchange.handle(method, target, headers, body))
        reply = Reply(*answer)
        if rule.do == "lose_answer":
            reply.ending = LOST
        elif rule.do == "cut":
            reply.ending = CUT
        elif rule.do == "delay":
            reply.delay_s = rule.seconds
        elif rule.do in ("same_cursor", "malformed_row") and 200 <= reply.status < 300:
            reply = _spoiled(rule.do, target, reply)
        return reply

    def _rule_for(self, method: str, path: str) -> Rule | None:
        chosen = None
        for number, rule in enumerate(self._rules):
            if not fnmatch.fnmatchcase(method, rule.method) or not fnmatch.fnmatchcase(path, rule.path):
                continue
            self._seen[number] += 1
            hits = self._seen[number] - rule.skip
            if chosen is None and hits > 0 and (rule.times == 0 or hits <= rule.times):
                chosen = rule
        return chosen

    def _remember(self, method: str, target: str, answer: Answered) -> Answered:
        if method == "GET" and answer[0] == 200 and any(rule.do == "stale" for rule in self._rules):
            if len(self._earlier) >= MAX_REMEMBERED:
                self._earlier.clear()
            self._earlier.setdefault((method, target), answer)
        return answer


def _spoiled(what: str, target: str, reply: Reply) -> Reply:
    wire: Any = msgspec.json.decode(reply.body)
    if not isinstance(wire, dict):
        return reply
    if what == "same_cursor":
        asked = parse_qs(target.partition("?")[2]).get("cursor", ["the-same-again"])[0]
        return _json(reply.status, wire | {"cursor": asked})
    for name, rows in wire.items():
        if isinstance(rows, list) and rows:
            return _json(reply.status, wire | {name: [{"unexpected": True}, *rows[1:]]})
    return reply


def _instead(status: int) -> Reply:
    if status == 429:
        return _json(429, {"error": "too many requests"})
    return _json(status, {"error": {"code": "internal_error", "message": "the exchange has a problem"}})


def _json(status: int, wire: Any) -> Reply:
    body = msgspec.json.encode(wire)
    return Reply(status, {"Content-Type": "application/json", "Content-Length": str(len(body))}, body)
