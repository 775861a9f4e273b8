"""An OpenAPI document made from the structure file: what tests change and compare."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

STRUCTURE_FILE = Path(__file__).resolve().parents[2] / "reference" / "kalshi_api_structure.json"
SCHEMAS = "#/components/schemas/"


def structure() -> dict[str, Any]:
    """Return the structure as it lies in reference/."""
    found: dict[str, Any] = json.loads(STRUCTURE_FILE.read_text(encoding="utf-8"))
    return found


def document() -> dict[str, Any]:
    """Return a document that has exactly that structure; fresh each time, so that a test may change it."""
    known = structure()
    paths: dict[str, Any] = {}
    for label, shape in known["endpoints"].items():
        method, path = label.split(" ")
        answer = shape["response"]
        paths.setdefault(path, {})[method.lower()] = {
            "security": [{"key": []}] if shape["signed"] else [],
            "parameters": [_parameter(name, node) for name, node in shape["parameters"].items()],
            "responses": {str(answer["status"]): _body(answer["body"])},
        } | ({"requestBody": _body(shape["request"])} if shape["request"] else {})
    schemas: dict[str, Any] = {"FixedPointDollars": {"type": "string"}, "FixedPointCount": {"type": "string"}}
    for name, fields in known["schemas"].items():
        schemas[name] = {
            "type": "object",
            "required": [field for field, node in fields.items() if node.get("required")],
            "properties": {field: _schema(node) for field, node in fields.items()},
        }
    info = {"version": known["version"]}
    return {"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": schemas}}


def _parameter(name: str, node: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": node["in"], "required": bool(node.get("required")), "schema": _schema(node)}


def _body(node: dict[str, Any] | None) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": _schema(node)}}} if node else {}


def _schema(node: dict[str, Any]) -> dict[str, Any]:
    schema = {key: value for key, value in node.items() if key not in ("in", "required", "ref", "form")}
    if "ref" in node:
        schema["$ref"] = SCHEMAS + node["ref"]
    if "form" in node:
        del schema["type"]
        schema["$ref"] = SCHEMAS + node["form"]
    if "items" in node:
        schema["items"] = _schema(node["items"])
    return schema
