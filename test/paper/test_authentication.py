"""Signatures are really checked: clock window, unknown key, wrong key, changed request, scopes."""

from __future__ import annotations

from decimal import Decimal

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kalshi.exchange.hosts import API_PATH
from kalshi.exchange.signing import Credentials, signed_headers

BALANCE = "/portfolio/balance"


def signed(house, credentials, *, method="GET", path=BALANCE, late_s=0.0):
    stamp = int((house.now.timestamp() - late_s) * 1000)
    return signed_headers(credentials, stamp, method, API_PATH + path)


@pytest.mark.parametrize(
    "key", [Ed25519PrivateKey.generate(), rsa.generate_private_key(65537, 2048)], ids=["ed25519", "rsa"]
)
def test_both_kinds_of_keys_open_the_door_and_only_the_right_one(house, key):
    house.exchange.add_account("k", key.public_key(), Decimal(5))
    status, answer = house.send("GET", BALANCE, signed(house, Credentials("k", key)))
    assert (status, answer["balance"]) == (200, 500)
    other = Credentials("k", Ed25519PrivateKey.generate())
    status, answer = house.send("GET", BALANCE, signed(house, other))
    assert (status, answer["error"]["code"]) == (401, "authentication_error")
    assert answer["error"]["details"] == "INCORRECT_API_KEY_SIGNATURE"


def test_unknown_key_is_not_found(house):
    house.member()
    status, answer = house.send("GET", BALANCE, signed(house, Credentials("x", Ed25519PrivateKey.generate())))
    assert (status, answer["error"]["details"]) == (401, "NOT_FOUND")


@pytest.mark.parametrize("late_s, status", [(0, 200), (14.9, 200), (15.1, 401), (-29.9, 200), (-30.1, 401)])
def test_the_clock_window(house, late_s, status):
    alice = house.member()
    got, answer = house.send("GET", BALANCE, signed(house, alice.credentials, late_s=late_s))
    assert got == status
    assert got == 200 or answer["error"]["code"] == "header_timestamp_expired"


def test_every_answer_carries_the_date_of_the_signature_clock(house):
    _, headers, _ = house.exchange.handle("GET", API_PATH + "/exchange/status", {}, b"")
    assert headers["Date"] == "Mon, 05 Oct 2026 14:00:00 GMT"


@pytest.mark.parametrize("drop", ["KALSHI-ACCESS-KEY", "KALSHI-ACCESS-TIMESTAMP", "KALSHI-ACCESS-SIGNATURE"])
def test_a_missing_header_is_401(house, drop):
    headers = signed(house, house.member().credentials)
    del headers[drop]
    assert house.send("GET", BALANCE, headers)[0] == 401


@pytest.mark.parametrize("stamp", ["soon", "0123", "-5", "1.5", "", "9" * 30])
def test_an_odd_timestamp_is_401(house, stamp):
    headers = {**signed(house, house.member().credentials), "KALSHI-ACCESS-TIMESTAMP": stamp}
    assert house.send("GET", BALANCE, headers)[0] == 401


def test_a_signature_is_for_one_method_and_path_and_not_for_the_query(house):
    headers = signed(house, house.member().credentials)
    assert house.send("GET", BALANCE, headers, subaccount=0)[0] == 200
    assert house.send("GET", "/portfolio/fills", headers)[0] == 401
    assert house.send("DELETE", "/portfolio/events/orders", headers)[0] == 401


def test_header_names_are_told_apart_without_case(house):
    headers = {name.lower(): value for name, value in signed(house, house.member().credentials).items()}
    assert house.send("GET", BALANCE, headers)[0] == 200


def test_public_data_needs_no_signature_but_a_wrong_one_is_refused(house):
    assert house.send("GET", "/markets", {})[0] == 200
    wrong = signed(house, Credentials("x", Ed25519PrivateKey.generate()), path="/markets")
    assert house.send("GET", "/markets", wrong)[0] == 401


def test_scopes(house):
    house.show()
    reader = house.member("reader", scopes=["read"])
    trader = house.member("trader", scopes=["read", "write::trade"])
    teller = house.member("teller", scopes=["read::portfolio_balance"])
    assert reader.order("bid", "0.40", "1")[0] == 403
    assert trader.order("bid", "0.40", "1")[0] == 201
    assert [teller.call("GET", path)[0] for path in (BALANCE, "/portfolio/fills")] == [200, 403]
    config = {"subaccount_number": 0, "enabled": False}
    assert [one.call("PUT", "/portfolio/subaccounts/netting", config)[0] for one in (trader, house.member())] == [
        403,
        200,
    ]


def test_a_second_opening_of_the_same_account_changes_nothing(house):
    alice = house.member(balance="10")
    house.exchange.add_account("alice", Ed25519PrivateKey.generate().public_key(), Decimal(99))
    assert alice.dollars() == 10


def test_nothing_secret_is_stored(durable_house):
    durable_house.member()
    durable_house.exchange.close()
    content = durable_house.state.read_bytes()
    assert b"PRIVATE" not in content
