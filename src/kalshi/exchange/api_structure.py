"""The shape of the endpoints in use, read from an OpenAPI document: names, types and limits, no prose.

A structure is plain JSON:
`version`; `endpoints`: label -> signed, parameters, request, response; `schemas`: name -> field -> node.
A node has `type` and what narrows it, or `ref`: the name of a schema. Objects written in place get the name
of their place, such as `BatchCreateOrdersV2Response.orders`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from kalshi.errors import ConfigError
from kalshi.exchange.endpoints_base import Endpoint

Node = dict[str, Any]
Structure = dict[str, Any]

_NARROWING = ("format", "enum", "minimum", "maximum", "minItems", "maxItems", "maxLength", "default")
_SCHEMAS = "#/components/schemas/"
_DEPTH = 40  # of references to references; a document that goes deeper turns in a circle


def structure_of(document: Any, endpoints: Iterable[Endpoint]) -> Structure:
    """Return the structure of *endpoints* as the OpenAPI *document* describes them.

    Endpoints that the document does not have are left out. Raises ConfigError where it is no OpenAPI document.
    """
    if not isinstance(document, dict) or not isinstance(document.get("paths"), dict):
        raise ConfigError("not an OpenAPI document: it has no paths")
    reader = _Reader(document)
    found = {endpoint.label: reader.endpoint(endpoint.method, endpoint.path) for endpoint in endpoints}
    info = document.get("info")
    version = info.get("version") if isinstance(info, dict) else None
    return {
        "version": str(version or "unknown"),
        "endpoints": {label: shape for label, shape in found.items() if shape is not None},
        "schemas": dict(sorted(reader.schemas.items())),
    }


def structure_json(structure: Structure) -> str:
    """Return *structure* as JSON with one line for each parameter and field, so that a diff can be read."""
    return _lines(structure, 0) + "\n"


def _lines(value: Any, depth: int, name: str = "") -> str:
    if not isinstance(value, dict) or not value or (depth > 2 and name != "parameters"):
        return json.dumps(value, ensure_ascii=False)
    pad = " " * (depth + 1)
    rows = [f"{pad}{json.dumps(key)}: {_lines(item, depth + 1, key)}" for key, item in value.items()]
    return "{\n" + ",\n".join(rows) + "\n" + " " * depth + "}"


class _Reader:
    """Walks one document; collects the schemas it meets on its way."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.schemas: dict[str, dict[str, Node]] = {}

    def endpoint(self, method: str, path: str) -> Node | None:
        """Return the shape of one operation, None where the document has none."""
        item = self.document["paths"].get(path)
        operation = self._resolved(item).get(method.lower()) if isinstance(item, dict) else None
        if not isinstance(operation, dict):
            return None
        shared = _list(self._resolved(item).get("parameters")) + _list(operation.get("parameters"))
        parameters = {}
        for one in map(self._resolved, shared):
            parameters[str(one.get("name"))] = self._parameter(one)
        shape: Node = {"signed": bool(operation.get("security", self.document.get("security")))}
        if operation.get("deprecated"):
            shape["deprecated"] = True
        shape["parameters"] = parameters
        shape["request"] = self._body(operation.get("requestBody"), f"{method} {path} request")
        shape["response"] = self._response(operation, f"{method} {path}")
        return shape

    def _parameter(self, parameter: Node) -> Node:
        node: Node = {"in": str(parameter.get("in"))}
        if parameter.get("required"):
            node["required"] = True
        return node | self.node(parameter.get("schema") or {}, str(parameter.get("name")))

    def _response(self, operation: Node, label: str) -> Node | None:
        answers = {str(code): answer for code, answer in _dict(operation.get("responses")).items()}
        good = sorted(code for code in answers if code.startswith("2"))
        if not good:
            return None
        body = self._body(answers[good[0]], f"{label} response")
        return {"status": int(good[0]) if good[0].isdigit() else 200, "body": body}

    def _body(self, holder: Any, place: str) -> Node | None:
        content = _dict(self._resolved(_dict(holder)).get("content"))
        media = content.get("application/json") or next(iter(content.values()), None)
        schema = _dict(media).get("schema")
        return self.node(schema, place) if isinstance(schema, dict) else None

    def node(self, schema: Any, place: str) -> Node:
        """Return the node of one schema; *place* names it should it be an object written in place."""
        schema = _dict(schema)
        alias = ""
        nullable = False
        for _ in range(_DEPTH):
            nullable = nullable or bool(schema.get("nullable"))
            if "$ref" in schema:
                alias = str(schema["$ref"]).removeprefix(_SCHEMAS)
                beside = {key: value for key, value in schema.items() if key != "$ref"}
                schema = self._target(str(schema["$ref"])) | beside
            elif len(parts := _list(schema.get("allOf"))) == 1:
                beside = {key: value for key, value in schema.items() if key != "allOf"}
                schema = _dict(parts[0]) | beside
            elif parts:
                schema = self._joined(schema, parts)
            else:
                break
        else:
            raise ConfigError(f"a reference in {place} leads back to itself")
        schema, null_too = _without_null(schema)
        if "$ref" in schema or "allOf" in schema:
            return self.node(schema, place) | {"nullable": True}
        node: Node = self._object(schema, alias or place) if "properties" in schema else _plain(schema)
        if schema.get("type") == "array":
            node["items"] = self.node(schema.get("items") or {}, place)
        elif alias and "ref" not in node and node["type"] == "string" and "enum" not in node:
            node["form"] = alias  # dollars or count: both strings, told apart by the name alone
        if nullable or null_too:
            node["nullable"] = True
        if schema.get("deprecated"):
            node["deprecated"] = True
        return node

    def _object(self, schema: Node, name: str) -> Node:
        if name not in self.schemas:
            fields: dict[str, Node] = {}
            self.schemas[name] = fields  # before its fields: a schema may hold itself
            required = {str(field) for field in _list(schema.get("required"))}
            for field, inner in _dict(schema.get("properties")).items():
                node = self.node(inner, f"{name}.{field}")
                fields[str(field)] = node | ({"required": True} if field in required else {})
        return {"ref": name}

    def _joined(self, schema: Node, parts: list[Any]) -> Node:
        whole: Node = {key: value for key, value in schema.items() if key != "allOf"}
        for part in map(self._resolved, map(_dict, parts)):
            whole["properties"] = _dict(whole.get("properties")) | _dict(part.get("properties"))
            whole["required"] = [*_list(whole.get("required")), *_list(part.get("required"))]
        return whole

    def _resolved(self, item: Any) -> Node:
        found = _dict(item)
        for _ in range(_DEPTH):
            if "$ref" not in found:
                return found
            found = self._target(str(found["$ref"]))
        raise ConfigError(f"the reference {found['$ref']} leads back to itself")

    def _target(self, reference: str) -> Node:
        found: Any = self.document
        for step in reference.removeprefix("#/").split("/"):
            found = _dict(found).get(step.replace("~1", "/").replace("~0", "~"))
        if not isinstance(found, dict):
            raise ConfigError(f"the document refers to {reference}, which it does not have")
        return _dict(found)


def _plain(schema: Node) -> Node:
    kind = schema.get("type")
    if kind is None:
        kind = "object" if "additionalProperties" in schema else "string" if "enum" in schema else "any"
    return {"type": kind} | {key: schema[key] for key in _NARROWING if key in schema}


def _without_null(schema: Node) -> tuple[Node, bool]:
    """Return the schema without the ways in which OpenAPI 3.1 says "or null", and whether it said so."""
    kinds = schema.get("type")
    if isinstance(kinds, list):
        rest = [kind for kind in kinds if kind != "null"]
        return schema | {"type": rest[0] if len(rest) == 1 else rest}, "null" in kinds
    for key in ("oneOf", "anyOf"):
        options = _list(schema.get(key))
        rest = [option for option in options if _dict(option).get("type") != "null"]
        if len(rest) == 1 and len(options) == 2:
            return _dict(rest[0]), True
        if options:
            return schema | {"type": key, "enum": sorted(json.dumps(option, sort_keys=True) for option in rest)}, (
                len(rest) < len(options)
            )
    return schema, False


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
