"""A small checker of JSON against the schemas of the exchange's specification; no more than its schemas use."""

from __future__ import annotations

import os
import re
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml

NAME = "openapi.yaml"


def where() -> Path:
    """Return where the structure of the specification lies: beside the shared data."""
    shared = os.environ.get("KALSHI_SHARED_DATA")
    data = Path(shared) if shared else Path(__file__).resolve().parents[3] / "shared" / "data"
    return data.parent / "kalshi" / NAME


@cache
def document() -> dict[str, Any]:
    return yaml.load(where().read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def operation(method: str, template: str) -> dict[str, Any]:
    """Return the operation whose path is *template*, whatever its placeholders are called."""
    for path, operations in document()["paths"].items():
        if re.sub(r"\{\w+\}", "{}", path) == re.sub(r"\{\w+\}", "{}", template) and method.lower() in operations:
            return operations[method.lower()]
    raise KeyError(f"{method} {template}")


def problems_of(method: str, template: str, status: int, answer: Any) -> list[str]:
    """Return how *answer* differs from what the specification says for this status."""
    responses = operation(method, template)["responses"]
    if status >= 400:
        return _problems_of_refusal(answer)
    response = responses.get(str(status))
    if response is None:
        return [f"status {status} is not declared"]
    response = _resolved(response)
    content = response.get("content", {}).get("application/json")
    if content is None:
        return [] if answer is None else ["a body where none is declared"]
    return list(_problems(answer, content["schema"], "body"))


def _problems_of_refusal(answer: Any) -> list[str]:
    """Real refusals have four shapes, of which the specification knows one; see reference/paper_exchange.md."""
    inner = answer.get("error", answer) if isinstance(answer, dict) else None
    if isinstance(inner, str) or (isinstance(inner, dict) and ({"code", "message"} <= set(inner) or "msg" in inner)):
        return []
    return [f"no shape of a refusal: {answer!r}"]


def _resolved(node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        found: Any = document()
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        # `nullable` beside a `$ref` is meant, though the standard ignores it.
        node = {**found, **{name: value for name, value in node.items() if name == "nullable"}}
    return node


def _problems(value: Any, schema: dict[str, Any], at: str) -> Any:
    schema = _resolved(schema)
    if value is None:
        if not schema.get("nullable") and schema:
            yield f"{at}: null"
        return
    for part in schema.get("allOf", ()):
        yield from _problems(value, part, at)
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at}: {value!r} is none of {schema['enum']}"
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "number": (int, float)}
    kind = schema.get("type")
    if kind and (not isinstance(value, kinds[kind]) or (kind in ("integer", "number") and isinstance(value, bool))):
        yield f"{at}: {value!r} is no {kind}"
        return
    if schema.get("format") == "date-time":
        try:
            aware = datetime.fromisoformat(value).tzinfo is not None
        except ValueError:
            aware = False
        if not aware:
            yield f"{at}: {value!r} is no date-time"
    if kind in ("integer", "number") and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        yield f"{at}: {value} is out of range"
    if kind == "array":
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            yield f"{at}: {len(value)} items"
        for number, item in enumerate(value):
            yield from _problems(item, schema.get("items", {}), f"{at}[{number}]")
    if isinstance(value, dict):
        for name in schema.get("required", ()):
            if name not in value:
                yield f"{at}: {name} is missing"
        known = schema.get("properties", {})
        for name, inner in value.items():
            if name in known:
                yield from _problems(inner, known[name], f"{at}.{name}")
            elif known and schema.get("additionalProperties") is not True:
                yield f"{at}: {name} is not in the specification"
