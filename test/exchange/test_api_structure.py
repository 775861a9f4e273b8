"""Client and models against the structure file of the exchange's API."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
import pytest

from kalshi.exchange import endpoints_history, endpoints_market, models
from kalshi.exchange.api_reads import MODELS, UNUSED
from kalshi.exchange.api_structure import structure_json
from kalshi.exchange.endpoints_table import ENDPOINTS
from kalshi.exchange.models_orders import Request

STRUCTURE = json.loads(
    (Path(__file__).resolve().parents[2] / "reference" / "kalshi_api_structure.json").read_text(encoding="utf-8")
)
SCHEMAS: dict[str, dict[str, Any]] = STRUCTURE["schemas"]

# What we ask of callers although the API would do without.
WE_INSIST = {
    ("CreateOrderV2Request", "client_order_id"),  # without it a lost answer could not be looked up
    ("CreateOrderGroupRequest", "contracts_limit_fp"),  # one of two forms of the same number
    ("UpdateOrderGroupLimitRequest", "contracts_limit_fp"),
}
# Required by the API, and yet optional in the model: nothing here decides by them, or absence has one meaning.
WE_ALLOW = {
    "ExchangeIndexStatus": {"description"},
    "Market": {"created_time", "updated_time", "yes_sub_title", "no_sub_title", "settlement_bounds_type"},
    "Order": {"type"},
    "OrderbookCountFp": {"yes_dollars", "no_dollars"},  # a missing side is an empty one
    "Series": {"frequency", "tags", "settlement_sources", "contract_url", "contract_terms_url"},
}


def fields() -> list[Any]:
    """Return (schema, field of the model, node of the API) for each field of each model."""
    found = []
    for schema, model in MODELS.items():
        for field in msgspec.structs.fields(model):
            found.append(pytest.param(schema, field, id=f"{schema}.{field.encode_name}"))
    return found


def test_every_endpoint_of_the_table_is_there_and_no_other() -> None:
    assert set(STRUCTURE["endpoints"]) == {endpoint.label for endpoint in ENDPOINTS}


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.label)
def test_parameters_and_security_are_the_same(endpoint: Any) -> None:
    known = STRUCTURE["endpoints"][endpoint.label]
    query = {name for name, node in known["parameters"].items() if node["in"] == "query"}
    path = {name for name, node in known["parameters"].items() if node["in"] == "path"}
    assert set(endpoint.parameters) == query
    assert endpoint.fill(**dict.fromkeys(path, "X")).count("X") == len(path)
    assert endpoint.signed == known["signed"]


def test_every_schema_with_a_model_is_in_use() -> None:
    assert set(MODELS) - {"GetOrderQueuePositionResponse"} <= set(SCHEMAS)
    assert set(UNUSED) <= set(SCHEMAS)
    assert all(names <= set(SCHEMAS[schema]) for schema, names in UNUSED.items())


def test_every_model_of_an_answer_is_held_to_a_schema() -> None:
    ours = {getattr(models, name) for name in models.__all__}
    folded = {models.OHLC, models.Price, models.Candle, models.Level, models.Quote}  # not as the wire has them
    assert ours - folded == set(MODELS.values())


@pytest.mark.parametrize(("schema", "field"), fields())
def test_a_model_field_exists_and_is_as_required_as_the_api_says(schema: str, field: Any) -> None:
    node = SCHEMAS[schema].get(field.encode_name)
    assert node is not None, f"the API has no {schema}.{field.encode_name}"
    if field.required and (schema, field.encode_name) not in WE_INSIST:
        assert node.get("required"), "the model insists on what the API may leave out"
        assert not node.get("nullable") or NoneType in get_args(field.type), "the model refuses a legal null"
    if not field.required and node.get("required"):
        assert field.encode_name in WE_ALLOW.get(schema, ()), "the model would not notice its absence"


@pytest.mark.parametrize(("schema", "field"), fields())
def test_a_model_field_has_the_type_of_the_api(schema: str, field: Any) -> None:
    assert fits(field.type, SCHEMAS[schema][field.encode_name]), (field.type, SCHEMAS[schema][field.encode_name])


def fits(ours: Any, node: dict[str, Any]) -> bool:
    """Return whether our type takes exactly what the node says."""
    if get_origin(ours) is Annotated:
        return fits(get_args(ours)[0], node)
    if get_origin(ours) in (Union, UnionType):
        return any(fits(one, node) for one in get_args(ours) if one is not NoneType)
    if "ref" in node:
        return ours is MODELS.get(node["ref"])
    if node["type"] == "array":
        items = node["items"]
        if ours in (list[models.Level], tuple[models.Level, ...]):
            return bool(items["type"] == "array" and items["items"]["type"] == "string" and items["maxItems"] == 2)
        return get_origin(ours) in (list, tuple) and fits(get_args(ours)[0], items)
    if node["type"] == "string":
        if node.get("format") == "date-time":
            return ours is datetime
        money = node.get("form") in ("FixedPointDollars", "FixedPointCount")
        return ours is Decimal if money else ours in (str, Decimal)  # steps of a price grid are plain strings
    return ours is {"number": Decimal, "integer": int, "boolean": bool}[node["type"]]


def test_no_money_is_left_as_text() -> None:
    left = [
        f"{schema}.{field.encode_name}"
        for schema, model in MODELS.items()
        for field in msgspec.structs.fields(model)
        if field.type is str and "form" in SCHEMAS[schema][field.encode_name]
    ]
    assert not left


def test_requests_send_only_what_the_api_takes_and_all_that_it_requires() -> None:
    for schema, model in MODELS.items():
        if issubclass(model, Request):
            sent = {field.encode_name: field.required for field in msgspec.structs.fields(model)}
            required = {name for name, node in SCHEMAS[schema].items() if node.get("required")}
            assert sent.keys() <= SCHEMAS[schema].keys()
            assert required <= {name for name, always in sent.items() if always}


def test_the_client_keeps_below_the_limits_of_the_api() -> None:
    parameters = {label: shape["parameters"] for label, shape in STRUCTURE["endpoints"].items()}
    assert parameters["GET /markets/orderbooks"]["tickers"]["maxItems"] >= endpoints_market.MAX_BOOKS
    assert parameters["GET /markets/{ticker}/orderbook"]["depth"]["minimum"] == 0  # what depth=0 relies on
    assert endpoints_history.MAX_BATCH_TICKERS <= 100
    assert 1 in parameters["GET /series/{series_ticker}/markets/{ticker}/candlesticks"]["period_interval"]["enum"]


def test_the_file_is_written_as_the_generator_writes_it() -> None:
    path = Path(__file__).resolve().parents[2] / "reference" / "kalshi_api_structure.json"
    assert path.read_text(encoding="utf-8") == structure_json(STRUCTURE)


def test_the_file_holds_no_prose() -> None:
    def texts(value: Any) -> list[str]:
        if isinstance(value, dict):
            return [text for inner in value.values() for text in texts(inner)]
        return [text for inner in value for text in texts(inner)] if isinstance(value, list) else [str(value)]

    assert not [text for text in texts(STRUCTURE) if " " in text]
