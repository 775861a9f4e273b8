"""What a changed specification is said to break, one change at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from exchange.openapi_document import SCHEMAS, document, structure
from kalshi.errors import ConfigError
from kalshi.exchange.api_structure import structure_json, structure_of
from kalshi.exchange.endpoints_table import ENDPOINTS
from kalshi.exchange.spec_diff import Finding, differences

Document = dict[str, Any]
Change = Callable[[Document], object]


def after(change: Change) -> list[Finding]:
    """Return the findings for the document after *change*."""
    changed = document()
    change(changed)
    return differences(structure(), structure_of(changed, ENDPOINTS))


def schema(document: Document, name: str) -> Document:
    found: Document = document["components"]["schemas"][name]
    return found


def field(document: Document, name: str) -> Document:
    owner, _, inner = name.rpartition(".")
    found: Document = schema(document, owner)["properties"][inner]
    return found


def operation(document: Document, label: str) -> Document:
    method, path = label.split(" ")
    found: Document = document["paths"][path][method.lower()]
    return found


def parameter(document: Document, label: str, name: str) -> Document:
    return next(one for one in operation(document, label)["parameters"] if one["name"] == name)


def remove(name: str) -> Change:
    def change(document: Document) -> None:
        owner, _, inner = name.rpartition(".")
        del schema(document, owner)["properties"][inner]
        schema(document, owner)["required"] = [one for one in schema(document, owner)["required"] if one != inner]

    return change


def rename(name: str, new: str) -> Change:
    def change(document: Document) -> None:
        owner, _, inner = name.rpartition(".")
        properties = schema(document, owner)["properties"]
        properties[new] = properties.pop(inner)
        schema(document, owner)["required"] = [
            new if one == inner else one for one in schema(document, owner)["required"]
        ]

    return change


def put(name: str, **changes: Any) -> Change:
    """Change a field: a type replaces the reference it had."""

    def change(document: Document) -> None:
        found = field(document, name)
        if "type" in changes:
            found.pop("$ref", None)
        found.update(changes)

    return change


def require(name: str, required: bool = True) -> Change:
    def change(document: Document) -> None:
        owner, _, inner = name.rpartition(".")
        names = [one for one in schema(document, owner)["required"] if one != inner]
        schema(document, owner)["required"] = names + [inner] * required

    return change


def add(name: str, *, required: bool = False) -> Change:
    def change(document: Document) -> None:
        owner, _, inner = name.rpartition(".")
        schema(document, owner)["properties"][inner] = {"type": "string"}
        if required:
            schema(document, owner)["required"].append(inner)

    return change


def put_parameter(label: str, which: str, **changes: Any) -> Change:
    def change(document: Document) -> None:
        found = parameter(document, label, which)
        for key, value in changes.items():
            (found if key in ("in", "required", "name") else found["schema"]).__setitem__(key, value)

    return change


def drop_parameter(label: str, name: str) -> Change:
    return lambda document: operation(document, label)["parameters"].remove(parameter(document, label, name))


def add_parameter(label: str, *, required: bool) -> Change:
    new = {"name": "desk", "in": "query", "required": required, "schema": {"type": "string"}}
    return lambda document: operation(document, label)["parameters"].append(new)


def change_operation(label: str, **changes: Any) -> Change:
    return lambda document: operation(document, label).update(changes)


ORDERS = "GET /portfolio/orders"
CREATE = "CreateOrderV2Request"

BREAKING: list[tuple[str, Change, str]] = [
    ("path gone", lambda d: d["paths"].pop("/portfolio/balance"), "GET /portfolio/balance: the endpoint is gone"),
    ("method gone", lambda d: d["paths"]["/portfolio/events/orders"].pop("delete"), "DELETE /portfolio/events/orders:"),
    ("signed now", change_operation("GET /markets", security=[{"key": []}]), "GET /markets: must be signed now"),
    ("field gone", remove("Market.yes_bid_dollars"), "Market.yes_bid_dollars: is gone"),
    ("field renamed", rename("Order.fill_count_fp", "fill_count"), "perhaps it is fill_count now"),
    ("optional field gone", remove("GetBalanceResponse.balance_breakdown"), "balance_breakdown: is gone"),
    ("envelope renamed", rename("GetMarketsResponse.markets", "rows"), "GetMarketsResponse.markets: is gone"),
    ("cursor gone", remove("GetMarketsResponse.cursor"), "GetMarketsResponse.cursor: is gone"),
    ("text to number", put("Market.yes_bid_dollars", type="number"), "was string, is number now"),
    ("integer to text", put("Order.subaccount_number", type="string"), "was integer, is string now"),
    ("integer to number", put("GetBalanceResponse.balance", type="number"), "was integer, is number now"),
    ("time to text", lambda d: field(d, "Market.close_time").pop("format"), "has format None instead of date-time"),
    ("time to unix", put("Fill.created_time", type="integer"), "was string, is integer now"),
    ("list to object", put("Market.price_ranges", type="object"), "was array, is object now"),
    ("rows of other type", put("GetOrderGroupResponse.orders", items={"type": "integer"}), "orders[]: was string"),
    ("may be missing", require("Fill.fee_cost", required=False), "Fill.fee_cost: may be missing now"),
    ("may be null", put("MarketPosition.position_fp", nullable=True), "MarketPosition.position_fp: may be null now"),
    ("value gone", put("Market.result", enum=["yes", "no", ""]), "value 'scalar' is gone"),
    ("value renamed", put("Market.status", enum=["active", "settled"]), "is gone, new: 'settled'"),
    ("sent value gone", put(f"{CREATE}.time_in_force", enum=["good_till_canceled"]), "'fill_or_kill', 'immediate"),
    ("sent field gone", remove(f"{CREATE}.post_only"), f"{CREATE}.post_only: is gone"),
    ("sent field renamed", rename(f"{CREATE}.count", "count_fp"), "perhaps it is count_fp now"),
    ("sent field required", require(f"{CREATE}.subaccount"), f"{CREATE}.subaccount: is required now"),
    ("new sent field required", add(f"{CREATE}.venue", required=True), f"{CREATE}.venue: is new and required"),
    ("sent field narrowed", put(f"{CREATE}.subaccount", maximum=0), "maximum is 0, was"),
    ("sent text to number", put(f"{CREATE}.price", type="number"), "was string, is number now"),
    ("body gone", change_operation("GET /markets", responses={"204": {}}), "GET /markets: response: has no body"),
    ("body wanted", change_operation("DELETE /portfolio/events/orders", requestBody={
        "content": {"application/json": {"schema": {"type": "object", "properties": {"sure": {"type": "boolean"}}}}}
    }), "request: has a body now"),
    ("parameter gone", drop_parameter(ORDERS, "status"), "parameter status: is gone"),
    ("parameter renamed", put_parameter(ORDERS, "min_ts", name="min_time"), "perhaps it is min_time now"),
    ("parameter required", put_parameter(ORDERS, "ticker", required=True), "parameter ticker: is required now"),
    ("new parameter required", add_parameter(ORDERS, required=True), "parameter desk: is new and required"),
    ("parameter moved", put_parameter(ORDERS, "ticker", **{"in": "header"}), "moved from query to header"),
    ("limit lowered", put_parameter("GET /markets", "limit", maximum=200), "maximum is 200, was 1000"),
    ("smallest raised", put_parameter("GET /markets", "limit", minimum=10), "minimum is 10, was 0"),
    ("names lowered", put_parameter("GET /markets/orderbooks", "tickers", maxItems=20), "maxItems is 20, was 100"),
    ("default changed", put_parameter("GET /portfolio/positions", "settlement_status", default="all"), "means all"),
    ("filter word gone", put_parameter("GET /markets", "status", enum=["open", "closed"]), "'unopened'"),
    ("filter of words", put_parameter(ORDERS, "status", enum=["resting"]), "is one of 'resting' now"),
]  # fmt: skip

HARMLESS: list[tuple[str, Change, str]] = [
    ("new field", add("Market.mood"), "Market.mood: is new"),
    ("new required answer field", add("Market.mood", required=True), "Market.mood: is new"),
    ("new value", put("Market.status", enum=[
        "initialized", "inactive", "active", "closed", "determined", "disputed", "amended", "finalized", "frozen",
    ]), "new value 'frozen'"),
    ("any value", lambda d: field(d, "Market.status").pop("enum"), "may have any value now"),
    ("new optional request field", add(f"{CREATE}.venue"), f"{CREATE}.venue: is new"),
    ("always sent", require(f"{CREATE}.client_order_id"), "is required now, and always sent"),
    ("unread field gone", remove("Market.rules_secondary"), "is gone (nothing here reads it)"),
    ("unsent field gone", remove("CreateOrderGroupRequest.contracts_limit"), "is gone (nothing here sends it)"),
    ("null is accepted", put("Market.created_time", nullable=True), "Market.created_time: may be null now"),
    ("number to integer", put("Series.fee_multiplier", type="integer"), ""),
    ("optional in the model too", require("Market.created_time", required=False), "may be missing now"),
    ("deprecated", put("Market.volume_fp", deprecated=True), "Market.volume_fp: is marked as deprecated"),
    ("deprecated endpoint", change_operation(ORDERS, deprecated=True), f"{ORDERS}: is marked as deprecated"),
    ("unsigned", change_operation(ORDERS, security=[]), "need not be signed any more"),
    ("other success", change_operation("GET /account/limits", responses={"203": {"content": {"application/json": {
        "schema": {"$ref": SCHEMAS + "GetAccountApiLimitsResponse"}
    }}}}), "answers 203 instead of 200"),
    ("new parameter", add_parameter(ORDERS, required=False), "parameter desk: is new"),
    ("limit raised", put_parameter("GET /markets", "limit", maximum=5000), "maximum is 5000, was 1000"),
    ("new path", lambda d: d["paths"].__setitem__("/exchange/mood", d["paths"]["/exchange/status"]), ""),
    ("wider integer", put_parameter(ORDERS, "min_ts", format="int32"), ""),
    ("schema renamed", lambda d: d["components"]["schemas"].__setitem__("GetMarketsResponse", {
        "type": "object", "required": ["markets", "cursor"],
        "properties": {"cursor": {"type": "string"}, "markets": {"type": "array", "items": {"$ref": SCHEMAS + "M2"}}},
    }) or d["components"]["schemas"].__setitem__("M2", d["components"]["schemas"]["Market"]), ""),
]  # fmt: skip


@pytest.mark.parametrize(("change", "says"), [case[1:] for case in BREAKING], ids=[case[0] for case in BREAKING])
def test_this_would_break_us(change: Change, says: str) -> None:
    breaking = [str(finding) for finding in after(change) if finding.breaking]
    assert any(says in text for text in breaking), breaking


@pytest.mark.parametrize(("change", "says"), [case[1:] for case in HARMLESS], ids=[case[0] for case in HARMLESS])
def test_this_is_harmless(change: Change, says: str) -> None:
    findings = after(change)
    assert not [str(finding) for finding in findings if finding.breaking]
    assert any(says in str(finding) for finding in findings) if says else not findings, findings


def test_nothing_changed() -> None:
    assert structure_of(document(), ENDPOINTS) == structure()
    assert after(lambda document: None) == []


def test_a_change_in_a_shared_schema_is_named_once_with_its_endpoints() -> None:
    (finding,) = after(remove("Market.yes_bid_dollars"))
    assert str(finding) == "GET /events and 5 more: Market.yes_bid_dollars: is gone"


def test_breaking_changes_come_first() -> None:
    def change(document: Document) -> None:
        add("Series.mood")(document)
        remove("Settlement.revenue")(document)

    assert [finding.breaking for finding in after(change)] == [True, False]


def test_the_null_of_openapi_3_1_is_understood() -> None:
    def change(document: Document) -> None:
        field(document, "Order.order_group_id").update(type=["string", "null"], nullable=False)
        bound = schema(document, "Market")["properties"]
        bound["settlement_value_dollars"] = {"anyOf": [{"$ref": SCHEMAS + "FixedPointDollars"}, {"type": "null"}]}
        bound["yes_bid_dollars"] = {"allOf": [{"$ref": SCHEMAS + "FixedPointDollars"}], "nullable": True}

    (finding,) = after(change)
    assert str(finding) == "GET /events and 5 more: Market.yes_bid_dollars: may be null now"


def test_a_schema_that_is_put_together_is_read_as_a_whole() -> None:
    def change(document: Document) -> None:
        market = schema(document, "Market")
        moved = {"type": "object", "required": ["ticker"], "properties": {"ticker": market["properties"].pop("ticker")}}
        market["required"].remove("ticker")
        document["components"]["schemas"]["Named"] = moved
        document["components"]["schemas"]["Market"] = {"allOf": [{"$ref": SCHEMAS + "Named"}, market]}

    assert after(change) == []


@pytest.mark.parametrize("wrong", [None, [], "text", {}, {"paths": []}, 3])
def test_what_is_no_document_is_refused(wrong: object) -> None:
    with pytest.raises(ConfigError, match="not an OpenAPI document"):
        structure_of(wrong, ENDPOINTS)


def test_references_that_lead_nowhere_or_in_a_circle_are_named() -> None:
    lost = document()
    del lost["components"]["schemas"]["Market"]
    with pytest.raises(ConfigError, match="refers to #/components/schemas/Market"):
        structure_of(lost, ENDPOINTS)
    circle = document()
    circle["components"]["schemas"]["Market"] = {"$ref": SCHEMAS + "Market"}
    with pytest.raises(ConfigError, match="leads back to itself"):
        structure_of(circle, ENDPOINTS)


def test_a_schema_may_hold_itself() -> None:
    tree = document()
    schema(tree, "Market")["properties"]["parent"] = {"$ref": SCHEMAS + "Market"}
    assert structure_of(tree, ENDPOINTS)["schemas"]["Market"]["parent"] == {"ref": "Market"}


def test_a_field_has_a_line_of_its_own() -> None:
    lines = structure_json(structure()).splitlines()
    assert '   "position_fp": {"type": "string", "form": "FixedPointCount", "required": true},' in lines
