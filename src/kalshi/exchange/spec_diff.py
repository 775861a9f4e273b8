"""What a newer specification of the exchange would change for us: two structures compared, use by use.

What we send must not become narrower, what we read must not become wider; everything else is harmless.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any, NamedTuple

from kalshi.exchange.api_reads import Use, use_of
from kalshi.exchange.api_structure import Node, Structure

_LOWER_BOUNDS = ("minimum", "minItems")
_UPPER_BOUNDS = ("maximum", "maxItems", "maxLength")
_WIDTHS = ("int32", "int64", "float", "double", None)  # formats that are about storage, not about meaning


class Finding(NamedTuple):
    """One difference: where it is, what it is, and whether it would break us."""

    breaking: bool
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def differences(ours: Structure, theirs: Structure) -> list[Finding]:
    """Return what changed from *ours* to *theirs*, breaking changes first, each named once."""
    comparison = _Comparison(ours, theirs)
    found: dict[Finding, None] = {}
    for label, old in ours["endpoints"].items():
        found |= dict.fromkeys(comparison.endpoint(label, old, theirs["endpoints"].get(label)))
    return sorted(found, key=lambda finding: not finding.breaking)


class _Comparison:
    def __init__(self, ours: Structure, theirs: Structure) -> None:
        self.old: dict[str, dict[str, Node]] = ours["schemas"]
        self.new: dict[str, dict[str, Node]] = theirs["schemas"]
        self.users = _users(ours)
        self.seen: set[tuple[str, str, bool]] = set()

    def endpoint(self, label: str, old: Node, new: Node | None) -> Iterator[Finding]:
        if new is None:
            yield Finding(True, label, "the endpoint is gone")
            return
        if new["signed"] and not old["signed"]:
            yield Finding(True, label, "must be signed now")
        elif old["signed"] and not new["signed"]:
            yield Finding(False, label, "need not be signed any more")
        if new.get("deprecated") and not old.get("deprecated"):
            yield Finding(False, label, "is marked as deprecated: look for its successor")
        yield from self._parameters(label, old["parameters"], new["parameters"])
        yield from self._body(f"{label}: request", old["request"], new["request"], sent=True)
        was, now = old["response"] or {}, new["response"] or {}
        if was.get("status") != now.get("status"):
            yield Finding(False, label, f"answers {now.get('status')} instead of {was.get('status')}")
        yield from self._body(f"{label}: response", was.get("body"), now.get("body"), sent=False)

    def _parameters(self, label: str, old: dict[str, Node], new: dict[str, Node]) -> Iterator[Finding]:
        for name, was in old.items():
            where = f"{label}: parameter {name}"
            now = new.get(name)
            if now is None:
                yield Finding(True, where, "is gone" + _perhaps(name, was, old, new))
                continue
            if now["in"] != was["in"]:
                yield Finding(True, where, f"moved from {was['in']} to {now['in']}")
            if now.get("required") and not was.get("required"):
                yield Finding(True, where, "is required now")
            yield from self._node(where, was, now, sent=True)
        for name in sorted(new.keys() - old.keys()):
            required = bool(new[name].get("required"))
            yield Finding(required, f"{label}: parameter {name}", "is new" + " and required" * required)

    def _body(self, where: str, old: Node | None, new: Node | None, *, sent: bool) -> Iterator[Finding]:
        if old is None and new is None:
            return
        if old is None:
            yield Finding(sent, where, "has a body now")
        elif new is None:
            yield Finding(True, where, "has no body any more")
        else:
            yield from self._node(where, old, new, sent=sent)

    def _node(self, where: str, old: Node, new: Node, *, sent: bool, use: Use | None = None) -> Iterator[Finding]:
        was, now = _type(old), _type(new)
        if was != now and (was, now) != (("integer", "number") if sent else ("number", "integer")):
            yield Finding(True, where, f"was {_name(was)}, is {_name(now)} now")
            return
        if "ref" in old:
            yield from self._fields(old["ref"], new["ref"], sent=sent)
        if "items" in old:
            yield from self._node(f"{where}[]", old["items"], new.get("items", {}), sent=sent)
        yield from _words(where, old.get("enum"), new.get("enum"), sent=sent)
        if old.get("format") != new.get("format") and not {old.get("format"), new.get("format")} <= set(_WIDTHS):
            yield Finding(True, where, f"has format {new.get('format')} instead of {old.get('format')}")
        elif old.get("form") != new.get("form"):
            yield Finding(False, where, f"is called {new.get('form')} instead of {old.get('form')}")
        if new.get("deprecated") and not old.get("deprecated"):
            yield Finding(False, where, "is marked as deprecated")
        if sent:
            yield from _bounds(where, old, new)
            if old.get("default") != new.get("default"):
                yield Finding(True, where, f"means {new.get('default')} when left out, not {old.get('default')}")
        elif new.get("nullable") and not old.get("nullable"):
            accepted = use is not None and use.nullable
            yield Finding(not accepted, where, "may be null now")

    def _fields(self, old_name: str, new_name: str, *, sent: bool) -> Iterator[Finding]:
        if (old_name, new_name, sent) in self.seen:
            return
        self.seen.add((old_name, new_name, sent))
        old, new = self.old.get(old_name, {}), self.new.get(new_name, {})
        place = self.users.get(old_name, "")
        for field, was in old.items():
            where = f"{place}: {old_name}.{field}"
            now, use = new.get(field), use_of(old_name, field)
            if now is None:
                note = _perhaps(field, was, old, new) if use else f" (nothing here {'sends' if sent else 'reads'} it)"
                yield Finding(use is not None, where, "is gone" + note)
                continue
            if sent and now.get("required") and not was.get("required"):
                # A field our request always carries may well become required.
                always = use is not None and use.required
                yield Finding(not always, where, "is required now" + ", and always sent" * always)
            if not sent and use and was.get("required") and not now.get("required"):
                yield Finding(use.required, where, "may be missing now")
            if use:
                yield from self._node(where, was, now, sent=sent, use=use)
        for field in sorted(new.keys() - old.keys()):
            required = sent and bool(new[field].get("required"))
            yield Finding(required, f"{place}: {old_name}.{field}", "is new" + " and required" * required)


def _users(structure: Structure) -> dict[str, str]:
    """Return for each schema the endpoints that carry it, as messages name them."""
    labels: dict[str, list[str]] = {}
    for label, endpoint in structure["endpoints"].items():
        todo: list[Any] = [endpoint["request"], (endpoint["response"] or {}).get("body")]
        while todo:
            node = todo.pop()
            if not node:
                continue
            todo.append(node.get("items"))
            name = node.get("ref")
            if name and label not in labels.setdefault(name, []):
                labels[name].append(label)
                todo.extend(structure["schemas"].get(name, {}).values())
    return {name: some[0] if len(some) == 1 else f"{some[0]} and {len(some) - 1} more" for name, some in labels.items()}


def _type(node: Node) -> Any:
    kind = "object" if "ref" in node else node.get("type")
    return tuple(kind) if isinstance(kind, list) else kind


def _name(kind: Any) -> str:
    return " or ".join(kind) if isinstance(kind, tuple) else str(kind or "not described")


def _perhaps(name: str, was: Node, old: dict[str, Node], new: dict[str, Node]) -> str:
    """Return a hint at the new name, where a new one of the same type looks like the old."""
    alike = [one for one in sorted(new.keys() - old.keys()) if _type(new[one]) == _type(was)]
    near = difflib.get_close_matches(name, alike, n=1)
    return f"; perhaps it is {near[0]} now" if near else ""


def _words(where: str, old: list[Any] | None, new: list[Any] | None, *, sent: bool) -> Iterator[Finding]:
    if new is None:
        if old is not None:
            yield Finding(False, where, "takes any value now" if sent else "may have any value now")
        return
    if old is None:
        yield Finding(sent, where, f"is one of {_list(new)} now")
        return
    gone = [word for word in old if word not in new]
    fresh = [word for word in new if word not in old]
    if gone:
        yield Finding(True, where, f"value {_list(gone)} is gone" + (f", new: {_list(fresh)}" if fresh else ""))
    elif fresh:
        yield Finding(False, where, f"new value {_list(fresh)}")


def _bounds(where: str, old: Node, new: Node) -> Iterator[Finding]:
    for name in _LOWER_BOUNDS + _UPPER_BOUNDS:
        was, now = old.get(name), new.get(name)
        if was == now:
            continue
        sign = -1 if name in _LOWER_BOUNDS else 1
        narrower = isinstance(now, int | float) and (not isinstance(was, int | float) or sign * now < sign * was)
        yield Finding(narrower, where, f"{name} is {_or_none(now)}, was {_or_none(was)}")


def _or_none(bound: Any) -> str:
    return "none" if bound is None else str(bound)


def _list(words: list[Any]) -> str:
    return ", ".join(repr(word) for word in words)
